// Calls and answers of OCPP-J without a network: what goes out when, and what is made of what comes in.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CallError, type Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import {
  CallLost,
  type Handlers,
  mostPeerCalls,
  mostWaitingCalls,
  Reply,
  Rpc,
} from "../../../../../agent/sync/ocpp/rpc/rpc.js";
import { HandClock } from "../../../../support/time/hand-clock.js";

const timeoutMs = 5_000;
const test = suite("OCPP calls and answers");

type Frame = readonly [number, string, ...unknown[]];

function bench(dialect: Dialect = "ocpp2.0.1", handlers: Handlers = {}) {
  const clock = new HandClock();
  const frames: Frame[] = [];
  const notes: string[] = [];
  const failures: unknown[] = [];
  const line = { isBroken: false };
  const rpc = new Rpc({
    dialect,
    handlers,
    clock,
    timeoutMs,
    send: (text) => {
      if (line.isBroken) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)");
      frames.push(JSON.parse(text) as Frame);
    },
    note: (text) => notes.push(text),
    failed: (error) => failures.push(error),
  });
  return { rpc, clock, frames, notes, failures, line, last: (): Frame => frames.at(-1) ?? [0, ""] };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("one call is outstanding at a time; the next goes when its answer was read", async () => {
  const { rpc, frames, last } = bench();
  const first = rpc.call("Heartbeat", {});
  const second = rpc.call("Heartbeat", { n: 2 });
  assert.is(frames.length, 1);
  rpc.received(JSON.stringify([3, last()[1], { currentTime: "now" }]));
  assert.equal(await first, { currentTime: "now" });
  assert.is(frames.length, 2);
  assert.is.not(frames[0]?.[1], frames[1]?.[1]);
  rpc.received(JSON.stringify([4, last()[1], "InternalError", "no", {}]));
  assert.is(await second.catch((error: unknown) => error instanceof CallError && error.code), "InternalError");
  rpc.close("over");
});

test("the peer's calls are answered while ours is outstanding", async () => {
  const { rpc, last } = bench("ocpp2.0.1", { Reset: () => ({ status: "Accepted" }) });
  const ours = rpc.call("Heartbeat", {}).catch(() => "lost");
  rpc.received('[2,"x1","Reset",{}]');
  await turn();
  assert.equal(last(), [3, "x1", { status: "Accepted" }]);
  rpc.close("over");
  assert.is(await ours, "lost");
});

test("what was asked for goes out after the answer", async () => {
  const { rpc, frames } = bench("ocpp2.0.1", {
    TriggerMessage: () => new Reply({ status: "Accepted" }, () => void rpc.call("Heartbeat", {}).catch(() => {})),
  });
  rpc.received('[2,"x1","TriggerMessage",{}]');
  await turn();
  assert.equal(
    frames.map(([type]) => type),
    [3, 2],
  );
  rpc.close("over");
});

test("an unknown action is NotImplemented, also one that every object has; a handler's fault is InternalError and told", async () => {
  const bug = new TypeError("a bug");
  const { rpc, frames, notes, failures } = bench("ocpp2.0.1", {
    Bad: () => {
      throw bug;
    },
    No: () => {
      throw new CallError("NotSupported", "not here", { why: 1 });
    },
  });
  for (const action of ["Nothing", "toString", "Bad", "No"]) rpc.received(JSON.stringify([2, action, action, {}]));
  await turn();
  assert.equal(
    frames.map((frame) => frame.slice(0, 3)),
    [
      [4, "Nothing", "NotImplemented"],
      [4, "toString", "NotImplemented"],
      [4, "Bad", "InternalError"],
      [4, "No", "NotSupported"],
    ],
  );
  assert.equal(frames[3]?.slice(3), ["not here", { why: 1 }]);
  assert.match(notes.join(), /Bad of the backend failed here: TypeError: a bug/);
  assert.equal(failures, [bug]);
});

// Once the first answer that could not be sent left the flag "answering" up for as long as the connection stood.
test("an answer that cannot be sent silences neither the answers after it nor our own calls", async () => {
  const { rpc, frames, notes, line } = bench("ocpp2.0.1", { Reset: () => ({ status: "Accepted" }) });
  line.isBroken = true;
  for (const id of ["x1", "x2"]) rpc.received(`[2,"${id}","Reset",{}]`);
  rpc.received("no json");
  await turn();
  assert.equal(frames, []);
  assert.match(notes.join(), /a message to the backend could not be sent: WebSocket is not open/);
  line.isBroken = false;
  rpc.received('[2,"x3","Reset",{}]');
  await turn();
  assert.equal(frames, [[3, "x3", { status: "Accepted" }]]);
  const ours = rpc.call("Heartbeat", {});
  rpc.received(JSON.stringify([3, frames.at(-1)?.[1], { currentTime: "now" }]));
  assert.equal(await ours, { currentTime: "now" });
});

test("a call of ours that cannot be sent is in doubt, and those behind it are not held up", async () => {
  const { rpc, frames, line } = bench();
  line.isBroken = true;
  const lost = await Promise.all(
    ["A", "B"].map((action) => rpc.call(action, {}).catch((error: unknown) => error instanceof CallLost && error.sent)),
  );
  assert.equal(lost, [true, true]);
  line.isBroken = false;
  const next = rpc.call("C", {});
  rpc.received(JSON.stringify([3, frames.at(-1)?.[1], {}]));
  assert.equal(await next, {});
});

test("what was to be done after an answer and fails is told, and the answers go on", async () => {
  const bug = new TypeError("a bug");
  const { rpc, frames, failures } = bench("ocpp2.0.1", {
    TriggerMessage: () =>
      new Reply({ status: "Accepted" }, () => {
        throw bug;
      }),
    Reset: () => ({ status: "Accepted" }),
  });
  rpc.received('[2,"x1","TriggerMessage",{}]');
  rpc.received('[2,"x2","Reset",{}]');
  await turn();
  assert.equal(
    frames.map(([, id]) => id),
    ["x1", "x2"],
  );
  assert.equal(failures, [bug]);
});

test("a frame that cannot be used is answered in the version's own words", () => {
  for (const [dialect, text, answer] of [
    ["ocpp2.0.1", "no json", [4, "-1", "RpcFrameworkError"]],
    ["ocpp2.0.1", '{"a":1}', [4, "-1", "RpcFrameworkError"]],
    ["ocpp2.0.1", "[2,true]", [4, "-1", "RpcFrameworkError"]],
    ["ocpp2.0.1", '[2,"x1","Reset"]', [4, "x1", "FormatViolation"]],
    ["ocpp2.0.1", '[6,"x1","Reset",{}]', [4, "x1", "MessageTypeNotSupported"]],
    ["ocpp1.6", '[2,"x1","Reset",[1]]', [4, "x1", "FormationViolation"]],
    ["ocpp1.6", "no json", undefined],
  ] as const) {
    const { rpc, frames, notes } = bench(dialect);
    rpc.received(text);
    assert.equal(frames[0]?.slice(0, 3), answer, text);
    assert.is(notes.length, 1);
  }
});

test("2.1: a SEND and a complaint about an answer are noted and not answered", () => {
  const { rpc, frames, notes } = bench("ocpp2.1");
  rpc.received('[6,"x1","NotifyPeriodicEventStream",{}]');
  rpc.received('[5,"x2","FormatViolation","bad answer",{}]');
  assert.equal(frames, []);
  assert.match(notes.join(), /NotifyPeriodicEventStream.*could not read an answer of ours: FormatViolation bad answer/);
});

test("a late answer and one to nobody are dropped with a note", async () => {
  const { rpc, clock, last, notes } = bench();
  const asked = rpc.call("Heartbeat", {}).catch((error: unknown) => error);
  clock.advance(timeoutMs);
  const lost = await asked;
  assert.ok(lost instanceof CallLost && lost.sent);
  assert.match(lost.message, /did not answer Heartbeat within 5 s/);
  const next = rpc.call("Heartbeat", {});
  const id = last()[1];
  rpc.received('[3,"unknown",{}]');
  rpc.received(JSON.stringify([3, id, {}]));
  assert.equal(await next, {});
  assert.is(notes.length, 1);
});

test("when the line is gone the outstanding call is in doubt, and those that waited were never sent", async () => {
  const { rpc, frames } = bench();
  const lost = [rpc.call("A", {}), rpc.call("B", {})].map((call) =>
    call.catch((error: unknown) => error instanceof CallLost && error.sent),
  );
  rpc.close("cut");
  assert.equal(await Promise.all(lost), [true, false]);
  assert.is(frames.length, 1);
  assert.is(await rpc.call("C", {}).catch((error: unknown) => error instanceof CallLost && error.sent), false);
});

test("queues have a bound, ours and the peer's", async () => {
  const { rpc, frames } = bench("ocpp2.0.1", { Slow: () => new Promise(() => {}) });
  const calls = Array.from({ length: mostWaitingCalls + 2 }, () =>
    rpc.call("Heartbeat", {}).catch((error: unknown) => error),
  );
  const refused = await calls.at(-1);
  assert.ok(refused instanceof CallLost && !refused.sent);
  for (let n = 0; n < mostPeerCalls + 2; n += 1) rpc.received(JSON.stringify([2, `x${n}`, "Slow", {}]));
  assert.equal(frames.at(-1)?.slice(0, 3), [4, `x${mostPeerCalls + 1}`, "InternalError"]);
  rpc.close("over");
});

test("an error code that nobody knows is a GenericError, and 1.6's own spellings are understood", async () => {
  const { rpc, last } = bench("ocpp1.6");
  for (const [said, means] of [
    ["Whatever", "GenericError"],
    ["FormationViolation", "FormatViolation"],
    ["OccurenceConstraintViolation", "OccurrenceConstraintViolation"],
  ]) {
    const call = rpc.call("Heartbeat", {}).catch((error: unknown) => error instanceof CallError && error.code);
    rpc.received(JSON.stringify([4, last()[1], said, "", {}]));
    assert.is(await call, means);
  }
});

test.run();
