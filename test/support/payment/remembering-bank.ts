// A bank that remembers, and the line to it that may break: at any call before the bank has heard it, or after it has
// acted and before its answer is heard. It stands at the far side of the gateway's interface and knows nothing of the
// agent.
import type { Clock } from "../../../drivers/driver.js";
import type {
  GatewayHold,
  GatewayOutcome,
  HoldRequest,
  HoldStatus,
  OpenHold,
  PaymentGateway,
  PaymentTap,
  RefusalCode,
} from "../../../drivers/payment-gateway.js";

type BankHold = {
  readonly handle: string;
  readonly owner: "us" | "other";
  readonly reference: string;
  readonly heldMinor: number;
  state: "open" | "booked" | "released";
  bookedMinor: number;
  /** How often it was booked or released: more than once is a fault of somebody. */
  ends: number;
};

/** What a bank and its terminal can tell: a terminal knows numbers of receipts alone, a provider all it was told. */
export type BankMemory = "terminal" | "provider";

/** `lost` = the bank never hears the call; `answer-lost` = it acts, and its answer is not heard. */
export type LineFault = "lost" | "answer-lost";

export class RememberingBank {
  readonly holds: BankHold[] = [];
  /** Calls so far, by their names: places where the line can break. */
  readonly calls: string[] = [];
  /** What happens at the n-th call, counted from 0. */
  faults = new Map<number, LineFault>();
  /** Called when a call is made, before the bank hears it and after it has acted. */
  onCall: (call: number, when: "before" | "after") => void = () => undefined;
  refusing: RefusalCode | undefined;
  /** Refuses to end a hold, whether by a booking or a release. */
  refusingEnd: RefusalCode | undefined;
  /** A terminal that knows nothing of the holds of the one before it. */
  isOtherTerminal = false;
  /** Books this much more than it was asked to: a wrong dialect. */
  bookedWrongBy = 0;
  #next = 231;

  constructor(
    readonly clock: Clock,
    readonly memory: BankMemory,
  ) {}

  /** A hold of another client of the same terminal. */
  heldByOther(minor: number): string {
    return this.#add("other", "", minor).handle;
  }

  /** Lets go of all holds by itself, as a bank does after their time. */
  lapse(): void {
    for (const hold of this.holds) if (hold.state === "open") hold.state = "released";
  }

  open(owner: BankHold["owner"]): readonly BankHold[] {
    return this.holds.filter((hold) => hold.owner === owner && hold.state === "open");
  }

  get ours(): readonly BankHold[] {
    return this.holds.filter(({ owner }) => owner === "us");
  }

  /** A line to it: from `closed` on nothing is heard of it any more. */
  line(currency = "EUR"): BankLine {
    return new BankLine(this, currency);
  }

  #add(owner: BankHold["owner"], reference: string, heldMinor: number): BankHold {
    const handle = String(this.#next++).padStart(4, "0");
    const hold: BankHold = { handle, owner, reference, heldMinor, state: "open", bookedMinor: 0, ends: 0 };
    this.holds.push(hold);
    return hold;
  }

  // ---- what it does when it hears a call

  make({ reference, amount }: HoldRequest): GatewayOutcome<GatewayHold> {
    if (this.refusing !== undefined) return { kind: "refused", code: this.refusing, message: "the bank said no" };
    return { kind: "done", value: this.shown(this.#add("us", reference, amount.minor), amount.currency) };
  }

  shown({ handle, reference, heldMinor }: BankHold, currency: string): GatewayHold {
    return {
      reference,
      amount: { minor: heldMinor, currency },
      handle,
      terminalId: "62000001",
      trace: handle.padStart(6, "0"),
      authorization: "4711AB",
      card: { brand: "girocard", lastFour: "4242" },
    };
  }

  find({ reference, amount, openBefore }: HoldRequest): GatewayOutcome<GatewayHold | null> {
    if (this.memory === "provider") {
      const known = this.holds.find((hold) => hold.owner === "us" && hold.reference === reference);
      return { kind: "done", value: known === undefined ? null : this.shown(known, amount.currency) };
    }
    const fresh = this.holds.filter(({ state, handle }) => state === "open" && !openBefore.includes(handle));
    const [only, ...more] = fresh;
    if (more.length > 0) return { kind: "refused", code: "not-supported", message: "several holds are new" };
    return {
      kind: "done",
      value: only === undefined ? null : { ...this.shown(only, amount.currency), reference, amount },
    };
  }

  end(handle: string, how: "booked" | "released", minor: number): GatewayOutcome<{ readonly bookedMinor?: number }> {
    if (this.refusingEnd !== undefined)
      return { kind: "refused", code: this.refusingEnd, message: "the bank cannot be reached" };
    const hold = this.holds.find((one) => one.handle === handle);
    if (hold === undefined || hold.state !== "open")
      return { kind: "refused", code: "hold-not-open", message: `${handle} is not open` };
    if (minor > hold.heldMinor) return { kind: "refused", code: "amount-too-high", message: "more than was held" };
    hold.state = how;
    hold.bookedMinor = how === "booked" ? minor + this.bookedWrongBy : 0;
    hold.ends += 1;
    return { kind: "done", value: how === "booked" ? { bookedMinor: hold.bookedMinor } : {} };
  }

  status(handle: string): GatewayOutcome<HoldStatus> {
    if (this.isOtherTerminal)
      return { kind: "refused", code: "not-supported", message: "it was held at another terminal" };
    return { kind: "done", value: this.#stateOf(handle) };
  }

  #stateOf(handle: string): HoldStatus {
    const hold = this.holds.find((one) => one.handle === handle);
    if (hold?.state === "open") return { state: "open" };
    if (this.memory === "terminal" || hold === undefined) return { state: "ended" };
    return hold.state === "booked" ? { state: "booked", bookedMinor: hold.bookedMinor } : { state: "released" };
  }

  listed(currency: string): readonly OpenHold[] {
    return this.holds
      .filter(({ state }) => state === "open")
      .map(({ handle, reference, heldMinor, owner }) =>
        this.memory === "provider" && owner === "us"
          ? { handle, reference, amount: { minor: heldMinor, currency } }
          : { handle },
      );
  }
}

/** One connection to the bank, as the agent sees it. */
export class BankLine implements PaymentGateway {
  readonly name = "terminal";
  readonly holdLastsMs = 7 * 86_400_000;
  #isClosed = false;
  #tap: ((tap: PaymentTap) => void) | undefined;

  constructor(
    readonly bank: RememberingBank,
    readonly currency: string,
  ) {}

  /** Somebody holds a card to the terminal. */
  tap(tap: PaymentTap): void {
    this.#tap?.(tap);
  }

  async *taps(signal: AbortSignal): AsyncGenerator<PaymentTap> {
    while (!signal.aborted && !this.#isClosed) {
      const tap = await new Promise<PaymentTap | undefined>((resolve) => {
        this.#tap = resolve;
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      if (tap !== undefined) yield tap;
    }
  }

  hold(request: HoldRequest): Promise<GatewayOutcome<GatewayHold>> {
    return this.#call("hold", () => this.bank.make(request));
  }

  findHold(request: HoldRequest): Promise<GatewayOutcome<GatewayHold | null>> {
    return this.#call("findHold", () => this.bank.find(request));
  }

  book({ handle }: GatewayHold, { minor }: { readonly minor: number }) {
    return this.#call("book", () => this.bank.end(handle, "booked", minor));
  }

  release({ handle }: { readonly handle: string }): Promise<GatewayOutcome<null>> {
    return this.#call<null>("release", () => {
      const ended = this.bank.end(handle, "released", 0);
      return ended.kind === "done" ? { kind: "done", value: null } : ended;
    });
  }

  holdStatus({ handle }: GatewayHold): Promise<GatewayOutcome<HoldStatus>> {
    return this.#call("holdStatus", () => this.bank.status(handle));
  }

  openHolds(): Promise<GatewayOutcome<readonly OpenHold[]>> {
    return this.#call("openHolds", () => ({ kind: "done", value: this.bank.listed(this.currency) }));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** A call takes its time both ways; the fault that is due at it breaks the line. */
  #call<T>(name: string, act: () => GatewayOutcome<T>): Promise<GatewayOutcome<T>> {
    const { bank } = this;
    const call = bank.calls.push(name) - 1;
    const unsure: GatewayOutcome<T> = { kind: "unsure", why: "no answer came" };
    const work = async (): Promise<GatewayOutcome<T>> => {
      await Promise.resolve();
      bank.onCall(call, "before");
      const fault = bank.faults.get(call);
      if (this.#isClosed || fault === "lost") return unsure;
      const outcome = act();
      bank.onCall(call, "after");
      return this.#isClosed || fault === "answer-lost" ? unsure : outcome;
    };
    return bank.clock.busy(work());
  }
}
