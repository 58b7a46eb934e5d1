// What `chargetill sync` speaks to: an agent that takes its time, or a state folder that no agent holds.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSyncClient } from "../../../agent/commands/sync-client.js";
import { type ControlAnswer, type ControlRequest, ControlSocket } from "../../../agent/control/control-socket.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { Table } from "../../../agent/ledger/store/table.js";
import { emptyOutbox, parseOutboxTable } from "../../../agent/sync/outbox-state.js";

const test = suite("what sync speaks to");
const folder = mkdtempSync(join(tmpdir(), "chargetill-sync-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("an agent that is still at it is asked again until it is done", async () => {
  const asked: string[] = [];
  const waiting = (left: number): object => ({
    uplink: "office",
    reachability: "online",
    sinceMs: 0,
    waiting: left,
    parked: [],
  });
  const answers = [
    { done: false, uplinks: [waiting(9_000)] },
    { done: false, uplinks: [waiting(4_000)] },
    { done: true, uplinks: [waiting(0)] },
  ];
  const agent = await ControlSocket.open(
    join(folder, "control.sock"),
    (request: ControlRequest): Promise<ControlAnswer> => {
      asked.push(request.do);
      return Promise.resolve({ ok: true, value: answers[asked.length - 1] });
    },
    (error) => {
      throw error;
    },
  );
  const client = await openSyncClient({ data: folder });
  const told: number[] = [];
  const all = await client.now((uplinks) => told.push(uplinks[0]?.waiting ?? Number.NaN));
  assert.equal([asked, told, all[0]?.waiting], [["sync-now", "sync-wait", "sync-wait"], [9_000, 4_000], 0]);
  await agent.close();
});

test("without an agent the folder says what waits and what is parked, and nothing is sent", async () => {
  const client = await openSyncClient({ data: folder });
  const refused = async (): Promise<string> =>
    client.status().then(
      () => "answered",
      (error: Error) => error.message,
    );
  assert.match(await refused(), /no agent runs there/, "nothing of a station lies there yet");
  const parked = [
    { number: 3, id: "cdr-3", reason: "HTTP 400", atMs: 5, again: false },
    { number: 4, id: "cdr-4", reason: "clock", atMs: 6, again: true },
  ];
  const table = Table.open(
    new Disk(),
    join(folder, "uplink-office.json"),
    parseOutboxTable,
    { state: emptyOutbox },
    { steps: true },
  );
  table.update(() => ({
    state: { cursor: 0, open: [], parked, lastAck: { number: 2, id: "cdr-2", atMs: 4 }, aside: [] },
  }));
  const [status] = await client.status();
  assert.equal(status, {
    uplink: "office",
    reachability: "untried",
    words: "no agent is running; this is the state on disk",
    waiting: 1,
    parked: parked.slice(0, 1),
    lastAck: { number: 2, id: "cdr-2", atMs: 4 },
  });
  assert.match(
    await client
      .now(() => undefined)
      .then(
        () => "sent",
        (error: Error) => error.message,
      ),
    /no agent runs there/,
  );
});

test.run();
