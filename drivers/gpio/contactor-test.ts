// The contactor's test by hand: closed for a moment, and what its auxiliary contact said while closed and after. It
// always ends open.
import { type Clock, type Contactor, type PlugSensor, sleep } from "../driver.js";

/** What the auxiliary contact said; undefined where none is wired, and then a person must listen for the click. */
export type ContactorTest = {
  readonly whileClosed: boolean | undefined;
  readonly afterOpening: boolean | undefined;
  readonly closedMs: number;
};

/** Whether the auxiliary contact followed both ways; without one nothing speaks against it. */
export const contactsFollowed = ({ whileClosed, afterOpening }: ContactorTest): boolean =>
  whileClosed !== false && afterOpening !== true;

export type ContactorTestOptions = {
  readonly ms: number;
  /** How long the contact may take to follow. */
  readonly settleMs: number;
  /** False once somebody else took the contactor over: then it is left to them. */
  readonly stillOurs?: () => boolean;
};

/** Runs the test; answers with a reason, and closes nothing, where a plug is in. */
export async function testContactor(
  { contactor, plug }: { readonly contactor: Contactor; readonly plug: PlugSensor },
  clock: Clock,
  options: ContactorTestOptions,
): Promise<ContactorTest | string> {
  const { ms, settleMs, stillOurs = () => true } = options;
  if (plug.plugged()) return "a plug is in: pull it first, the socket will be live for a moment";
  const from = clock.now().monoMs;
  let whileClosed: boolean | undefined;
  try {
    contactor.set(true);
    await sleep(clock, ms);
    whileClosed = contactor.feedback();
  } finally {
    if (stillOurs()) contactor.set(false);
  }
  const closedMs = clock.now().monoMs - from;
  await sleep(clock, settleMs);
  return { whileClosed, afterOpening: contactor.feedback(), closedMs };
}
