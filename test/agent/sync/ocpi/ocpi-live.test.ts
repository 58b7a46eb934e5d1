// What an OCPI receiver is told while it happens: a whole station against a receiver on this machine that keeps what it
// gets, and fails as a test wants.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CdrCopies, withPerson } from "../../../../agent/core/cdr/cdr-copies.js";
import { personOf } from "../../../../agent/receipts/disclosures.js";
import type { OcpiUplinkConfig } from "../../../../config/uplink-schema.js";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";
import { ocpiConfig, TokenFile, token } from "../../../support/sync/uplink-bench.js";

const test = suite("a receiver of Sessions and EVSE status");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());

type Fields = Readonly<Record<string, unknown>>;
type Got = { readonly what: string; readonly body: Fields; readonly authorization: string | undefined };
const card = "04A23B1C5D6E80";
const minuteMs = 60_000;

class Receiver {
  readonly got: Got[] = [];
  /** The answer to a request; `code` = OCPI's. Undefined = taken. */
  answer: (what: string) => { readonly status?: number; readonly code?: number; readonly text?: string } | undefined =
    () => undefined;
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const what = `${request.method} ${request.url}`;
      const { status = 200, code = 1000, text } = this.answer(what) ?? {};
      this.got.push({
        what,
        body: JSON.parse(Buffer.concat(chunks).toString("utf8")) as Fields,
        authorization: request.headers.authorization,
      });
      response.writeHead(status).end(text ?? JSON.stringify({ status_code: code, timestamp: "2026-11-24T12:00:00Z" }));
    });
  });

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  of(module: "sessions" | "locations"): Got[] {
    return this.got.filter(({ what }) => what.includes(`/${module}/`));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

type Scene = { readonly receiver: Receiver; readonly station: TestStation; readonly base: string };
let open: Scene | undefined;
test.after.each(async () => {
  if (open === undefined) return;
  const { station, receiver } = open;
  open = undefined;
  const { outboxes, live } = station.services;
  await Promise.all([...outboxes, ...live].map((one) => one.stop()));
  await station.close();
  await receiver.close();
});

async function scene(
  urls: (base: string) => Partial<OcpiUplinkConfig>,
  answer: Receiver["answer"] = () => undefined,
): Promise<Scene> {
  const receiver = await Receiver.open();
  receiver.answer = answer;
  // CDRs go nowhere here.
  const uplink = ocpiConfig("http://127.0.0.1:9/cdrs", tokenFile.path, {
    name: "collector",
    sessionUpdates: 5 * minuteMs,
    backoff: { first: 1_000, most: 10_000 },
    ...urls(receiver.url),
  });
  const station = new TestStation(testStationConfig((config) => ({ ...config, uplinks: [uplink] })));
  const { countryCode, partyId } = station.config.station;
  open = { receiver, station, base: `${countryCode}/${partyId}` };
  return open;
}

const sessionsTo = (url: string): Partial<OcpiUplinkConfig> => ({ sessionsUrl: `${url}/sessions/` });
const locationsTo = (url: string): Partial<OcpiUplinkConfig> => ({ locationsUrl: `${url}/locations` });

async function until(station: TestStation, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000 && !holds(); tries += 1) await station.clock.pass(20);
  assert.ok(holds(), `it never came to: ${String(holds)}`);
}

async function begins(station: TestStation): Promise<string> {
  await station.plug(1);
  await station.tap(card);
  await until(station, () => station.session(1).state === "charging");
  const session = station.session(1);
  return session.state === "charging" ? session.sale.opening.id : "";
}

async function settles(station: TestStation): Promise<void> {
  await station.tap(card);
  await until(station, () => station.session(1).state === "finishing");
}

test("gets a session whole at its begin, what changed every five minutes, and its end as the CDR has it", async () => {
  const { receiver, station, base } = await scene(sessionsTo);
  const id = await begins(station);
  await until(station, () => receiver.got.length === 1);
  await station.charge(1, 500, 200);
  await station.clock.pass(2 * minuteMs);
  await until(station, () => receiver.got.length === 2);
  await settles(station);
  await until(station, () => receiver.got.length === 3);
  const address = `/sessions/${base}/${id}`;
  assert.equal(
    receiver.got.map(({ what, body }) => [what, body["status"]]),
    [
      [`PUT ${address}`, "ACTIVE"],
      [`PATCH ${address}`, "ACTIVE"],
      [`PUT ${address}`, "COMPLETED"],
    ],
  );
  const [begin, change, end] = receiver.got.map(({ body }) => body);
  const { book, disclosures } = station.services;
  const sold = book.get(book.count());
  assert.ok(sold);
  const { texts } = sold.cdr as CdrCopies;
  const cdr = JSON.parse(withPerson(texts["2.2.1"] ?? "{}", personOf(sold, disclosures.of))) as Fields;
  const location = cdr["cdr_location"] as Fields;
  assert.equal([begin?.["kwh"], change?.["kwh"], end?.["kwh"]], [0, 0.5, cdr["total_energy"]]);
  for (const name of [
    "country_code",
    "party_id",
    "start_date_time",
    "cdr_token",
    "auth_method",
    "currency",
    "meter_id",
  ])
    assert.equal([name, begin?.[name], end?.[name]], [name, cdr[name], cdr[name]]);
  for (const body of [begin, end])
    assert.equal(
      [body?.["location_id"], body?.["evse_uid"], body?.["connector_id"]],
      [location["id"], location["evse_uid"], location["connector_id"]],
    );
  assert.equal([end?.["id"], end?.["total_cost"]], [id, cdr["total_cost"]]);
  assert.equal(Object.keys(change ?? {}).sort(), ["kwh", "last_updated", "status", "total_cost"]);
  assert.is(receiver.got[0]?.authorization, `Token ${Buffer.from(token).toString("base64")}`);
});

for (const [what, answer] of [
  ["does not know the session any more", { status: 404, code: 2003 }],
  ["knows no PATCH", { status: 405, text: "" }],
  ["refuses it in an envelope", { code: 2001 }],
] as const)
  test(`that ${what} gets it whole`, async () => {
    const { receiver, station } = await scene(sessionsTo, (request) =>
      request.startsWith("PATCH") ? answer : undefined,
    );
    await begins(station);
    await until(station, () => receiver.got.length === 1);
    await station.clock.pass(5 * minuteMs);
    await until(station, () => receiver.got.length === 3);
    await station.clock.pass(minuteMs);
    assert.equal(
      receiver.got.map(({ what: request }) => request.split(" ")[0]),
      ["PUT", "PATCH", "PUT"],
    );
  });

test("that does not want a session is asked once for its begin and once for its end", async () => {
  const { receiver, station } = await scene(sessionsTo, () => ({ status: 400, code: 2001 }));
  await begins(station);
  await station.charge(1, 100);
  await station.clock.pass(30 * minuteMs);
  assert.is(receiver.got.length, 1);
  await settles(station);
  await until(station, () => receiver.got.length === 2);
  await station.clock.pass(10 * minuteMs);
  assert.is(receiver.got.length, 2);
});

for (const [what, answer] of [
  ["fails", { status: 503, text: "" }],
  ["is a login page", { text: "<html>log in</html>" }],
  ["does not accept the token", { status: 401, text: "" }],
] as const)
  test(`that ${what} is told again with back-off, once it can hear: the end of the session at least`, async () => {
    let isDeaf = true;
    const { receiver, station } = await scene(sessionsTo, () => (isDeaf ? answer : undefined));
    await begins(station);
    await station.clock.pass(minuteMs);
    // 1, 2, 4, 8, 10, 10 … s, with jitter of at most the half.
    assert.ok(receiver.got.length <= 14, `${receiver.got.length} tries in a minute`);
    await settles(station);
    isDeaf = false;
    receiver.got.length = 0;
    await until(station, () => receiver.got.length === 1);
    assert.is(receiver.got[0]?.body["status"], "COMPLETED");
    await station.clock.pass(minuteMs);
    assert.is(receiver.got.length, 1);
    const notes = station.event.filter((event) => event.type === "note" && /was not told/.test(event.text));
    assert.ok(notes.length >= 1 && notes.length <= 2, `${notes.length} notes`);
  });

test("gets the end of a session that a kill of the agent has cut short", async () => {
  const { receiver, station } = await scene(sessionsTo);
  const id = await begins(station);
  await until(station, () => receiver.got.length === 1);
  const { outboxes, live } = station.services;
  await Promise.all([...outboxes, ...live].map((one) => one.stop()));
  const next = await station.again();
  open = { receiver, station: next, base: "" };
  await until(next, () => receiver.got.length === 2);
  const last = receiver.got[1];
  assert.equal([last?.what.split(" ")[0], last?.body["id"], last?.body["status"]], ["PUT", id, "COMPLETED"]);
});

test("is told nothing while the clock is not set, and the begin once it is", async () => {
  const { receiver, station } = await scene(sessionsTo);
  station.clock.trust = "unsynced";
  await begins(station);
  await station.clock.pass(2 * minuteMs);
  assert.is(receiver.got.length, 0);
  station.clock.trust = "synced";
  await station.charge(1, 100);
  await station.clock.pass(15 * minuteMs);
  await until(station, () => receiver.got.length >= 1);
  assert.match(receiver.got[0]?.what ?? "", /^PUT/);
});

test("hears how each EVSE stands, and every change of it", async () => {
  const { receiver, station, base } = await scene(locationsTo);
  const { location } = station.config.station;
  await until(station, () => receiver.got.length === station.config.connectors.length);
  await begins(station);
  // Sooner a stop is asked twice.
  await station.clock.pass(minuteMs);
  await settles(station);
  await station.plug(1, false);
  station.services.remote.setOperative(1, false, "csms");
  await station.clock.pass(1_000);
  const [first] = station.config.connectors;
  const own = receiver.got.filter(({ what }) => what === `PATCH /locations/${base}/${location.id}/${first?.evseId}`);
  const statuses = own.map(({ body }) => body["status"]);
  assert.equal([statuses[0], statuses.at(-1)], ["AVAILABLE", "INOPERATIVE"]);
  for (const status of ["CHARGING", "BLOCKED"]) assert.ok(statuses.includes(status), `${status} in ${statuses.join()}`);
  assert.ok(statuses.every((status, index) => status !== statuses[index - 1]));
  assert.equal(Object.keys(own[0]?.body ?? {}), ["status", "last_updated"]);
});

test("that does not know an EVSE is told no status twice, and it is noted", async () => {
  const { receiver, station } = await scene(locationsTo, () => ({ status: 404, code: 2003 }));
  await station.clock.pass(10 * minuteMs);
  assert.is(receiver.got.length, station.config.connectors.length);
  assert.ok(station.event.some((event) => event.type === "note" && /EVSE .* is not taken/.test(event.text)));
});

test("is asked nothing where the config names neither of its addresses", async () => {
  const { station } = await scene(() => ({}));
  assert.equal(station.services.live, []);
});

test.run();
