// What the page may ask of the station, and how often. Guessing is counted here and not in the page: whoever takes the
// page over gains no more tries.
import { join } from "node:path";
import { setImmediate as otherWork } from "node:timers/promises";
import type { Config } from "../../../config/schema.js";
import type { Moment } from "../../../drivers/driver.js";
import type { Complaint } from "../../core/complaints/complaint.js";
import { Failure } from "../../core/failure.js";
import { compare, ratioOfText } from "../../core/number/money.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import { dayMs } from "../../core/time/time.js";
import type { BookEntry } from "../../ledger/book/book-page.js";
import type { Disk } from "../../ledger/store/disk.js";
import { laterReceipts } from "../../receipts/output/exports.js";
import { copyPath } from "../../receipts/output/receipt-file-retention.js";
import type { SessionLinks } from "../../receipts/session-links.js";
import type { Linked, PageAnswer, PageQuestion } from "../../web/link/frames.js";
import type { Services } from "../services/services.js";
import { CardTries } from "./card-tries.js";
import { LaterFiles } from "./later-files.js";
import { TryLimit } from "./try-limit.js";

/** Five tries an hour at a receipt of long ago; and so many of all clients together. */
const findTries = { tries: 5, withinMs: 3_600_000 };
const allFindTries = { tries: 60, withinMs: 3_600_000 };
/** Questions of all kinds. */
const allQuestions = { tries: 100, withinMs: 1_000 };
/** A link that a look-up gave leads to its receipt for a day. */
const foundForMs = dayMs;
/** Receipts that one look-up reads, from the first of its day on. */
const mostLookedAt = 2_000;
/** After so many it lets the station go on. */
const readAtOnce = 8;

export type PageQuestionParts = {
  readonly config: Config;
  readonly disk: Disk;
  readonly links: SessionLinks;
  readonly now: () => Moment;
  readonly services: () => Services | undefined;
};

const unknown: PageAnswer = { ok: false, why: "unknown" };
const refused: PageAnswer = { ok: false, why: "refused" };
const wait = (waitMs: number): PageAnswer => ({ ok: false, why: "wait", waitMs: Math.ceil(waitMs) });

export class PageQuestions {
  readonly #cardTries = new CardTries();
  readonly #findTries = new TryLimit(findTries);
  readonly #allFindTries = new TryLimit(allFindTries);
  readonly #all = new TryLimit(allQuestions);
  readonly #laterFiles = new LaterFiles();
  #finding = false;

  constructor(private readonly parts: PageQuestionParts) {}

  /** Throws what the disk throws. */
  async answer(question: PageQuestion): Promise<PageAnswer> {
    const now = this.parts.now();
    const services = this.parts.services();
    const waitMs = this.#all.take("page", now.monoMs);
    if (waitMs > 0) return wait(waitMs);
    if (services === undefined) return refused;
    switch (question.ask) {
      case "claim":
        return this.#claim(services, question.connector, question.lastFour, now);
      case "receipt":
        return this.#receipt(services, question.link, now);
      case "find":
        return this.#find(services, question, now);
      case "stop":
        return this.#stop(services, question.link);
      case "complain":
        return this.#complain(services, question, now);
      default:
        return question satisfies never;
    }
  }

  #claim(services: Services, connector: number, lastFour: string, now: Moment): PageAnswer {
    const session = services.station.session(connector);
    const held = session === undefined ? undefined : cardAt(session, services);
    if (held === undefined) return unknown;
    const waitMs = this.#cardTries.take(connector, held.sessionId, now.monoMs);
    if (waitMs > 0) return wait(waitMs);
    if (held.uid.slice(-4).toUpperCase() !== lastFour) return unknown;
    this.#cardTries.forgive(connector);
    return { ok: true, value: { link: this.parts.links.linkOf(held.sessionId) } };
  }

  async #receipt(services: Services, link: string, now: Moment): Promise<PageAnswer> {
    const connector = this.#running(services, link);
    if (connector !== undefined) return { ok: true, value: { is: "running", connector } satisfies Linked };
    const number = this.parts.links.receiptOf(link, now.at);
    const entry = number === undefined ? undefined : services.book.get(number);
    if (entry === undefined) return unknown;
    const { receiptOutput, state } = this.parts.config;
    const path = `${copyPath(join(state, receiptOutput?.folder ?? ""), entry.number)}.json`;
    const file = this.parts.disk.read(path)?.toString("utf8");
    if (file === undefined) return unknown;
    const later = laterReceipts(services.book, entry.number);
    const linked: Linked = {
      is: "issued",
      number: entry.number,
      file:
        Object.keys(later).length === 0 ? file : await this.#laterFiles.of(services.book, entry.number, later, file),
      ocmf: entry.ocmf,
      later,
      complaints: services.complaints.about(entry.number).map(linkedComplaint),
    };
    return { ok: true, value: linked };
  }

  /** Takes a complaint from who holds the link of a receipt; how many one receipt may have is bounded. */
  #complain(services: Services, question: Extract<PageQuestion, { ask: "complain" }>, now: Moment): PageAnswer {
    const number = this.parts.links.receiptOf(question.link, now.at);
    if (number === undefined) return unknown;
    try {
      const { reason, text, contact, language } = question;
      const complaint = services.complaints.take(number, { reason, text, contact }, language, now);
      return { ok: true, value: { number: complaint.number } };
    } catch (error) {
      // What may not be is an answer; trouble with the disk is not.
      if (!(error instanceof Failure) || !["usage/invalid", "agent/refused"].includes(error.code)) throw error;
      return refused;
    }
  }

  #stop(services: Services, link: string): PageAnswer {
    const connector = this.parts.config.page?.stop === true ? this.#running(services, link) : undefined;
    if (connector === undefined) return refused;
    return services.station.stop(connector) === null ? { ok: true, value: {} } : refused;
  }

  /** The connector at which the session of a link runs. */
  #running(services: Services, link: string): number | undefined {
    for (const [connector, session] of services.station.stationState().sessions)
      if ("sale" in session && this.parts.links.linkOf(session.sale.opening.id) === link) return connector;
    return undefined;
  }

  async #find(
    services: Services,
    question: Extract<PageQuestion, { ask: "find" }>,
    { at: atMs, monoMs }: Moment,
  ): Promise<PageAnswer> {
    // One at a time: each reads what may be a large book.
    if (this.#finding) return wait(1_000);
    // Who has no tries left takes none of those that all have together.
    const ownMs = this.#findTries.take(question.client, monoMs);
    const waitMs = ownMs > 0 ? ownMs : this.#allFindTries.take("all", monoMs);
    if (waitMs > 0) return wait(waitMs);
    this.#finding = true;
    try {
      const entry = await found(services.book, question);
      if (entry === undefined) return unknown;
      const link = this.parts.links.lead(entry.sessionId, entry.number, { atMs, untilMs: atMs + foundForMs });
      return { ok: true, value: { link } };
    } finally {
      this.#finding = false;
    }
  }
}

/** A complaint as its driver sees it. */
const linkedComplaint = ({ number, reason, written, dueMs, answers, end }: Complaint): LinkedComplaint => ({
  number,
  reason,
  dueMs,
  ...(written === undefined ? {} : { text: written.text }),
  answers: answers.map(({ atMs, text }) => ({ atMs, text })),
  ...(end === undefined
    ? {}
    : { end: { atMs: end.atMs, ...(end.credit === undefined ? {} : { credit: end.credit }) } }),
});
type LinkedComplaint = Extract<Linked, { is: "issued" }>["complaints"][number];

/** The card of a session that runs, or whose car is still plugged in. */
function cardAt(
  session: NonNullable<ReturnType<Services["station"]["session"]>>,
  { book }: Pick<Services, "book">,
): { readonly uid: string; readonly sessionId: string } | undefined {
  if ("sale" in session) return { uid: session.sale.opening.acceptance.token.uid, sessionId: session.sale.opening.id };
  if (session.state !== "finishing") return undefined;
  const sessionId = book.get(session.receiptNumber)?.sessionId;
  return sessionId === undefined ? undefined : { uid: session.uid, sessionId };
}

/** The sale of a day with that EVSE, card and total; the newest where there are several. */
async function found(
  book: Pick<Services["book"], "count" | "get">,
  wanted: { readonly date: string; readonly evseId: string; readonly lastFour: string; readonly total: string },
): Promise<BookEntry | undefined> {
  const dayStartMs = Date.parse(`${wanted.date}T00:00:00Z`);
  // A zone is up to 14 hours off, and a receipt is issued after its session, which may have run for days.
  const fromMs = dayStartMs - dayMs;
  let [low, high] = [1, book.count() + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    await otherWork();
    if ((book.get(middle)?.issuedMs ?? 0) < fromMs) low = middle + 1;
    else high = middle;
  }
  let hit: BookEntry | undefined;
  for (let number = low; number <= Math.min(book.count(), low + mostLookedAt); number += 1) {
    if (number % readAtOnce === 0) await otherWork();
    const entry = book.get(number);
    if (entry === undefined || entry.issuedMs > fromMs + 9 * dayMs) break;
    if (isWanted(entry, wanted)) hit = entry;
  }
  return hit;
}

function isWanted({ jws }: BookEntry, { date, evseId, lastFour, total }: Parameters<typeof found>[1]): boolean {
  const payload = payloadOf(jws);
  if (payload?.kind !== "sale") return false;
  const { sale } = payload;
  const plain = (text: string): string => text.replaceAll(/[^A-Z0-9]/gi, "").toUpperCase();
  return (
    [sale.start, sale.end].some((time) => time.startsWith(date)) &&
    plain(sale.connector.evseId) === plain(evseId) &&
    sale.token.card.slice(-4).toUpperCase() === lastFour &&
    compare(ratioOfText(sale.price.due.gross), ratioOfText(total)) === 0
  );
}
