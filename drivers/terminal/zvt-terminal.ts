// A card terminal that speaks ZVT, as a payment gateway: taps, holds, bookings, releases. What it was told and did not
// answer is asked about and never sent again; an end of day comes only when no hold stands, and cancels none.
import type { TerminalConfig } from "../../config/parts/terminal-schema.js";
import { type Clock, DeviceError, type MonoMs, sleep } from "../driver.js";
import {
  type GatewayBooking,
  type GatewayHold,
  type GatewayOutcome,
  type HoldRequest,
  type HoldStatus,
  type MinorAmount,
  type OpenHold,
  type PaymentGateway,
  type PaymentTap,
  whyNotDone,
} from "../payment-gateway.js";
import type { Exchange } from "./exchange.js";
import { bookingOf, endOf, notOurs, paid, refusedElsewhere, tapOf } from "./outcomes.js";
import { refusalOf, stateWords } from "./refusals.js";
import { paymentCardOf, tapOfCard } from "./shown-card.js";
import type { NotSent, TerminalConnection } from "./terminal-connection.js";
import {
  bookTotalFrame,
  diagnosisFrame,
  displayColumns,
  displayFrame,
  endOfDayFrame,
  holdFrame,
  initialisationFrame,
  openHoldsFrame,
  partialReversalFrame,
  readCardFrame,
  releaseFrame,
  repeatReceiptFrame,
  statusFrame,
} from "./zvt/commands.js";
import { zvtCurrency } from "./zvt/currency.js";
import { type CardHasher, noReceipt, type ZvtFields } from "./zvt/fields.js";

export type TerminalParts = {
  readonly config: TerminalConfig;
  readonly connection: TerminalConnection;
  readonly clock: Clock;
  readonly password: string;
  readonly hash: CardHasher;
  /** What a card that cannot be known again is known by. */
  readonly nonce: () => Uint8Array;
};

/** What a technician sees of a terminal. `endOfDayDue`: it says so itself, or the last one is long ago. */
export type TerminalState = {
  readonly terminalId: string | null;
  readonly version: string | null;
  readonly state: number;
  readonly words: string;
  readonly endOfDayDue: boolean;
};

const state = {
  ready: 0x00,
  initialise: 0x51,
  busy: 0x9c,
  diagnosis: 0xc2,
  card: 0xdc,
  activation: 0xe4,
  dayDue: 0xf0,
};
/** It sells, or will in a moment. */
const usable: readonly number[] = [state.ready, state.busy, state.card, state.dayDue];
/** It wants to be prepared first. */
const unprepared: readonly number[] = [state.diagnosis, state.initialise, state.activation];
const code = { hold: 0xb8, dayDue: 0xf0 };

/** After a wait for a card was to be over, the terminal has so long to say so itself. */
const readMarginMs = 5_000;
/** The terminal is asked how it is at least this often. */
const lookEveryMs = 60_000;
/** An end of day each day. */
const endOfDayEveryMs = 86_400_000;
/** After a card, after a read that ended at once, and after an end of day that it refused. */
const calmMs = 2_000;
const dayAgainMs = 600_000;

export class ZvtTerminal implements PaymentGateway {
  readonly name = "terminal";
  readonly currency: string;
  readonly holdLastsMs: number;
  readonly #parts: TerminalParts;
  #mostHeldMinor: number | undefined;
  #lookAgainAt: MonoMs = 0;
  #dayEndsAt: MonoMs;
  #text = "";
  #isTextDue = false;
  #canShow = true;
  /** Until then the bank may still make a hold that we know nothing of. */
  #lateUntil: MonoMs;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
    this.currency = parts.config.currency;
    this.holdLastsMs = parts.config.holdLasts;
    const now = this.#now();
    this.#dayEndsAt = now + endOfDayEveryMs;
    this.#lateUntil = now + parts.config.lateAnswer;
  }

  /** Shows a text before the next wait for a card, where the config says that the terminal can. */
  show(text: string): void {
    if (text === this.#text || !this.#parts.config.texts || !this.#canShow) return;
    this.#text = text;
    this.#isTextDue = true;
  }

  /** What the card that was shown last may hold at most. */
  get mostHeldMinor(): number | undefined {
    return this.#mostHeldMinor;
  }

  /**
   * How it is; a terminal that wants a diagnosis or to be initialised gets it, once. Rejects with DeviceError
   * terminal/lost, terminal/changed, terminal/not-ready.
   */
  async prepare(): Promise<TerminalState> {
    const first = await this.look();
    if (!unprepared.includes(first.state)) return first;
    if (first.state !== state.initialise) await this.#parts.connection.run(diagnosisFrame);
    await this.#parts.connection.run(initialisationFrame(this.#parts.password));
    return this.look();
  }

  /** How it is. Rejects with DeviceError terminal/lost, terminal/changed, terminal/not-ready. */
  async look(): Promise<TerminalState> {
    const answer = this.#sent(await this.#parts.connection.run(statusFrame(this.#parts.password)));
    this.#lookAgainAt = this.#now() + lookEveryMs;
    if (answer.kind === "refused") return this.#stateOf(answer.code, undefined);
    const { completion } = answer;
    return this.#stateOf(completion.state ?? state.ready, completion.version);
  }

  async *taps(signal: AbortSignal): AsyncGenerator<PaymentTap, void, void> {
    const { connection, clock, config, hash, nonce } = this.#parts;
    const stop = (): void => connection.drop("no card is waited for any more");
    signal.addEventListener("abort", stop, { once: true });
    try {
      while (!signal.aborted) {
        await this.#upkeep();
        await this.#showText();
        const began = this.#now();
        const seconds = Math.round(config.readCard / 1_000);
        const answer = await connection.run(readCardFrame(seconds), config.readCard + readMarginMs);
        if (signal.aborted || this.isClosed) return;
        const read = this.#sent(answer);
        const tap = tapOf(read, clock.now(), (fields, moment) => tapOfCard(fields, moment, hash, nonce));
        if (read.kind === "completed") this.#mostHeldMinor = read.status?.card.maxHold;
        if (read.kind === "refused" && read.code === code.dayDue) this.#dayEndsAt = this.#now();
        if (tap !== undefined) {
          yield tap;
          this.#isTextDue = this.#canShow && this.#text !== "";
        }
        // A card that stays in the field is one tap, and what it has set off goes before the next wait.
        if (this.#now() - began < calmMs || tap !== undefined) await sleep(clock, calmMs, signal);
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async hold(request: HoldRequest): Promise<GatewayOutcome<GatewayHold>> {
    const { config, connection } = this.#parts;
    const reference = { prefix: config.referencePrefix, text: request.reference };
    const answer = await connection.run(holdFrame(this.#zvtAmount(request.amount), reference));
    const outcome = paid(answer, (fields) => this.#madeHold(request, fields));
    if (outcome.kind === "unsure") this.#lateUntil = this.#now() + config.lateAnswer;
    return outcome;
  }

  async findHold(request: HoldRequest): Promise<GatewayOutcome<GatewayHold | null>> {
    const open = await this.openHolds();
    if (open.kind !== "done") return { kind: "unsure", why: whyNotDone(open) };
    const fresh = open.value.filter(({ handle }) => !request.openBefore.includes(handle));
    const [found] = fresh;
    if (found === undefined)
      return this.#now() < this.#lateUntil
        ? { kind: "unsure", why: "no hold is there, and the bank may still make it" }
        : { kind: "done", value: null };
    if (fresh.length > 1 || this.#parts.config.shared)
      return notOurs(`${fresh.map(({ handle }) => handle).join(", ")}: nobody knows whose hold it is`);
    const last = await this.#lastReceipt();
    if (last?.receipt !== found.handle) return { kind: "done", value: this.#bareHold(request, found.handle) };
    if (last.amount !== undefined && last.amount !== request.amount.minor)
      return notOurs(`${found.handle} is a hold of another amount`);
    return { kind: "done", value: this.#madeHold(request, last) ?? this.#bareHold(request, found.handle) };
  }

  async book(hold: GatewayHold, final: MinorAmount): Promise<GatewayOutcome<GatewayBooking>> {
    const { minor } = final;
    if (minor <= 0 || minor > hold.amount.minor || final.currency !== hold.amount.currency)
      return { kind: "refused", code: "amount-too-high", message: `${minor} is not within the hold` };
    const elsewhere = refusedElsewhere(hold, this.#parts.connection.terminalId);
    if (elsewhere !== undefined) return elsewhere;
    const answer = await this.#parts.connection.run(this.#bookFrame(hold, final));
    return paid(answer, bookingOf);
  }

  async release(hold: Pick<GatewayHold, "handle" | "terminalId">): Promise<GatewayOutcome<null>> {
    const elsewhere = refusedElsewhere(hold, this.#parts.connection.terminalId);
    if (elsewhere !== undefined) return elsewhere;
    const answer = await this.#parts.connection.run(releaseFrame(hold.handle, zvtCurrency(this.currency)));
    return paid(answer, () => null);
  }

  async holdStatus(hold: GatewayHold): Promise<GatewayOutcome<HoldStatus>> {
    const elsewhere = refusedElsewhere(hold, this.#parts.connection.terminalId);
    if (elsewhere !== undefined) return elsewhere;
    const open = await this.openHolds();
    if (open.kind !== "done") return { kind: "unsure", why: whyNotDone(open) };
    if (open.value.some(({ handle }) => handle === hold.handle)) return { kind: "done", value: { state: "open" } };
    const last = await this.#lastReceipt();
    return { kind: "done", value: endOf(hold, last) };
  }

  async openHolds(): Promise<GatewayOutcome<readonly OpenHold[]>> {
    const answer = await this.#parts.connection.run(openHoldsFrame);
    if (answer.kind === "not-sent") return { kind: "unsure", why: answer.error.message };
    if (answer.kind === "broken") return { kind: "unsure", why: answer.why };
    if (answer.kind === "completed") return { kind: "unsure", why: "the terminal did not say which holds stand" };
    if (answer.by !== "abort" || answer.code !== code.hold) return { kind: "refused", ...refusalOf(answer.code) };
    const { receipt, listed = [], isWhole } = answer.fields ?? {};
    // Half a list is none: what is not on it would be taken for a hold that was never made.
    if (receipt === undefined || isWhole !== true)
      return { kind: "unsure", why: "the list of holds could not be read to its end" };
    const handles = new Set([receipt, ...listed].filter((handle) => handle !== noReceipt));
    return { kind: "done", value: [...handles].map((handle) => ({ handle })) };
  }

  /** Closes the terminal's day, where no hold stands. */
  async endOfDay(): Promise<GatewayOutcome<null>> {
    const open = await this.openHolds();
    if (open.kind !== "done") return open;
    const notReady = (message: string): GatewayOutcome<never> => ({ kind: "refused", code: "not-ready", message });
    if (open.value.length > 0)
      return notReady(
        `holds stand (${open.value.map(({ handle }) => handle).join(", ")}): the end of day waits for them`,
      );
    if (this.#now() < this.#lateUntil) return notReady("the bank may still answer a hold: the end of day waits for it");
    const answer = await this.#parts.connection.run(endOfDayFrame(this.#parts.password));
    if (answer.kind === "completed") {
      this.#dayEndsAt = this.#now() + endOfDayEveryMs;
      return { kind: "done", value: null };
    }
    return paid(answer, () => null);
  }

  get isClosed(): boolean {
    return this.#parts.connection.isClosed;
  }

  close(): Promise<void> {
    this.#parts.connection.close();
    return Promise.resolve();
  }

  #now(): MonoMs {
    return this.#parts.clock.now().monoMs;
  }

  /** Between two waits for a card: how the terminal is, and its end of day when it is due and nothing stands. */
  async #upkeep(): Promise<void> {
    if (this.#now() >= this.#lookAgainAt) {
      const { state: now } = await this.look();
      if (now === state.dayDue) this.#dayEndsAt = Math.min(this.#dayEndsAt, this.#now());
    }
    if (this.#now() < this.#dayEndsAt) return;
    const ended = await this.endOfDay();
    if (ended.kind !== "done") this.#dayEndsAt = this.#now() + dayAgainMs;
  }

  /** A terminal that refuses the text is not asked again. */
  async #showText(): Promise<void> {
    if (!this.#isTextDue) return;
    this.#isTextDue = false;
    const shown = await this.#parts.connection.run(displayFrame(wrapped(this.#text, displayColumns)));
    if (shown.kind === "refused") this.#canShow = false;
  }

  /** Throws DeviceError for an answer that never came. */
  #sent(answer: Exchange | NotSent): Exclude<Exchange, { readonly kind: "broken" }> {
    if (answer.kind === "not-sent") throw answer.error;
    if (answer.kind === "broken")
      throw new DeviceError(
        "terminal/lost",
        `${this.#parts.connection.name}: ${answer.why}; check its power and its cable`,
      );
    return answer;
  }

  #stateOf(told: number, version: string | undefined): TerminalState {
    const { connection } = this.#parts;
    if (!usable.includes(told) && !unprepared.includes(told))
      throw new DeviceError("terminal/not-ready", `${connection.name}: ${stateWords(told)}`);
    return {
      terminalId: connection.terminalId ?? null,
      version: version ?? null,
      state: told,
      words: stateWords(told),
      endOfDayDue: told === state.dayDue || this.#now() >= this.#dayEndsAt,
    };
  }

  #zvtAmount({ minor, currency }: MinorAmount): { readonly minor: number; readonly currency: string } {
    return { minor, currency: zvtCurrency(currency) };
  }

  #bookFrame(hold: GatewayHold, final: MinorAmount): Uint8Array {
    const { dialect } = this.#parts.config;
    const amount = this.#zvtAmount(final);
    switch (dialect) {
      case "give-back":
        return partialReversalFrame(hold.handle, { ...amount, minor: hold.amount.minor - final.minor });
      case "final":
        return partialReversalFrame(hold.handle, amount);
      case "book-total":
        return bookTotalFrame(hold.handle, amount);
      default:
        return dialect satisfies never;
    }
  }

  #madeHold(request: HoldRequest, fields: ZvtFields): GatewayHold | undefined {
    const { receipt, amount, trace, authorisation } = fields;
    if (receipt === undefined || receipt === noReceipt) return undefined;
    // As it registers: by that the terminal is known again.
    const terminalId = this.#parts.connection.terminalId ?? fields.terminalId;
    return {
      reference: request.reference,
      amount: { minor: amount ?? request.amount.minor, currency: request.amount.currency },
      handle: receipt,
      ...(terminalId === undefined ? {} : { terminalId }),
      ...(trace === undefined ? {} : { trace }),
      ...(authorisation === undefined ? {} : { authorization: authorisation }),
      card: paymentCardOf(fields),
    };
  }

  #bareHold({ reference, amount }: HoldRequest, handle: string): GatewayHold {
    const { terminalId } = this.#parts.connection;
    return { reference, amount, handle, ...(terminalId === undefined ? {} : { terminalId }) };
  }

  /** The terminal's last payment, where it tells one. */
  async #lastReceipt(): Promise<ZvtFields | undefined> {
    const answer = await this.#parts.connection.run(repeatReceiptFrame(this.#parts.password));
    return answer.kind === "completed" && answer.status?.result === 0 ? answer.status : undefined;
  }
}

/** A text in lines of so many characters, broken between words. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
