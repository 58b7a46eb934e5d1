// The bench's terminal as a process of its own: it lives on when the agent is killed, as the real one does. Its parent
// tells it over the channel of `fork` what happens to it; it ends with that channel.
import type { BankHold, ShownCard } from "./terminal-bank.js";
import { type CommandBreak, type TerminalOptions, TerminalSimulator } from "./terminal-simulator.js";

/** What its parent may tell or ask; each is answered with its `id`. */
export type TerminalOrder =
  | { readonly do: "show"; readonly card: ShownCard }
  | { readonly do: "interrupt"; readonly interruption: CommandBreak }
  | { readonly do: "refuse"; readonly command: string; readonly code: number }
  | { readonly do: "hold-of-another"; readonly minor: number }
  | { readonly do: "finish-late" }
  | { readonly do: "state"; readonly state: number }
  | { readonly do: "look" };

export type BenchTerminalLook = {
  readonly holds: readonly BankHold[];
  readonly commands: readonly string[];
  readonly display: readonly string[];
};

type Numbered = { readonly id: number; readonly order: TerminalOrder };

async function carryOut(simulator: TerminalSimulator, order: TerminalOrder): Promise<unknown> {
  switch (order.do) {
    case "show":
      return simulator.show(order.card);
    case "interrupt":
      return simulator.interrupt(order.interruption);
    case "refuse":
      return void simulator.refusals.set(order.command, order.code);
    case "hold-of-another":
      return simulator.holdOfAnother(order.minor);
    case "finish-late":
      return simulator.finishLate();
    case "state":
      simulator.state = order.state;
      return undefined;
    case "look":
      return {
        holds: simulator.bank.holds,
        commands: simulator.commands,
        display: simulator.display,
      } as BenchTerminalLook;
    default:
      return order satisfies never;
  }
}

const options = JSON.parse(process.argv[2] ?? "{}") as TerminalOptions;
const simulator = await TerminalSimulator.open(options);
process.on("message", ({ id, order }: Numbered) => {
  void carryOut(simulator, order).then((value) => process.send?.({ id, value: value ?? null }));
});
process.on("disconnect", () => process.exit(0));
// Whoever stops the demo in a terminal stops the agent first.
process.on("SIGINT", () => undefined);
process.send?.({ port: simulator.port });
