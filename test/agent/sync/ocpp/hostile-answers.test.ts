// A CSMS that puts into each field of each of its answers, in turn, what no field was meant to hold: the uplink goes on,
// every session is told or parked for a stated reason, and what reaches the station can be shown.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import type { Dialect } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { sampled } from "../../../support/runner/sweep.js";
import {
  type Hostile,
  hostileTexts,
  mayBeShown,
  samplesOf,
  sparseTexts,
  textsIn,
} from "../../../support/sync/hostile-values.js";
import { letGo, type OpenUplink, ocppConfig, openUplink, type World, world } from "../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";

const test = suite("a hostile CSMS answers");
/** Servers of a test: closed after it also where an assertion failed, or the process would not end. */
const servers: HostileCsms[] = [];
test.after.each(async () => {
  await letGo();
  for (const server of servers.splice(0)) await server.close();
});

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
  readonly open: OpenUplink;
  /** Turns of the event loop until it holds, the hand of the clock moving now and then. */
  readonly until: (holds: () => boolean, what: string) => Promise<void>;
};

const mostTurns = 4_000;
const turnsToATick = 40;

async function bench(dialect: Dialect, parts: Parameters<typeof openUplink>[2] = {}): Promise<Bench> {
  const csms = await HostileCsms.open(dialect);
  const lasting = world();
  const station = new SimulatedStation(lasting.clock, lasting.book);
  const open = openUplink(lasting, ocppConfig(csms.url, { versions: [dialect.slice(4) as "2.1"] }), parts, station);
  open.outbox.begin();
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    for (let turns = 1; !holds(); turns += 1) {
      assert.ok(turns < mostTurns, `${what}: ${open.uplink.line()}`);
      await new Promise((resolve) => setImmediate(resolve));
      if (turns % turnsToATick === 0) lasting.clock.advance(2_000);
    }
  };
  await until(() => /^connected/.test(open.uplink.line()), "the first connection");
  return { csms, lasting, open, until };
}

const longestText = 300;

/** With what no field was meant to hold, and with fields that are not there. */
const oddTexts = (payload: unknown): readonly Hostile[] => [
  ...sparseTexts(payload),
  ...sampled(hostileTexts(payload), 2),
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
}

test.run();
