// The whole agent on the bench with a strict CSMS and an OCPI backend side by side: the short scenario of three sessions,
// with the line cut every few seconds, the power cut in the middle of a session, and the process restarted in the
// middle of another. Each sale is there once, as its receipt says.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import type { Bench } from "../../../../drivers/bench/bench.js";
import { shortScenario } from "../../../support/street/scenarios.js";
import { Street } from "../../../support/street/street.js";
import { Csms, closeAll, stepOf } from "../../../support/sync/csms.js";
import { ocppConfig } from "../../../support/sync/ocpp-bench.js";

const test = suite("a station at a CSMS");
test.after.each(closeAll);

type Fields = Readonly<Record<string, unknown>>;

async function at(csms: Csms): Promise<Street> {
  return await Street.open({
    ...shortScenario,
    change: (config) => ({
      ...config,
      uplinks: [
        ...config.uplinks,
        ocppConfig(csms.url, { identity: "CT-1", meterValues: 10_000, backoff: { first: 1_000, most: 5_000 } }),
      ],
    }),
  });
}

/** What the CSMS holds after dedupe is what the receipts say. Answers how many sales there were. */
function proven(csms: Csms, street: Street, protocol: string): number {
  const sales = [...street.seen.receipts.values()].flatMap((jws) => {
    const payload = payloadOf(jws);
    return payload?.kind === "sale" ? [payload] : [];
  });
  const events = csms.got
    .filter(({ action }) => action === "TransactionEvent")
    .map(({ payload, text }) => ({ payload, text, id: (payload["transactionInfo"] as Fields)["transactionId"] }));
  for (const { sale, number } of sales) {
    if (protocol === "ocpp1.6") continue;
    const mine = events.filter(({ id }) => id === sale.sessionId);
    const texts = [...new Set(mine.map(({ text }) => text))].map((text) => JSON.parse(text) as Fields);
    assert.equal(
      texts.map(({ seqNo }) => seqNo),
      texts.map((_, index) => index),
      `receipt ${number}`,
    );
    assert.equal([texts[0]?.["eventType"], texts.at(-1)?.["eventType"]], ["Started", "Ended"]);
    const ended = texts.at(-1);
    assert.ok(ended);
    const info = ended["transactionInfo"] as Fields;
    assert.equal(
      [info["stoppedReason"], (info["customData"] as Fields)["total"], (info["customData"] as Fields)["receipt"]],
      [sale.stop.reason, sale.price.due.gross, number],
    );
    const [begin, end] = (
      ended["meterValue"] as readonly { readonly sampledValue: readonly [{ readonly value: number }] }[]
    ).map(({ sampledValue }) => sampledValue[0].value);
    assert.is(((end ?? 0) - (begin ?? 0)).toFixed(3), (Number(sale.energyKwh) * 1000).toFixed(3));
  }
  if (protocol === "ocpp1.6") {
    const once = (action: string): Fields[] =>
      [...new Set(csms.of(action).map(({ text }) => text))].map((text) => JSON.parse(text) as Fields);
    assert.equal([once("StartTransaction").length, once("StopTransaction").length], [sales.length, sales.length]);
    const reasons = (words: readonly unknown[]): unknown[] => words.map(String).sort();
    assert.equal(
      reasons(once("StopTransaction").map(({ reason }) => reason)),
      reasons(sales.map(({ sale }) => sale.stop.reason)),
    );
  }
  assert.equal(csms.violations, []);
  // The other backend, at its side, has them all too.
  assert.is(street.backend.cdrs.size, sales.length);
  return sales.length;
}

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: the scenario in full, the line cut again and again`, async () => {
    const csms = await Csms.open([protocol]);
    const street = await at(csms);
    try {
      const during = (bench: Bench): void => {
        const cut = (): void => {
          csms.cut();
          bench.clock.at(bench.clock.now().monoMs + 7_000, cut);
        };
        bench.clock.at(bench.clock.now().monoMs + 7_000, cut);
      };
      const ended = await street.live({ during, nothingParked: true });
      assert.is(ended.how, "scenario-over", JSON.stringify(ended));
      assert.is(proven(csms, street, protocol), 3);
      assert.is(csms.of("BootNotification").length, 1);
    } finally {
      await street.close();
    }
  });

for (const how of ["the power is cut", "the process ends"])
  test(`${how} in the middle of a session: its end is told once, on what was told before`, async () => {
    const csms = await Csms.open(["ocpp2.0.1"]);
    const street = await at(csms);
    try {
      const first = await street.live({ untilMs: street.before.clock.monoMs + 40_000 });
      assert.is(first.how, "scenario-over");
      assert.ok(csms.of("TransactionEvent").length >= 2);
      if (how === "the power is cut") street.powerCut("hard");
      else street.restarted();
      const ended = await street.live({ nothingParked: true });
      assert.is(ended.how, "scenario-over", JSON.stringify(ended));
      assert.ok(proven(csms, street, "ocpp2.0.1") >= 3);
      const reasons = csms.got
        .filter(({ action, payload }) => stepOf(action, payload) === "Ended")
        .map(({ payload }) => (payload["transactionInfo"] as Fields)["stoppedReason"]);
      assert.ok(reasons.includes(how === "the power is cut" ? "PowerLoss" : "Reboot"), JSON.stringify(reasons));
      assert.equal(
        csms.of("BootNotification").map(({ payload }) => payload["reason"]),
        ["PowerUp", how === "the power is cut" ? "PowerUp" : "ApplicationReset"],
      );
    } finally {
      await street.close();
    }
  });

test.run();
