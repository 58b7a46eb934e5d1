// A CSMS that puts into each field of each of its answers, in turn, what no field was meant to hold: the uplink goes on,
// every session is told or parked for a stated reason, and what reaches the station can be shown.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import type { SessionLimits } from "../../../../agent/core/session/limits.js";
import type { Dialect } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { Reply } from "../../../../agent/sync/ocpp/rpc/rpc.js";
import { CertificateRenewal } from "../../../../agent/sync/ocpp/security/certificate-renewal.js";
import { reports } from "../../../../agent/sync/ocpp/variables/report.js";
import { sampled } from "../../../support/runner/sweep.js";
import {
  type Hostile,
  hostileTexts,
  mayBeShown,
  samplesOf,
  sparseTexts,
  textsIn,
} from "../../../support/sync/hostile-values.js";
import {
  letGo,
  type OpenUplink,
  ocppConfig,
  openUplink,
  unlasting,
  type World,
  world,
} from "../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";
import { TestRequests } from "../../../support/sync/test-requests.js";

const test = suite("a hostile CSMS answers");
/** Servers of a test: closed after it also where an assertion failed, or the process would not end. */
const servers: HostileCsms[] = [];
test.after.each(async () => {
  await letGo();
  for (const server of servers.splice(0)) await server.close();
});

/** Whose variables are reported. */
const reportBench = new TestRequests("ocpp2.1");
test.after(() => reportBench.testStation.close());

/** Answers as it is told to: once for an action, and then well again. */
class HostileCsms {
  readonly asked: string[] = [];
  readonly once = new Map<string, string>();
  #transactions = 0;

  private constructor(
    private readonly server: WebSocketServer,
    private readonly dialect: Dialect,
  ) {
    server.on("connection", (peer) => this.#serve(peer));
  }

  static async open(dialect: Dialect): Promise<HostileCsms> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => dialect });
    await new Promise((resolve) => server.once("listening", resolve));
    const csms = new HostileCsms(server, dialect);
    servers.push(csms);
    return csms;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as { port: number }).port}/`;
  }

  async close(): Promise<void> {
    for (const peer of this.server.clients) peer.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #serve(peer: WebSocket): void {
    peer.on("error", () => undefined);
    peer.on("message", (data) => {
      const [kind, id, action] = JSON.parse(String(data)) as [number, string, string];
      if (kind !== 2) return;
      this.asked.push(action);
      const hostile = this.once.get(action);
      this.once.delete(action);
      peer.send(`[3,${JSON.stringify(id)},${hostile ?? JSON.stringify(this.#well(action))}]`);
    });
  }

  #well(action: string): unknown {
    const currentTime = "2026-03-02T10:00:00Z";
    if (action === "BootNotification") return { currentTime, interval: 300, status: "Accepted" };
    if (action === "Heartbeat") return { currentTime };
    if (action === "StartTransaction")
      return { transactionId: (this.#transactions += 1), idTagInfo: { status: "Accepted" } };
    if (action !== "Authorize") return {};
    return { [this.dialect === "ocpp1.6" ? "idTagInfo" : "idTokenInfo"]: { status: "Accepted" } };
  }
}

type Bench = {
  readonly csms: HostileCsms;
  readonly lasting: World;
  readonly station: SimulatedStation;
  readonly open: OpenUplink;
  /** Turns of the event loop until it holds, the hand of the clock moving now and then. */
  readonly until: (holds: () => boolean, what: string) => Promise<void>;
  /** As `until`, for what another thread has to do first: the hand does not move, and there are more turns. */
  readonly untilSigned: (holds: () => boolean, what: string) => Promise<void>;
};

const mostTurns = 4_000;
const mostTurnsToSign = 1_000_000;
const turnsToATick = 40;

async function bench(
  dialect: Dialect,
  parts: Parameters<typeof openUplink>[2] = {},
  lasting = world(),
): Promise<Bench> {
  const csms = await HostileCsms.open(dialect);
  const station = new SimulatedStation(lasting.clock, lasting.book);
  const open = openUplink(lasting, ocppConfig(csms.url, { versions: [dialect.slice(4) as "2.1"] }), parts, station);
  open.outbox.begin();
  const waiting = async (holds: () => boolean, what: string, most: number, tick: () => void): Promise<void> => {
    for (let turns = 1; !holds(); turns += 1) {
      assert.ok(turns < most, `${what}: ${open.uplink.line()}`);
      await new Promise((resolve) => setImmediate(resolve));
      if (turns % turnsToATick === 0) tick();
    }
  };
  const until: Bench["until"] = (holds, what) => waiting(holds, what, mostTurns, () => lasting.clock.advance(2_000));
  const untilSigned: Bench["untilSigned"] = (holds, what) => waiting(holds, what, mostTurnsToSign, () => undefined);
  await until(() => /^connected/.test(open.uplink.line()), "the first connection");
  return { csms, lasting, station, open, until, untilSigned };
}

const longestText = 300;

/** With what no field was meant to hold, and with fields that are not there. */
const oddTexts = (payload: unknown): readonly Hostile[] => [
  ...sparseTexts(payload),
  ...sampled(hostileTexts(payload), 2),
];

type Notice = {
  readonly action: string;
  readonly dialects: readonly Dialect[];
  /** How the station comes to send it. */
  readonly send: (bench: Bench) => void;
};

const in2x: readonly Dialect[] = ["ocpp2.0.1", "ocpp2.1"];
const inAll: readonly Dialect[] = ["ocpp1.6", ...in2x];

const triggered =
  (message: string): Notice["send"] =>
  ({ open }) => {
    const send = open.uplink.triggered(message, message === "MeterValues" ? 1 : undefined);
    assert.type(send, "function", message);
    if (typeof send === "function") send();
  };

const card = { uid: "04A1B2C3D4E5F6", type: "RFID", contractId: "C", countryCode: "DE", partyId: "ABC" } as const;

/** One that runs out now. */
function endReservation({ station, lasting }: Bench): void {
  const moment = lasting.clock.now();
  const id = "csms:5";
  station.happens({
    type: "Reserved",
    moment,
    reservation: { id, connector: 2, token: card, untilMs: moment.at + 1, by: "csms" },
  });
  station.happens({ type: "ReservationEnded", moment, id, outcome: "expired", by: "clock" });
}

/** What the station sends beside the begin and the end of sessions, and the answer to which decides little or nothing. */
const notices: readonly Notice[] = [
  {
    action: "SecurityEventNotification",
    dialects: inAll,
    send: ({ open }) => open.uplink.securityEvent("ResetOrReboot", "asked for by the test"),
  },
  { action: "SignCertificate", dialects: inAll, send: triggered("SignChargingStationCertificate") },
  { action: "LogStatusNotification", dialects: inAll, send: triggered("LogStatusNotification") },
  {
    action: "DiagnosticsStatusNotification",
    dialects: ["ocpp1.6"],
    send: triggered("DiagnosticsStatusNotification"),
  },
  { action: "MeterValues", dialects: ["ocpp1.6"], send: triggered("MeterValues") },
  { action: "TransactionEvent", dialects: in2x, send: triggered("MeterValues") },
  { action: "ReservationStatusUpdate", dialects: in2x, send: endReservation },
  {
    action: "NotifyReport",
    dialects: in2x,
    send: ({ open, lasting }) => {
      const { context } = reportBench;
      const note = (text: string): void => void open.notes.push(text);
      const asked = { ...context, link: open.uplink, note, now: () => lasting.clock.now().at };
      const reply = reports(asked)["GetBaseReport"]?.({ requestId: 1, reportBase: "SummaryInventory" });
      assert.instance(reply, Reply);
      if (reply instanceof Reply) reply.afterwards();
    },
  },
];

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const) {
  const answers = samplesOf(dialect, "answer");

  test(`${dialect}: to Authorize: a card is judged or is not, by what can be shown, and the next one is judged well`, async () => {
    const { csms, open, until } = await bench(dialect);
    let asked = 0;
    for (const { what, text } of oddTexts(answers.get("Authorize"))) {
      csms.once.set("Authorize", text);
      let answer: unknown = "none yet";
      void open.uplink.ask("04A1", 1, new AbortController().signal).then((given) => (answer = given));
      await until(() => answer !== "none yet", what);
      for (const one of textsIn(answer)) assert.ok(mayBeShown(one) && one.length < longestText, `${what}: ${one}`);
      asked += 1;
    }
    assert.ok(asked > 25, String(asked));
    const well = await open.uplink.ask("04A1", 1, new AbortController().signal);
    assert.is(well?.allowed, "ALLOWED");
    assert.equal(open.failures, []);
  });

  test(`${dialect}: to BootNotification, Heartbeat and the rest: the line stands in the end, and nothing is flooded`, async () => {
    const { csms, open, until } = await bench(dialect);
    for (const action of ["BootNotification", "Heartbeat", "StatusNotification"])
      for (const { what, text } of oddTexts(answers.get(action))) {
        const sent = dialect === "ocpp2.1" && action === "StatusNotification" ? "NotifyEvent" : action;
        const before = csms.asked.filter((one) => one === sent).length;
        csms.once.set(sent, text);
        const trigger = open.uplink.triggered(action, undefined);
        assert.type(trigger, "function");
        if (typeof trigger === "function") trigger();
        await until(() => csms.asked.filter((one) => one === sent).length > before, `${action}${what}`);
        await until(() => /^connected, /.test(open.uplink.line()), `${action}${what}`);
        const { heartbeatS } = open.uplink.intervals;
        assert.ok(Number.isInteger(heartbeatS) && heartbeatS >= 1 && heartbeatS <= 86_400, `${what}: ${heartbeatS}`);
        assert.ok(mayBeShown(open.uplink.line()) && open.uplink.line().length < longestText, what);
      }
    assert.ok(csms.asked.length < 20_000, String(csms.asked.length));
    assert.equal(open.failures, []);
    for (const note of open.notes) assert.ok(mayBeShown(note) && note.length < 1_000, note.slice(0, 1_000));
  });

  test(`${dialect}: to the begin and the end of sessions: each is told, or parked for a reason that can be shown`, async () => {
    const refused: string[] = [];
    const { csms, lasting, open, until } = await bench(dialect, {
      deauthorise: (_, status) => refused.push(status),
    });
    const actions = dialect === "ocpp1.6" ? ["StartTransaction", "StopTransaction"] : ["TransactionEvent"];
    let sold = 0;
    for (const action of actions)
      for (const { what, text } of oddTexts(answers.get(action))) {
        csms.once.set(action, text);
        lasting.book.sell();
        sold += 1;
        open.outbox.kick();
        await until(() => open.outbox.status().waiting === 0, `${action}${what}`);
      }
    const { parked } = open.outbox.status();
    for (const { reason } of parked) assert.ok(mayBeShown(reason) && reason.length < longestText, reason);
    for (const status of refused) assert.ok(mayBeShown(status) && status.length <= 40, status);
    // A begin without a usable number of the CSMS is all that may be parked (1.6).
    const unusable = parked.filter(({ reason }) => /transaction id/.test(reason)).length;
    assert.is(parked.length, unusable);
    assert.ok(sold > 10 && parked.length < sold, `${parked.length} of ${sold} parked`);
    assert.equal(open.failures, []);
    for (const note of open.notes) assert.ok(mayBeShown(note) && note.length < 1_000, note.slice(0, 1_000));
  });

  test(`${dialect}: to notices in passing: the next one goes out, and what is said of it can be shown`, async () => {
    const lasting = world();
    const kept = unlasting(ocppConfig("ws://127.0.0.1/"), lasting.clock);
    const said: string[] = [];
    const failures: unknown[] = [];
    const renewal = new CertificateRenewal({
      clock: lasting.clock,
      credentials: kept.credentials,
      subject: { commonName: "CT-1", organization: "Stadtwerke Musterstadt" },
      certFile: undefined,
      note: (text) => void said.push(text),
      die: (error) => void failures.push(error),
    });
    const told: string[] = [];
    const limit = (_: string, limits: SessionLimits): void => void told.push(JSON.stringify(limits));
    const deauthorise = (_: string, status: string): void => void told.push(status);
    const all = await bench(dialect, { ...kept, renewal, limit, deauthorise }, lasting);
    const { csms, station, open } = all;
    station.begins(1, "runs");
    const begin = dialect === "ocpp1.6" ? "StartTransaction" : "TransactionEvent";
    await all.until(() => csms.asked.includes(begin), "the begin");
    const countOf = (action: string): number => csms.asked.filter((one) => one === action).length;
    for (const { action, send } of notices.filter((one) => one.dialects.includes(dialect))) {
      const until = action === "SignCertificate" ? all.untilSigned : all.until;
      // Some answers have no field of their own.
      const answer = { ...(answers.get(action) as object | undefined), customData: { vendorId: "x" } };
      for (const { what, text } of oddTexts(answer)) {
        const before = countOf(action);
        csms.once.set(action, text);
        send(all);
        await until(() => countOf(action) > before, `${action}${what}`);
      }
      const before = countOf(action);
      send(all);
      await until(() => countOf(action) > before, `${action}, well again`);
      assert.match(open.uplink.line(), /^connected, /, action);
    }
    await all.until(() => !/not told yet/.test(kept.securityEvents.log()), "the security events");
    assert.equal([open.failures, failures], [[], []]);
    for (const text of [...open.notes, ...said, ...told])
      assert.ok(mayBeShown(text) && text.length < 1_000, text.slice(0, 1_000));
    // What is neither Accepted nor Rejected has a name of its own.
    const kinds = new Set(said.map((text) => text.replace("a certificate was asked for: ", "")));
    assert.ok(kinds.has("Accepted") && kinds.has("the answer is not valid OCPP"), [...kinds].join("; "));
  });
}

test("ocpp2.1: to NotifySettlement: the payment is told, or told again; it is not refused for what the answer says", async () => {
  const { open, csms } = await bench("ocpp2.1");
  const answer = { ...(samplesOf("ocpp2.1", "answer").get("NotifySettlement") as object | undefined), customData: {} };
  for (const { what, text } of oddTexts(answer)) {
    csms.once.set("NotifySettlement", text);
    const outcome = await open.uplink.tellPayment('{"pspRef":"x"}', new AbortController().signal);
    assert.ok(outcome.kind === "accepted" || outcome.kind === "retry", `${what}: ${outcome.kind}`);
    if (outcome.kind === "retry") assert.match(outcome.words ?? "", /its answer is not read: /, what);
  }
  const well = await open.uplink.tellPayment('{"pspRef":"x"}', new AbortController().signal);
  assert.equal([well.kind, open.failures], ["accepted", []]);
});

test.run();
