// The test of a card terminal at its commissioning: a hold on the technician's own card, 0.01 booked of it, the rest let
// go. What the terminal says it booked proves how it understands a booking; without that nobody's money is held.
import { DeviceError, type Moment } from "../../../drivers/driver.js";
import {
  type GatewayBooking,
  type GatewayHold,
  type PaymentTap,
  whyNotDone,
} from "../../../drivers/payment-gateway.js";
import type { ZvtTerminal } from "../../../drivers/terminal/zvt-terminal.js";
import { amountInWords } from "../../core/payment/minor-amount.js";
import type { AcceptedTerminal } from "./accepted-terminals.js";

export type TerminalTestParts = {
  readonly terminal: ZvtTerminal;
  readonly dialect: string;
  readonly terminalId: string;
  readonly by: string;
  readonly holdMinor: number;
  readonly now: () => Moment;
  /** Ends the wait for a card. */
  readonly cardWait: AbortSignal;
  /** Told before each step. */
  readonly say: (step: string) => void;
};

export type TerminalTestResult = { readonly passed: boolean; readonly words: string };

/** What is booked of the hold: one minor unit. */
const bookedMinor = 1;

/** Runs the test. `accept` writes a passed one down. Never leaves a hold of its own behind without saying so. */
export async function testTerminal(
  parts: TerminalTestParts,
  accept: (test: AcceptedTerminal) => void,
): Promise<TerminalTestResult> {
  const { terminal, say, holdMinor, now } = parts;
  const { currency } = terminal;
  const amount = { minor: holdMinor, currency };
  const before = await terminal.openHolds();
  if (before.kind !== "done") return failed(`the terminal does not say which holds stand: ${whyNotDone(before)}`);
  say("hold your own bank card or phone to the terminal");
  const tap = await firstTap(terminal, parts.cardWait);
  if (tap === undefined) return failed("nobody held a card to the terminal");
  if (tap.kind !== "bank-card") return failed("this is not a bank card: hold a bank card or a phone to the terminal");
  say(`${amountInWords(amount)} are being held`);
  const openBefore = before.value.map(({ handle }) => handle);
  const request = { reference: `TEST${now().at.toString(36).toUpperCase()}`.slice(0, 16), amount, openBefore };
  const held = await terminal.hold(request);
  const hold = held.kind === "unsure" ? await terminal.findHold(request) : held;
  if (hold.kind === "unsure")
    return failed(`it is not known whether the hold was made (${hold.why}): run the test again later`);
  if (hold.kind !== "done") return failed(`the hold was not made: ${whyNotDone(hold)}`);
  if (hold.value === null) return failed("the hold was not made: nothing was done");
  return bookOne(parts, hold.value, accept);
}

/** Books 0.01 of the hold and judges what the terminal says it booked. */
async function bookOne(
  { terminal, terminalId, dialect, by, holdMinor, now, say }: TerminalTestParts,
  hold: GatewayHold,
  accept: (test: AcceptedTerminal) => void,
): Promise<TerminalTestResult> {
  const { currency } = terminal;
  const words = (minor: number): string => amountInWords({ minor, currency });
  say(`${words(bookedMinor)} is being booked, the rest is let go`);
  const booking = await bookedAs(terminal, hold);
  if (booking === undefined) {
    const released = await terminal.release(hold);
    return failed(
      `nothing was booked with the dialect ${dialect}; the hold ${hold.handle} ` +
        (released.kind === "done" ? "was released" : `STANDS at the terminal: ${whyNotDone(released)}`),
    );
  }
  if (booking === "unsure")
    return failed(`it is not known what became of the hold ${hold.handle}: see \`chargetill terminal holds\``);
  if (booking.bookedMinor === undefined)
    return failed("the terminal booked and did not say how much: its dialect cannot be proven");
  if (booking.bookedMinor !== bookedMinor)
    return failed(
      `the terminal booked ${words(booking.bookedMinor)} in place of ${words(bookedMinor)}: its dialect is not ${dialect}. ` +
        `Correct terminal.dialect, and let the acquirer give ${words(booking.bookedMinor)} back to your card`,
    );
  const open = await terminal.openHolds();
  if (open.kind !== "done" || open.value.some(({ handle }) => handle === hold.handle))
    return failed(`the hold ${hold.handle} still stands after its booking: see \`chargetill terminal holds\``);
  accept({ terminalId, dialect, atMs: now().at, by, heldMinor: holdMinor, bookedMinor });
  return {
    passed: true,
    words: `of ${words(holdMinor)} held, ${words(bookedMinor)} was booked and the rest let go: ${dialect} is proven`,
  };
}

/** How the booking went, asked about where its answer was lost; undefined = nothing was booked. */
async function bookedAs(terminal: ZvtTerminal, hold: GatewayHold): Promise<GatewayBooking | "unsure" | undefined> {
  const booking = await terminal.book(hold, { ...hold.amount, minor: bookedMinor });
  if (booking.kind === "done") return booking.value;
  if (booking.kind === "refused") return undefined;
  const status = await terminal.holdStatus(hold);
  if (status.kind !== "done") return "unsure";
  if (status.value.state === "booked") return status.value;
  return status.value.state === "open" ? undefined : "unsure";
}

async function firstTap(terminal: ZvtTerminal, signal: AbortSignal): Promise<PaymentTap | undefined> {
  for await (const tap of terminal.taps(signal)) return tap;
  return undefined;
}

const failed = (words: string): TerminalTestResult => ({ passed: false, words });

/** A device's trouble as the result of a test. Throws what is not one. */
export function failedBy(error: unknown): TerminalTestResult {
  if (!(error instanceof DeviceError)) throw error;
  return failed(error.message);
}
