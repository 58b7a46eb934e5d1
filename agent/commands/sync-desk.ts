// Who holds the outboxes for `chargetill sync`: the running agent, over its socket.
import { askAgent } from "../control.js";
import type { OutboxStatus } from "../sync/outbox.js";
import { agentSocket } from "./agent.js";
import type { SyncDesk, SyncOptions } from "./sync.js";

/** The agent's outboxes. Throws Failure config/invalid where the config cannot be used. */
export async function syncDesk(options: SyncOptions): Promise<SyncDesk> {
  const socket = await agentSocket(options);
  return {
    status: async () => (await askAgent(socket, { do: "sync-status" })) as OutboxStatus[],
    now: async () => (await askAgent(socket, { do: "sync-now" })) as OutboxStatus[],
    resend: async (number, uplink) => (await askAgent(socket, { do: "sync-resend", number, ...(uplink === undefined ? {} : { uplink }) })) as { uplink: string; numbers: number[]; payments?: number[] }[],
    close: () => Promise.resolve(),
  };
}
