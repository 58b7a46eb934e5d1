// An agent on the street that is asked at its socket while it lives.
import assert from "node:assert/strict";
import type { Agent } from "../../../agent/app/agent.js";
import { askAgent, type ControlRequest } from "../../../agent/control/control-socket.js";
import type { Bench } from "../../../drivers/bench/bench.js";
import { oneSession } from "./scenarios.js";
import { type Ended, Street } from "./street.js";

export type Ask = (request: ControlRequest) => Promise<unknown>;

/** Lets an agent live on a street; `asks` comes so many seconds after its start, before its life may end. */
export async function asking(
  street: Street,
  seconds: number,
  asks: (ask: Ask, agent: Agent) => Promise<void>,
): Promise<Ended> {
  const ask: Ask = (request) => askAgent(street.loaded.config.socket ?? "", request);
  let wrong: unknown;
  let asked = false;
  const during = ({ clock }: Bench, agent: Agent): void =>
    void clock.at(clock.now().monoMs + seconds * 1_000, () => {
      asked = true;
      void clock.busy(asks(ask, agent).catch((error: unknown) => void (wrong = error)));
    });
  const ended = await street.live({ during });
  if (wrong !== undefined) throw wrong;
  assert.ok(asked, "the agent lived long enough to be asked");
  return ended;
}

/** A street on which one session was sold: receipt 2. Its next agent is asked; `before` comes right before its start. */
export async function afterOneSale(
  asks: (ask: Ask, street: Street, agent: Agent) => Promise<void>,
  before: () => void = () => undefined,
): Promise<Ended> {
  const street = await Street.open(oneSession);
  try {
    assert.equal((await street.live()).how, "scenario-over");
    street.restarted();
    street.goOn(() => [], 60_000);
    before();
    return await asking(street, 5, (ask, agent) => asks(ask, street, agent));
  } finally {
    await street.close();
  }
}
