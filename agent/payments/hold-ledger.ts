// Drives every hold to its end: what each wants is asked after each fact and again when a wait is over, one step at a time.
// After a restart it begins with the same question, so that there is no second path for recovery.
import type { Clock, MonoMs } from "../../drivers/driver.js";
import { type OpenHold, type PaymentGateway, type RefusalCode, whyNotDone } from "../../drivers/payment-gateway.js";
import { type Hold, type HoldWish, isEnded, openHolds } from "../core/payment/hold.js";
import { holdTask } from "../core/payment/hold-task.js";
import { amountInWords } from "../core/payment/minor-amount.js";
import type { StationState } from "../core/station/station-state.js";
import type { Faults } from "../sync/faults.js";
import { type HoldAnswer, type HoldAsk, holdReference } from "./hold-ask.js";
import { endWords } from "./hold-end-words.js";
import { HoldSteps, type HoldStepsParts } from "./hold-steps.js";
import type { HoldTable } from "./hold-table.js";

export type HoldLedgerParts = Pick<HoldStepsParts, "record" | "payable" | "receiptOf" | "whyNotBooked"> & {
  readonly clock: Clock;
  readonly stationState: () => StationState;
  /** The gateway while it can be reached. */
  readonly gateway: () => PaymentGateway | undefined;
  readonly table: HoldTable;
  readonly faults: Pick<Faults, "raise" | "mended">;
  /** Holds of nobody that is known here are let go of when the gateway is reached. */
  readonly releaseUnknown: boolean;
  /** A hold has ended: whoever must know is told; told again after a crash. */
  readonly ended: (hold: Hold) => void;
  /** Random text, of which the reference takes its end. */
  readonly newId: () => string;
  readonly note: (text: string) => void;
  readonly die: (error: unknown) => void;
};

const firstRetryMs = 2_000;
const longestRetryMs = 300_000;
/** So long after its tap a hold whose answer was lost still begins a session; later it is let go of. */
const adoptWithinMs = 30_000;
/** What is unsure for so long may need a person. */
const unsureToldMs = 120_000;
/** This part of a hold's life is left when a warning comes. */
const oldPart = 0.25;

export class HoldLedger {
  readonly #steps: HoldSteps;
  readonly #parts: HoldLedgerParts;
  readonly #retries = new Map<string, { readonly tries: number; readonly dueMonoMs: MonoMs }>();
  /** Sessions that begin when the lost answer of their hold is found in time. */
  readonly #adopters = new Map<string, Pick<HoldAsk, "begin" | "later"> & { readonly untilMonoMs: MonoMs }>();
  readonly #stuck = new Map<string, string>();
  readonly #told = new Set<string>();
  #unknown: readonly OpenHold[] = [];
  #turn: Promise<void> = Promise.resolve();
  #isPumping = false;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: HoldLedgerParts) {
    this.#parts = parts;
    const { clock, record, payable, receiptOf, whyNotBooked } = parts;
    this.#steps = new HoldSteps({
      clock,
      holds: () => this.#holds(),
      record: (event) => !this.#isClosed && record(event),
      payable,
      receiptOf,
      whyNotBooked,
    });
  }

  /** Nothing is sent or written any more; a step whose answer is out is asked about at the next start. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  /** Open holds, the oldest first. */
  open(): readonly Hold[] {
    return openHolds(this.#holds());
  }

  /** Holds that were open at the gateway when it was asked last, and are not ours. */
  get unknown(): readonly OpenHold[] {
    return this.#unknown;
  }

  /** Why a person may be needed for a hold. */
  stuck(reference: string): string | undefined {
    return this.#stuck.get(reference);
  }

  // ---- asking for money

  /** Holds an amount for a tap. Settles within the gateway's own bound; the session begins by `ask.begin`. */
  hold(ask: HoldAsk): Promise<HoldAnswer> {
    return this.#inTurn(() => this.#hold(ask));
  }

  async #hold({ connector, amount, cardKey, card, begin, later }: HoldAsk): Promise<HoldAnswer> {
    const refused = (code: RefusalCode, message: string): HoldAnswer => ({ kind: "refused", code, message });
    const gateway = this.#parts.gateway();
    if (gateway === undefined || this.#isClosed) return refused("not-ready", "the gateway cannot be reached");
    // One whose answer is missing must be found before another is made: only so can the two be told apart.
    for (const lost of this.open().filter(({ state }) => state === "wanted")) {
      await this.#perform(lost, gateway);
      if (this.#holds().get(lost.reference)?.state === "wanted" && !this.#stuck.has(lost.reference))
        return refused("not-ready", "an earlier payment is still being cleared up");
    }
    const open = await gateway.openHolds();
    if (open.kind === "refused") return refused(open.code, open.message);
    if (open.kind === "unsure") return refused("not-ready", open.why);
    const openBefore = open.value.map(({ handle }) => handle);
    const wish: HoldWish = {
      ...this.#numbered(),
      gateway: gateway.name,
      connector,
      amount,
      openBefore,
      ...(cardKey === undefined ? {} : { cardKey }),
      ...(card === undefined ? {} : { card }),
    };
    const gone = this.#whyNoMore(connector, cardKey);
    if (gone !== undefined) return refused("not-ready", gone);
    const { clock, record } = this.#parts;
    const moment = clock.now();
    if (this.#isClosed || !record({ type: "HoldWanted", moment, wish }))
      return refused("not-ready", "the station is closing");
    const { reference } = wish;
    const hold = this.#holds().get(reference);
    if (hold === undefined) throw new Error(`hold ${reference} was journalled and is not known`);
    const outcome = await this.#steps.send(hold, gateway);
    if (outcome.kind === "refused") {
      this.#look(reference);
      return outcome;
    }
    // A bank or a PIN may take its time: who has the answer of his own tap has waited for it.
    const untilMonoMs = outcome.kind === "unsure" ? moment.monoMs + adoptWithinMs : Number.POSITIVE_INFINITY;
    this.#adopters.set(reference, { untilMonoMs, begin, later });
    if (outcome.kind === "unsure") {
      this.#later(reference);
      return { kind: "unsure" };
    }
    const why = this.#adopt(reference);
    this.meet();
    return why === undefined ? { kind: "began" } : { kind: "not-begun", why };
  }

  /** What has become otherwise while a tap waited: a lost hold was found and began, or the car has left. */
  #whyNoMore(connector: number, cardKey: string | undefined): string | undefined {
    if (this.#parts.stationState().sessions.get(connector)?.state !== "occupied")
      return "the connector is not free any more";
    const before = ["wanted", "held", "started"];
    const isHeld = this.open().some((hold) => hold.cardKey === cardKey && before.includes(hold.state));
    return cardKey !== undefined && isHeld ? "an earlier payment with this card is not cleared up" : undefined;
  }

  #numbered(): Pick<HoldWish, "number" | "reference"> {
    const { table, newId } = this.#parts;
    const number = Math.max(table.data.last, ...[...this.#holds().values()].map((hold) => hold.number)) + 1;
    return { number, reference: holdReference(number, newId()) };
  }

  /** A hold that was made begins its session, if its driver has waited for it no longer than he does. */
  #adopt(reference: string): string | undefined {
    const adopter = this.#adopters.get(reference);
    this.#adopters.delete(reference);
    const hold = this.#holds().get(reference);
    if (hold?.state !== "held") return "it is not held any more";
    if (adopter === undefined || this.#isClosed) return "nobody waits for it any more";
    if (this.#parts.clock.now().monoMs > adopter.untilMonoMs) return "its answer came too late";
    return adopter.begin(hold);
  }

  /** A hold whose answer was lost is known now: its driver is told, if he still waits. */
  #tellLate(reference: string): void {
    const adopter = this.#adopters.get(reference);
    const hold = this.#holds().get(reference);
    if (hold?.state === "held") {
      const why = this.#adopt(reference);
      adopter?.later(why === undefined ? { kind: "began" } : { kind: "not-begun", why });
    } else if (hold?.state === "failed")
      adopter?.later({ kind: "refused", code: "not-ready", message: hold.why ?? "no hold was made" });
  }

  // ---- bringing holds to their end

  /** A fact was written down, or the gateway is back: what holds want now is done. */
  meet(isBack = false): void {
    if (this.#isClosed) return;
    if (isBack) this.#retries.clear();
    if (this.#isPumping) return;
    this.#isPumping = true;
    void this.#pump().catch((error: unknown) => this.#parts.die(error));
  }

  async #pump(): Promise<void> {
    for (;;) {
      if (this.#isClosed) return;
      for (const ended of this.#holds().values()) if (isEnded(ended)) this.#look(ended.reference);
      const hold = this.#due();
      if (hold === undefined) {
        // At once: a fact that comes a moment later must find that nobody works.
        this.#isPumping = false;
        return this.#sleep();
      }
      await this.#inTurn(async () => {
        const gateway = this.#parts.gateway();
        if (gateway === undefined) return this.#later(hold.reference);
        await this.#perform(hold, gateway);
      });
    }
  }

  /** The next hold that wants something now. One whose send is under way waits in the same line behind it. */
  #due(): Hold | undefined {
    const { monoMs } = this.#parts.clock.now();
    return this.open().find(
      (hold) =>
        this.#task(hold) !== undefined &&
        (this.#retries.get(hold.reference)?.dueMonoMs ?? Number.NEGATIVE_INFINITY) <= monoMs,
    );
  }

  #task(hold: Hold): ReturnType<typeof holdTask> {
    return holdTask(hold, this.#parts.stationState().sessions.values());
  }

  /** Asks what the hold wants by the state as it is now, and does it. */
  async #perform({ reference }: Hold, gateway: PaymentGateway): Promise<void> {
    const hold = this.#holds().get(reference);
    const task = hold === undefined ? undefined : this.#task(hold);
    if (hold === undefined || task === undefined || this.#isClosed) return;
    const { moved, why, stuck } = await this.#steps.perform(hold, task, gateway);
    if (this.#isClosed) return;
    if (stuck === true && why !== undefined) this.#stuck.set(reference, why);
    else this.#stuck.delete(reference);
    if (moved) this.#retries.delete(reference);
    else this.#later(reference);
    this.#tellLate(reference);
    this.#look(reference);
  }

  /** Tells what a person should know of a hold, and files it when it has ended. */
  #look(reference: string): void {
    const { clock, faults, table, ended, gateway, note } = this.#parts;
    const hold = this.#holds().get(reference);
    if (hold === undefined) return;
    const device = `payment ${hold.number}`;
    const { at } = clock.now();
    if (isEnded(hold)) {
      faults.mended(device, "payment/unsure");
      faults.mended(device, "payment/hold-old");
      this.#stuck.delete(reference);
      this.#retries.delete(reference);
      this.#adopters.delete(reference);
      if (this.#told.has(reference)) return;
      if (table.file(hold)) note(endWords(hold));
      ended(hold);
      this.#told.add(reference);
      return;
    }
    const stuck = this.#stuck.get(reference);
    if (stuck !== undefined || (hold.unsure !== undefined && at - hold.sinceMs >= unsureToldMs))
      faults.raise(device, "payment/unsure", stuck ?? `${hold.unsure ?? ""}`, at);
    const lastsMs = gateway()?.holdLastsMs;
    if (lastsMs !== undefined && hold.made !== undefined && at - hold.sinceMs >= lastsMs * (1 - oldPart))
      faults.raise(device, "payment/hold-old", `${amountInWords(hold.made.amount)} held for a long time`, at);
  }

  /** Looks at every hold: for what time alone brings about. */
  minute(): void {
    for (const { reference } of this.#holds().values()) this.#look(reference);
  }

  // ---- what others hold

  /** Asks which holds are open at the gateway; those that nobody knows are let go of where the config says so. */
  reconcile(): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const gateway = this.#parts.gateway();
      if (gateway === undefined) return "the gateway cannot be reached";
      const why = await this.#askUnknown(gateway);
      if (why !== undefined) return why;
      if (this.#parts.releaseUnknown && !this.#isAnyLost())
        for (const one of this.#unknown) await this.#releaseUnknown(one, gateway, "releaseUnknownHolds");
      return undefined;
    });
  }

  /** Those that are open at the gateway now and not ours. Answers why it could not be asked. */
  async #askUnknown(gateway: PaymentGateway): Promise<string | undefined> {
    const open = await gateway.openHolds();
    if (open.kind !== "done") return whyNotDone(open);
    this.#unknown = this.#steps.unknownAmong(open.value);
    return undefined;
  }

  /** One of ours whose answer is missing may be among the unknown ones. */
  #isAnyLost(): boolean {
    return this.open().some(({ state }) => state === "wanted");
  }

  /** Lets go of a hold that is not ours, by a person's word. Answers why not. */
  releaseUnknown(handle: string, by: string): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const gateway = this.#parts.gateway();
      if (gateway === undefined) return "the gateway cannot be reached";
      const why = await this.#askUnknown(gateway);
      if (why !== undefined) return why;
      if (this.#isAnyLost()) return "it may be the hold of an earlier payment, which is not cleared up";
      const unknown = this.#unknown.find((one) => one.handle === handle);
      return unknown === undefined ? `no unknown hold ${handle} is open` : this.#releaseUnknown(unknown, gateway, by);
    });
  }

  async #releaseUnknown(unknown: OpenHold, gateway: PaymentGateway, by: string): Promise<string | undefined> {
    const { clock, record } = this.#parts;
    const { currency } = gateway;
    const { handle, reference = "", amount = { minor: 0, currency } } = unknown;
    record({ type: "UnknownHoldReleased", moment: clock.now(), gateway: gateway.name, handle, by });
    const outcome = await gateway.release({ handle, reference, amount });
    if (outcome.kind !== "done") return whyNotDone(outcome);
    this.#unknown = this.#unknown.filter((one) => one.handle !== handle);
    return undefined;
  }

  /** A person's word on one of ours: `gone` = he has seen at the gateway that it was never made. Answers why not. */
  release(number: number, by: string, gone: boolean): Promise<string | undefined> {
    // In turn: while its hold is being sent or looked for, nobody knows better.
    return this.#inTurn(async () => {
      const made = gone ? await this.#steps.whyNotGone(number, this.#parts.gateway()) : undefined;
      const why = made ?? this.#release(number, by, gone);
      if (why === undefined) this.meet();
      return why;
    });
  }

  #release(number: number, by: string, gone: boolean): string | undefined {
    const hold = this.open().find((one) => one.number === number);
    if (hold === undefined) return `there is no open payment ${number}`;
    const { clock, record } = this.#parts;
    const { reference } = hold;
    const moment = clock.now();
    const why = `released by ${by}`;
    if (gone) {
      if (hold.state !== "wanted") return `payment ${number} was made: it cannot be said to be gone`;
      record({ type: "HoldFailed", moment, reference, code: "cancelled", why: `never made, says ${by}`, by });
    } else if (hold.state === "wanted") {
      return (
        `it is not known whether payment ${number} was made: look at the gateway's open holds, ` +
        "then add --gone where it is not among them"
      );
    } else if (this.#task(hold) === undefined) return `a session runs on payment ${number}: stop it first`;
    else if (hold.state === "final" || hold.state === "book-sent")
      return `payment ${number} has receipt ${hold.receipt ?? ""} to book: credit that receipt instead`;
    else record({ type: "ReleaseWanted", moment, reference, why, by });
    this.#retries.delete(reference);
    return undefined;
  }

  // ----

  #holds(): StationState["holds"] {
    return this.#parts.stationState().holds;
  }

  #later(reference: string): void {
    const { clock } = this.#parts;
    const tries = (this.#retries.get(reference)?.tries ?? 0) + 1;
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(tries - 1, 20));
    this.#retries.set(reference, { tries, dueMonoMs: clock.now().monoMs + waitMs });
    this.#sleep();
  }

  /** Wakes when the next retry is due. */
  #sleep(): void {
    this.#wake?.();
    this.#wake = undefined;
    const due = Math.min(...[...this.#retries.values()].map(({ dueMonoMs }) => dueMonoMs));
    if (this.#isClosed || !Number.isFinite(due)) return;
    this.#wake = this.#parts.clock.at(due, () => {
      this.#wake = undefined;
      this.meet();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}
