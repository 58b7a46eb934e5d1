// The books while all goes on: at every event what the receipts bill is compared with what the meters counted, to the mWh,
// and what the backend got with what it got before. Only a mishap that hides energy, told beforehand, loosens the sum, until it is over.
import assert from "node:assert/strict";
import { milliWhOf } from "../../agent/core/energy-text.js";
import type { CdrCopies } from "../../agent/core/cdr-copies.js";
import { payloadOf } from "../../agent/core/receipt.js";
import { Book } from "../../agent/ledger/book.js";
import { Disk } from "../../agent/ledger/disk.js";
import type { Agent } from "../../agent/main.js";
import type { Bench } from "../../drivers/bench/bench.js";
import { stateFolder, type Street } from "../crash/street.js";

/** What the demo's meters show: whole watt-hours. */
const shownMilliWh = 1_000;
const shown = (milliWh: number): number => Math.floor(milliWh / shownMilliWh) * shownMilliWh;
/** Between a session's last good reading and its open contactor may lie so much at most, beside the mishap's own time. */
const aroundMs = 150_000;
const fullPowerW = 11_400;
const inSession = new Set(["charging", "suspended", "stopping", "settling"]);

type Account = {
  /** Up to here, in mWh of the true register, all is billed or written off. */
  accounted: number;
  hiddenUntilMs: number;
  hiddenAtMost: number;
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
    this.#accounts = new Map(Object.entries(street.before.outlets).map(([id, { registerMilliWh }]) => [Number(id), { accounted: shown(registerMilliWh), hiddenUntilMs: 0, hiddenAtMost: 0 }]));
  }

  /** A mishap begins that may hide energy of a connector until so many minutes from now. */
  hide(connector: number, nowMs: number, minutes: number, atMostMilliWh = (fullPowerW * (minutes * 60_000 + aroundMs)) / 3_600): void {
    const account = this.#account(connector);
    account.hiddenUntilMs = Math.max(account.hiddenUntilMs, nowMs + minutes * 60_000);
    account.hiddenAtMost += atMostMilliWh;
  }

  /** Compares, after an event of a living agent. Throws with the first thing that is not right. */
  look(agent: Agent, { clock, world }: Bench): void {
    this.looks += 1;
    const { news } = this.street.seen;
    const registerOf = (id: number): number => shown(world.meterValues(id).energyMilliWh);
    for (; this.#heard < news.length; this.#heard += 1) {
      const told = news[this.#heard];
      if (told?.news === "receipt") this.#bill(told.number, this.street.seen.receipts.get(told.number) ?? "", registerOf);
    }
    this.#backend();
    const { connectors, keyId } = agent.snapshot();
    // While the shop cannot be opened nobody knows of the sessions.
    if (keyId === "") return;
    const nowMs = clock.now().monoMs;
    for (const { id, state } of connectors) {
      const account = this.#account(id);
      const register = registerOf(id);
      assert.ok(account.accounted <= register, `connector ${id}: ${account.accounted} mWh are billed, the meter counted ${register}`);
      if (inSession.has(state) || world.isClosed(id)) continue;
      const open = register - account.accounted;
      if (account.hiddenAtMost === 0) assert.equal(open, 0, `connector ${id} (${state}): ${open} mWh flowed and nobody is billed`);
      if (nowMs < account.hiddenUntilMs) continue;
      assert.ok(open <= account.hiddenAtMost, `connector ${id} (${state}): ${open} mWh flowed and nobody is billed, ${account.hiddenAtMost} may be missing`);
      this.writtenOffMilliWh += open;
      Object.assign(account, { accounted: register, hiddenAtMost: 0 });
    }
  }

  /** mWh that flowed and are on no receipt: written off, or hidden by a mishap that is not over. */
  unbilledMilliWh(): number {
    return [...this.#accounts].reduce((sum, [id, { accounted }]) => sum + this.#lastRegister(id) - accounted, this.writtenOffMilliWh);
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
      if (entry.kind === "sale") this.#sent(entry.cdrId, (entry.cdr as CdrCopies).texts["2.2.1"] ?? "");
    }
    this.#heard = this.street.seen.news.length;
  }

  #bill(number: number, jws: string, registerOf: (connector: number) => number): void {
    if (this.#known.has(number)) return;
    this.#known.add(number);
    const payload = payloadOf(jws);
    if (payload?.kind !== "sale") return;
    const { connector, energyKwh, begin, finish } = payload.sale;
    const [energy, from, to] = [energyKwh, begin.registerKwh, finish.registerKwh].map((text) => milliWhOf(text) ?? assert.fail(`${text} is no energy`)) as [number, number, number];
    const account = this.#account(connector.id);
    assert.equal(energy, to - from, `receipt ${number}`);
    assert.ok(energy >= 0, `receipt ${number} bills ${energy} mWh`);
    if (account.hiddenAtMost === 0) assert.equal(from, account.accounted, `receipt ${number} begins where the one before it ended`);
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
