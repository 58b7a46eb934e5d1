import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type SyncClient, type SyncOptions, syncCommand } from "../../../agent/commands/sync.js";
import type { OutboxStatus } from "../../../agent/sync/outbox-status.js";

const test = suite("chargetill sync");
const atMs = Date.UTC(2026, 2, 2, 10);
const online: OutboxStatus = {
  uplink: "office",
  reachability: "online",
  sinceMs: atMs,
  waiting: 0,
  parked: [],
  lastAck: { number: 7, id: "cdr-7", atMs },
};
const troubled: OutboxStatus = {
  uplink: "hub",
  reachability: "unauthorised",
  sinceMs: atMs,
  words: "the backend does not accept the token in /etc/token",
  fault: "uplink/unauthorised",
  waiting: 2,
  parked: [{ number: 3, id: "cdr-3", reason: "HTTP 400", atMs, again: false }],
  nextTryMs: atMs + 5_000,
};

async function run(
  args: string[],
  all: readonly OutboxStatus[] = [online, troubled],
): Promise<{ lines: string[]; code: number | undefined; calls: unknown[] }> {
  const lines: string[] = [];
  const calls: unknown[] = [];
  let code: number | undefined;
  const client: SyncClient = {
    status: () => Promise.resolve(all),
    now: (stillAtIt) => {
      stillAtIt(all);
      return Promise.resolve(all);
    },
    resend: (number, uplink) => {
      calls.push([number, uplink]);
      return Promise.resolve([{ uplink: "hub", numbers: number === 3 || number === "all" ? [3] : [] }]);
    },
    leave: (number, uplink) => {
      calls.push([number, uplink]);
      return Promise.resolve(number === 3 ? ["hub"] : []);
    },
    park: (number, uplink) => {
      calls.push([number, uplink]);
      return Promise.resolve(number === 3 ? ["hub"] : []);
    },
    close: () => Promise.resolve(void calls.push("closed")),
  };
  const open = (options: SyncOptions): Promise<SyncClient> => {
    calls.push(options);
    return Promise.resolve(client);
  };
  const command = syncCommand({ open, print: (line) => void lines.push(line), exit: (value) => (code = value) });
  for (const part of [command, ...command.commands]) part.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: "user" });
  return { lines, code, calls };
}

test("status says how each uplink stands, and what a person must do", async () => {
  const { lines, code, calls } = await run(["status", "--config", "a.yaml"]);
  assert.equal(lines, [
    "office: online since 2026-03-02T10:00:00.000Z",
    "  waiting 0, parked 0, last acknowledged receipt 7 at 2026-03-02T10:00:00.000Z",
    "hub: unauthorised since 2026-03-02T10:00:00.000Z: the backend does not accept the token in /etc/token",
    "  fault uplink/unauthorised: needs attention",
    "  waiting 2, parked 1",
    "  next try at 2026-03-02T10:00:05.000Z",
  ]);
  assert.is(code, 1, "one of them needs a person");
  assert.equal(calls, [{ config: "a.yaml" }, "closed"]);
});

test("status and parked say what is told of payments, and who has no message for them", async () => {
  const parked = [
    { number: 1, id: "7", reason: "the backend does not take NotifySettlement (NotImplemented)", atMs, again: false },
  ];
  const lines = async (payments: object): Promise<readonly string[]> =>
    (await run(["status"], [{ ...online, payments } as never])).lines.slice(2);
  assert.equal(await lines({ known: 0, waiting: 0, parked: [] }), []);
  assert.equal(await lines({ known: 3 }), [
    "  payments: not sent, there is no message for them (3 known; only OCPP 2.1 has one)",
  ]);
  assert.equal(await lines({ known: 3, waiting: 2, parked: [], words: "receipt 7 goes first" }), [
    "  payments: waiting 2, parked 0, of 3 known: receipt 7 goes first",
  ]);
  assert.equal(await lines({ known: 3, waiting: 0, parked }), [
    "  payments: waiting 0, parked 1, of 3 known",
    "  payment of receipt 7 is parked: the backend does not take NotifySettlement (NotImplemented)",
  ]);
  const shown = await run(["parked"], [{ ...online, payments: { known: 3, waiting: 0, parked } } as never]);
  assert.is(
    shown.lines[0],
    "office: payment of receipt 7, since 2026-03-02T10:00:00.000Z: the backend does not take NotifySettlement (NotImplemented)",
  );
  assert.is((await run(["now"], [{ ...online, payments: { known: 3, waiting: 2, parked: [] } } as never])).code, 1);
});

test("status says what was fetched, and what stays in force where it could not be", async () => {
  const fetched = { uplink: "office", atMs, ok: true, words: "5 tokens; 2 tariffs", tokens: 5, tariffs: 2 };
  const failed = { ...fetched, ok: false, words: "the list is no list" };
  const lines = async (pull: object): Promise<string | undefined> =>
    (await run(["status"], [{ ...online, pull } as never])).lines[2];
  assert.is(await lines(fetched), "  fetched at 2026-03-02T10:00:00.000Z: 5 tokens; 2 tariffs");
  assert.is(
    await lines(failed),
    "  fetching FAILED at 2026-03-02T10:00:00.000Z: the list is no list; 5 tokens and 2 tariffs from before stay in force",
  );
  assert.is(await lines({ uplink: "office", tokens: 0, tariffs: 0 }), "  tokens and tariffs have not been fetched yet");
  assert.is((await run(["now"], [{ ...online, pull: failed } as never])).code, 1);
});

test("status as JSON is one value", async () => {
  const { lines, calls } = await run(["status", "--json", "--data", "/tmp/x"]);
  assert.equal(JSON.parse(lines.join("\n")), [online, troubled]);
  assert.equal(calls, [{ data: "/tmp/x" }, "closed"]);
});

test("now exits 1 while something still waits", async () => {
  assert.is((await run(["now"])).code, 1);
  assert.is((await run(["now"], [online])).code, 0);
});

test("now says how far it has come while it takes long, and as JSON only the end", async () => {
  assert.is((await run(["now"])).lines[0], "hub: waiting 2, still sending");
  assert.is((await run(["now", "--json"])).lines.length, 1);
});

test("parked shows each receipt with its reason and the way on", async () => {
  assert.equal((await run(["parked"])).lines, [
    "hub: receipt 3, CDR cdr-3, since 2026-03-02T10:00:00.000Z: HTTP 400",
    'Send one again with "chargetill sync resend NUMBER".',
  ]);
  assert.equal((await run(["parked"], [online])).lines, ["Nothing is parked."]);
});

test("resend puts back what is parked, and says so when it is not", async () => {
  const back = await run(["resend", "3", "--uplink", "hub"]);
  assert.equal(back.lines, ["hub: receipt 3 is queued again."]);
  assert.equal(back.calls, [{}, [3, "hub"], "closed"]);
  assert.is(back.code, 0);
  const none = await run(["resend", "4"]);
  assert.equal(none.lines, ["Receipt 4 is not parked: nothing was queued."]);
  assert.is(none.code, 1);
  assert.equal((await run(["resend", "all"])).calls[1], ["all", undefined]);
});

test("leave says what stays unsent, and parked goes on listing it", async () => {
  const left = await run(["leave", "3", "--uplink", "hub"]);
  assert.equal(left.lines, ["hub: receipt 3 stays unsent; it remains in the list of parked ones."]);
  assert.equal([left.calls[1], left.code], [[3, "hub"], 0]);
  const none = await run(["leave", "4"]);
  assert.equal([none.lines, none.code], [["Receipt 4 is not parked."], 1]);
  const seen = {
    id: "cdr-3",
    number: 3,
    reason: "a fault of ours",
    atMs,
    again: false,
    wrong: true,
    left: true,
  } as const;
  assert.is(
    (await run(["parked"], [{ ...troubled, parked: [seen] }])).lines[0],
    "hub: receipt 3, CDR cdr-3, since 2026-03-02T10:00:00.000Z, left unsent: a fault of ours",
  );
});

test("park sets aside what waits, and says so where it does not", async () => {
  const aside = await run(["park", "3", "--uplink", "hub"]);
  assert.equal(aside.lines, ['hub: receipt 3 is set aside; "chargetill sync resend 3" sends it.']);
  assert.equal([aside.calls[1], aside.code], [[3, "hub"], 0]);
  const none = await run(["park", "4"]);
  assert.equal([none.lines, none.code], [["Receipt 4 does not wait."], 1]);
});

test("without an uplink it says where receipts stay", async () => {
  assert.equal((await run(["status"], [])).lines, ["No uplink is configured: receipts stay in the receipt book."]);
});

test("a receipt number that is none is a usage fault", async () => {
  for (const bad of ["0", "-1", "1.5", "abc", "1e3"])
    assert.match(
      await run(["resend", bad]).then(
        () => "accepted",
        (error: unknown) => String(error),
      ),
      /expected a receipt number|unknown option/,
      bad,
    );
});

test.run();
