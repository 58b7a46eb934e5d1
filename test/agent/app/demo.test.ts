// The whole sentence, as its user runs it: tap, charge, price, receipt, upload.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scenarioBankCards } from "../../../drivers/bench/scenario.js";
import { chargetill } from "../../support/cli/command-here.js";
import { chargetillProcess, freshFolder } from "../../support/command.js";

type Line = { readonly type: string; readonly [key: string]: unknown };
const seed = "7";

/** `by` = who plays it: the process that a user starts, or the same command here. */
async function play(
  by: typeof chargetill,
): Promise<{ folder: string; lines: Line[]; code: number | null; err: string }> {
  const folder = freshFolder();
  const { code, out, err } = await by("demo", "--once", "--seed", seed, "--json", "--data", folder);
  return {
    folder,
    code,
    err,
    lines: out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line),
  };
}
const [scenario, again] = await Promise.all([play(chargetillProcess), play(chargetill)]);
const told = (kind: string): Line[] => scenario.lines.filter(({ type }) => type === kind);
const payload = (
  folder: string,
  number: number,
): Record<string, never> & {
  sale: { begin: Reading; finish: Reading; borders: Reading[]; price: { due: { gross: string } }; energyKwh: string };
} => {
  const { jws } = JSON.parse(
    readFileSync(join(folder, "receipts", `receipt-${String(number).padStart(6, "0")}.json`), "utf8"),
  ) as { jws: string };
  return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString("utf8"));
};
type Reading = { readonly registerKwh: string; readonly at: string };
/** kWh text -> whole Wh. */
const wattHours = (kwh: string): number => Math.round(Number(kwh) * 1000);

const test = suite("the demo's scenario");

test("ends well", () => {
  assert.is(scenario.code, 0, scenario.err);
  assert.is(again.code, 0, again.err);
  assert.is(scenario.err, "");
});

test("a known card charges, an unknown one is refused with the reason", () => {
  const taps = told("tap");
  assert.is(taps.filter(({ accepted }) => accepted === true).length, 5);
  const refused = taps.filter(({ accepted }) => accepted === false);
  assert.equal(
    refused.map(({ answer }) => answer),
    ["this card is not known here"],
  );
  for (const { card } of taps) assert.match(card as string, /^(?:….{4}|bank card)$/);
});

test("the price changes at 18:00 Berlin time while the first car charges", () => {
  const [changed] = told("price-changed");
  assert.is(changed?.["connector"], 1);
  assert.is(new Date(changed?.["at"] as number).toISOString(), "2026-11-24T17:00:00.000Z");
  assert.is(changed?.["price"], "0.49 EUR/kWh");
});

test("the second session is sold while the backend is away, and all receipts are acknowledged when it is back", () => {
  const order = scenario.lines.map(({ type, state, connector, number }) =>
    [type, state ?? connector, number].filter((part) => part !== undefined).join(" "),
  );
  const place = (what: string): number => order.indexOf(what);
  assert.ok(place("uplink offline") >= 0);
  assert.ok(place("uplink offline") < place("receipt 2 3"));
  assert.ok(place("receipt 2 3") < place("uploaded 2"));
  assert.equal(
    told("uploaded").map(({ number }) => number),
    [2, 3, 4],
  );
});

test("at the backend each receipt is exactly once", () => {
  const [end] = told("ended");
  assert.is(end?.["atBackend"], 3);
});

test("receipt 2 costs what paper says: energy at two prices and a start fee, tax included", () => {
  const { begin, finish, borders, price } = payload(scenario.folder, 2).sale;
  const [border] = borders;
  assert.is(border?.at.slice(11, 19), "18:00:00");
  const before = wattHours(border?.registerKwh ?? "") - wattHours(begin.registerKwh);
  const after = wattHours(finish.registerKwh) - wattHours(border?.registerKwh ?? "");
  // In 1/1000 cent: 39 cent and 49 cent a kWh, 50 cent once; half up to the cent.
  const gross = before * 39 + after * 49 + 50_000;
  const cents = Math.floor((gross + 500) / 1_000);
  assert.is(price.due.gross, `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`);
  // The seed's own figures on paper: 1.166 kWh x 0.39 + 4.521 kWh x 0.49 + 0.50 = 0.45474 + 2.21529 + 0.50 = 3.17003.
  assert.equal([before, after, price.due.gross], [1166, 4521, "3.17"]);
});

test("receipt 3 costs what paper says: energy, a start fee and the idle time after its grace", () => {
  const { begin, finish, price } = payload(scenario.folder, 3).sale;
  const used = wattHours(finish.registerKwh) - wattHours(begin.registerKwh);
  // 2.783 kWh x 0.49 + 0.50 + 15 min x 0.10 = 1.36367 + 0.50 + 1.50 = 3.36367.
  assert.equal([used, price.due.gross], [2783, "3.36"]);
});

test("a bank card pays receipt 4: 50.00 are held, the same card stops, and what the receipt says is booked", () => {
  const { begin, finish, price } = payload(scenario.folder, 4).sale;
  const used = wattHours(finish.registerKwh) - wattHours(begin.registerKwh);
  // 1.726 kWh x 0.49 + 0.50 = 0.84574 + 0.50 = 1.34574, half up to the cent.
  assert.equal([used, price.due.gross], [1726, "1.35"]);
  const notes = told("note").map(({ text }) => text);
  assert.ok(notes.includes("payment 1: 1.35 EUR booked for receipt 4"), notes.join("\n"));
});

test("no file of the state folder holds the bank card's number", () => {
  const files = readdirSync(scenario.folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const number = scenarioBankCards.cleo.kind === "bank" ? scenarioBankCards.cleo.number : "";
  assert.is(number.length, 16);
  const holders = files.filter((one) => readFileSync(join(one.parentPath, one.name), "latin1").includes(number));
  assert.equal(
    holders.map(({ name }) => name),
    [],
  );
});

test("the receipts hold under chargetill verify with the station's key, and not under another", async () => {
  const files = [2, 3, 4].map((number) => join(scenario.folder, "receipts", `receipt-00000${number}.json`));
  const good = await chargetill("verify", "--key", join(scenario.folder, "station.pub.pem"), ...files);
  assert.is(good.code, 0, good.out);
  const foreign = await chargetill("verify", "--key", join(again.folder, "station.pub.pem"), ...files);
  assert.is(foreign.code === 1 || foreign.code === 3, true, foreign.out);
  const none = await chargetill("verify", ...files);
  assert.is(none.code, 3, none.out);
});

test("the receipt for people has its QR code and never the whole card number", () => {
  const text = readFileSync(join(scenario.folder, "receipts", "receipt-000002.txt"), "utf8");
  assert.match(text, /TOTAL\s+3\.17 EUR/);
  // Dark on light, as paper has it: the corner mark of a QR code.
  assert.match(text, /█▀▀▀▀▀█/);
  assert.not.match(text, /04A23B1C5D6E80/);
  assert.ok(text.split("\n").every((line) => [...line].length <= 80));
});

test("the same seed tells the same scenario, to the cent and the watt-hour", () => {
  const tale = (lines: readonly Line[]): unknown[] =>
    lines
      .filter(({ type }) => type !== "started" && type !== "ended")
      .map((one) => ({ ...one, file: undefined, detail: one.type === "uplink" ? undefined : one["detail"] }));
  assert.equal(tale(again.lines), tale(scenario.lines));
  for (const number of [2, 3, 4])
    assert.equal(payload(again.folder, number).sale.price, payload(scenario.folder, number).sale.price);
});

test("nothing readable by others is left in the state folder", () => {
  assert.ok(existsSync(join(scenario.folder, "station.key")));
});

test.run();
