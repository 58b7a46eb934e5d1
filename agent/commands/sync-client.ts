// Who holds the outboxes for `chargetill sync`: the running agent, over its socket. Where none runs, what lies on the
// disk is shown, and nothing is sent.
import { join } from "node:path";
import type { UplinkStatus } from "../app/uplinks/uplink-status.js";
import { askAgent, isAbsent } from "../control/control-socket.js";
import { agentSocket } from "./shared/agent.js";
import type { SyncClient, SyncOptions } from "./sync.js";

type Pushed = { readonly done: boolean; readonly uplinks: readonly UplinkStatus[] };

/** Throws Failure config/invalid where the config cannot be used. */
export async function openSyncClient(options: SyncOptions): Promise<SyncClient> {
  const socket = await agentSocket(options);
  return {
    status: async () => {
      try {
        return (await askAgent(socket, { do: "sync-status" })) as UplinkStatus[];
      } catch (error) {
        if (!isAbsent(error)) throw error;
        return atRest(options, error);
      }
    },
    now: async (stillAtIt) => {
      let answer = (await askAgent(socket, { do: "sync-now" })) as Pushed;
      while (!answer.done) {
        stillAtIt(answer.uplinks);
        answer = (await askAgent(socket, { do: "sync-wait" })) as Pushed;
      }
      return answer.uplinks;
    },
    resend: async (number, uplink) =>
      (await askAgent(socket, { do: "sync-resend", number, ...(uplink === undefined ? {} : { uplink }) })) as {
        uplink: string;
        numbers: number[];
        payments?: number[];
      }[],
    leave: async (number, uplink) =>
      (await askAgent(socket, { do: "sync-leave", number, ...(uplink === undefined ? {} : { uplink }) })) as string[],
    park: async (number, uplink) =>
      (await askAgent(socket, { do: "sync-park", number, ...(uplink === undefined ? {} : { uplink }) })) as string[],
    close: () => Promise.resolve(),
  };
}

/** How the uplinks stood when the agent ended. Throws `absent` where nothing of a station lies there. */
async function atRest(options: SyncOptions, absent: unknown): Promise<UplinkStatus[]> {
  // With an agent, none of this is loaded.
  const [{ folderFor }, { Book }, { Disk }, { Table }, { emptyOutbox, firstInLine, parseOutboxTable }] =
    await Promise.all([
      import("./shared/state-folder.js"),
      import("../ledger/book/book.js"),
      import("../ledger/store/disk.js"),
      import("../ledger/store/table.js"),
      import("../sync/outbox-state.js"),
    ]);
  const folder = folderFor(options);
  const disk = new Disk();
  const names = disk.list(folder).flatMap((name) => /^uplink-(.+)\.json$/.exec(name)?.[1] ?? []);
  if (names.length === 0) throw absent;
  const last = Book.view(disk, join(folder, "book")).count();
  return names.map((uplink) => {
    const { state } = Table.view(
      disk,
      join(folder, `uplink-${uplink}.json`),
      parseOutboxTable,
      { state: emptyOutbox },
      { steps: true },
    );
    return {
      uplink,
      reachability: "untried",
      words: "no agent is running; this is the state on disk",
      waiting: last - state.cursor + firstInLine(state).length,
      parked: state.parked.filter((item) => !item.again),
      ...(state.lastAck === null ? {} : { lastAck: state.lastAck }),
    };
  });
}
