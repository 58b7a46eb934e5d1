// The books while all goes on: at every event what the receipts bill is compared with what the meters counted, to the
// mWh, and what the backend got with what it got before. A mishap that hides energy is told beforehand: what flowed
// before and after it must be billed to the mWh all the same, nothing that did not flow ever is, and what it hid is
// written off as what it was.
import assert from "node:assert/strict";
import type { Agent } from "../../agent/app/agent.js";
import { type CdrCopies, withPerson } from "../../agent/core/cdr/cdr-copies.js";
import { milliWhOfKwh } from "../../agent/core/number/energy-text.js";
import { payloadOf } from "../../agent/core/receipt/receipt-payload.js";
import { Book } from "../../agent/ledger/book/book.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { personOf, viewDisclosures } from "../../agent/receipts/disclosures.js";
import type { Bench } from "../../drivers/bench/bench.js";
import { type Street, stateFolder } from "../support/street/street.js";

/** What the demo's meters show: whole watt-hours. */
const shownMilliWh = 1_000;
const shown = (milliWh: number): number => Math.floor(milliWh / shownMilliWh) * shownMilliWh;
/** While a car charges its last kept reading may be so old, and after a mishap the contactor may open so late. */
const aroundMs = 120_000;
const charging = new Set(["charging", "suspended"]);
const inSession = new Set([...charging, "stopping", "settling"]);

type Account = {
  /** Up to here, in mWh of the true register, all is billed or written off. */
  accounted: number;
  /** When the session that is open was last seen charging: an agent that is down for a while reads its end late. */
  chargedMs: number | undefined;
  /** The time in which a mishap may hide energy. */
  hidden: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** The true register at each look that found it changed, oldest first; from the mishap's begin on. */
  history: { readonly monoMs: number; readonly register: number }[];
};

export class LiveBooks {
  /** How often the books were compared. */
  looks = 0;
  /** mWh that nobody was billed for, since a mishap hid them. */
  writtenOffMilliWh = 0;
  readonly #accounts: ReadonlyMap<number, Account>;
  readonly #known = new Set<number>();
  readonly #texts = new Map<string, string>();
  #heard = 0;
  #posts = 0;

  constructor(readonly street: Street) {
    const { clock, outlets } = street.before;
    this.#accounts = new Map(
      Object.entries(outlets).map(([id, { registerMilliWh }]) => {
        const register = shown(registerMilliWh);
        return [
          Number(id),
          {
            accounted: register,
            chargedMs: undefined,
            hidden: undefined,
            history: [{ monoMs: clock.monoMs, register }],
          },
        ];
      }),
    );
  }

  /** A mishap begins that may hide energy of a connector until so many minutes from now. */
  hide(connector: number, nowMs: number, minutes: number): void {
    const account = this.#account(connector);
    const { fromMs, toMs } = account.hidden ?? { fromMs: (account.chargedMs ?? nowMs) - aroundMs, toMs: 0 };
    account.hidden = { fromMs, toMs: Math.max(toMs, nowMs + minutes * 60_000) };
  }

  /** Compares, after an event of a living agent. Throws with the first thing that is not right. */
  look(agent: Agent, { clock, world }: Bench): void {
    this.looks += 1;
    const { event } = this.street.seen;
    const registerOf = (id: number): number => shown(world.meterValues(id).energyMilliWh);
    for (; this.#heard < event.length; this.#heard += 1) {
      const told = event[this.#heard];
      if (told?.type === "receipt")
        this.#bill(told.number, this.street.seen.receipts.get(told.number) ?? "", registerOf);
    }
    this.#backend();
    const { connectors, keyId } = agent.snapshot();
    // While the services cannot be opened nobody knows of the sessions.
    if (keyId === "") return;
    const nowMs = clock.now().monoMs;
    for (const { id, state } of connectors) {
      const account = this.#account(id);
      const register = registerOf(id);
      assert.ok(
        account.accounted <= register,
        `connector ${id}: ${account.accounted} mWh are billed, the meter counted ${register}`,
      );
      if (charging.has(state)) account.chargedMs = nowMs;
      else if (!inSession.has(state)) account.chargedMs = undefined;
      remember(account, nowMs, register);
      if (inSession.has(state) || world.isClosed(id)) continue;
      const open = register - account.accounted;
      if (account.hidden === undefined)
        assert.equal(open, 0, `connector ${id} (${state}): ${open} mWh flowed and nobody is billed`);
      if (account.hidden === undefined || nowMs < account.hidden.toMs) continue;
      const flowed = flowedIn(account, account.hidden.fromMs, account.hidden.toMs + aroundMs);
      assert.ok(
        open <= flowed,
        `connector ${id} (${state}): ${open} mWh are on no receipt, and ${flowed} flowed while a mishap could hide them`,
      );
      this.writtenOffMilliWh += open;
      Object.assign(account, { accounted: register, hidden: undefined });
    }
  }

  /** mWh that flowed and are on no receipt: written off, or hidden by a mishap that is not over. */
  unbilledMilliWh(): number {
    return [...this.#accounts].reduce(
      (sum, [id, { accounted }]) => sum + this.#lastRegister(id) - accounted,
      this.writtenOffMilliWh,
    );
  }

  #lastRegister(id: number): number {
    return shown(this.street.world.outlets[id]?.registerMilliWh ?? assert.fail(`no connector ${id}`));
  }

  /** What a life that ended left in the book without a word to anyone: before the next one starts. */
  catchUp(): void {
    const disk = new Disk(this.street.files.copy());
    let book: ReturnType<typeof Book.view>;
    try {
      book = Book.view(disk, `${stateFolder}/book`);
    } catch {
      // Not begun yet, or torn in its beginning: the next start says so.
      return;
    }
    for (let number = 1; number <= book.count(); number += 1) {
      if (this.#known.has(number)) continue;
      const entry = book.get(number);
      if (entry === undefined) continue;
      this.#bill(number, entry.jws, (id) => this.#lastRegister(id));
      const person = personOf(entry, viewDisclosures(disk, stateFolder));
      const text = withPerson((entry.cdr as CdrCopies | null)?.texts["2.3.0"] ?? "{}", person);
      if (entry.kind === "sale") this.#sent(entry.cdrId, text);
    }
    this.#heard = this.street.seen.event.length;
  }

  #bill(number: number, jws: string, registerOf: (connector: number) => number): void {
    if (this.#known.has(number)) return;
    this.#known.add(number);
    const payload = payloadOf(jws);
    if (payload?.kind !== "sale") return;
    const { connector, energyKwh, begin, finish } = payload.sale;
    const [energy, from, to] = [energyKwh, begin.registerKwh, finish.registerKwh].map(
      (text) => milliWhOfKwh(text) ?? assert.fail(`${text} is no energy`),
    ) as [number, number, number];
    const account = this.#account(connector.id);
    assert.equal(energy, to - from, `receipt ${number}`);
    assert.ok(energy >= 0, `receipt ${number} bills ${energy} mWh`);
    if (account.hidden === undefined)
      assert.equal(from, account.accounted, `receipt ${number} begins where the one before it ended`);
    account.accounted += energy;
    assert.ok(account.accounted <= registerOf(connector.id), `receipt ${number} bills ${energy} mWh that did not flow`);
  }

  /** Every copy is the same to the byte as the first. */
  #backend(): void {
    const { posts } = this.street.backend;
    for (; this.#posts < posts.length; this.#posts += 1) {
      const post = posts[this.#posts];
      if (post !== undefined) this.#sent(post.id, post.body);
    }
  }

  #sent(id: string, body: string): void {
    const first = this.#texts.get(id) ?? body;
    this.#texts.set(id, first);
    assert.equal(body, first, `every copy of ${id} is the same to the byte`);
  }

  #account(connector: number): Account {
    return this.#accounts.get(connector) ?? assert.fail(`no connector ${connector}`);
  }
}

/** Keeps the register's history as far back as a mishap that begins now, or has begun, reaches. */
function remember(account: Account, monoMs: number, register: number): void {
  const { history, hidden, chargedMs } = account;
  // A look may come after the moment of a power cut: what it saw then did not happen.
  while (history.length > 1 && ((history.at(-1)?.monoMs ?? 0) > monoMs || (history.at(-1)?.register ?? 0) > register))
    history.pop();
  if (history.at(-1)?.register !== register) history.push({ monoMs, register });
  const neededMs = hidden?.fromMs ?? (chargedMs ?? monoMs) - aroundMs;
  while ((history[1]?.monoMs ?? Number.POSITIVE_INFINITY) <= neededMs) history.shift();
}

/** mWh that flowed between two moments, and in the looks around them. */
function flowedIn({ history }: Account, fromMs: number, toMs: number): number {
  const before = history.findLast(({ monoMs }) => monoMs <= fromMs) ?? history[0];
  const after = history.find(({ monoMs }) => monoMs >= toMs) ?? history.at(-1);
  return (after?.register ?? 0) - (before?.register ?? 0);
}
