// The station's part in the driver's page, loaded only where the config has one: it tells the page's process how things
// stand, at most once a second, and answers its few questions. Whatever fails here costs the page, never a session.

import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import { processMs } from "../../../drivers/clock.js";
import type { Clock, Moment } from "../../../drivers/driver.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import type { Disk } from "../../ledger/store/disk.js";
import { publicKeyFile } from "../../receipts/key-rotation.js";
import { type LinkedSession, SessionLinks } from "../../receipts/session-links.js";
import type { AgentEvent } from "../../station/events.js";
import type { PushedConnector, StationPush, StationTariffs } from "../../web/link/frames.js";
import type { Services } from "../services/services.js";
import { PageQuestions } from "./page-questions.js";
import { type PagePeer, PageSocket } from "./page-socket.js";
import { connectorStateOf, curveOf, helloOf, type PageConfigured } from "./page-state.js";

const defaultPushEveryMs = 1_000;
/** So often also when nothing has changed: the page knows by it that the station is there. */
const beatEveryMs = 10_000;
const reopenMs = 60_000;
/** Receipts of before a crash whose links were not written. */
const mostCaughtUp = 32;

export type DriverPageParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly version: string;
  readonly services: () => Services | undefined;
  readonly whyClosed: () => string | undefined;
  readonly note: (text: string) => void;
  /** How often the page is told at most. */
  readonly pushEveryMs?: number;
};

export class DriverPage {
  readonly #parts: DriverPageParts & { readonly config: PageConfigured };
  #socket: PageSocket | undefined;
  #opening: Promise<void> | undefined;
  #links: SessionLinks | undefined;
  #questions: PageQuestions | undefined;
  #push: NodeJS.Timeout | undefined;
  #nextCode: NodeJS.Timeout | undefined;
  #pushedMs = Number.NEGATIVE_INFINITY;
  readonly #beat: NodeJS.Timeout;
  readonly #reopen: NodeJS.Timeout;
  readonly #since = new Map<number, { readonly state: PushedConnector["state"]; readonly sinceMs: number }>();
  /** What was pushed last, by the objects it was made from. */
  #sold: readonly (Tariff | undefined)[] = [];
  #keyId = "";
  #checkpoint = "";
  #closed = false;
  #told = "";

  private constructor(parts: DriverPageParts & { readonly config: PageConfigured }) {
    this.#parts = parts;
    // Unlike the station's own times these are of the process: a page wants to be told in real seconds.
    this.#beat = setInterval(() => this.#send(), beatEveryMs);
    this.#reopen = setInterval(() => this.#listen(), reopenMs);
    this.#beat.unref();
    this.#reopen.unref();
    this.#listen();
  }

  /** Undefined where the config has no page. */
  static open(parts: DriverPageParts): DriverPage | undefined {
    const { config } = parts;
    return config.page === undefined
      ? undefined
      : new DriverPage({ ...parts, config: { ...config, page: config.page } });
  }

  /** Something may look different; told to the page soon. */
  changed(): void {
    if (this.#socket?.hasPeers !== true || this.#push !== undefined || this.#closed) return;
    const { pushEveryMs = defaultPushEveryMs } = this.#parts;
    const wait = Math.max(0, this.#pushedMs + pushEveryMs - processMs());
    this.#push = setTimeout(() => {
      this.#push = undefined;
      this.#send();
    }, wait);
    this.#push.unref();
  }

  /** A receipt that is there is what its session's link leads to from now on. */
  heard(event: AgentEvent): void {
    if (event.type === "receipt" && event.file !== "") this.#guarded(() => this.#lead(event.session, event.number));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#push);
    clearTimeout(this.#nextCode);
    clearInterval(this.#beat);
    clearInterval(this.#reopen);
    await this.#opening;
    await this.#socket?.close();
  }

  #listen(): void {
    if (this.#socket !== undefined || this.#opening !== undefined || this.#closed) return;
    this.#opening = PageSocket.open({
      path: this.#parts.config.page.socket,
      joined: (peer) => this.#guarded(() => this.#welcome(peer)),
      answer: async (question) => (await this.#ready()?.answer(question)) ?? { ok: false, why: "refused" },
      failed: (error) => this.#failed(error),
    })
      .then(async (socket) => {
        this.#socket = socket;
        if (this.#closed) await socket.close();
      })
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#opening = undefined;
      });
  }

  /** Links and questions, as soon as the state folder can be used. */
  #ready(): PageQuestions | undefined {
    const { config, disk, clock, services } = this.#parts;
    if (services() === undefined) return undefined;
    if (this.#links === undefined) {
      this.#links = SessionLinks.open(disk, config.state);
      this.#catchUp();
    }
    this.#questions ??= new PageQuestions({ config, disk, links: this.#links, now: () => clock.now(), services });
    return this.#questions;
  }

  /** Receipts whose links were not written when the station died. */
  #catchUp(): void {
    const book = this.#parts.services()?.book;
    if (book === undefined) return;
    const atMs = this.#parts.clock.now().at;
    const missed: LinkedSession[] = [];
    const from = Math.max(this.#links?.newest() ?? 0, book.count() - mostCaughtUp);
    for (let number = from + 1; number <= book.count(); number += 1) {
      const entry = book.get(number);
      if (entry?.kind !== "sale") continue;
      // What was issued while the clock was not set is as good as new.
      const sinceMs = payloadOf(entry.jws)?.clock === "unsynced" ? atMs : entry.issuedMs;
      missed.push({ sessionId: entry.sessionId, receipt: number, untilMs: sinceMs + this.#parts.config.page.links });
    }
    // One write for all: the station waits for it.
    this.#links?.leadAll(missed, atMs);
  }

  #lead(sessionId: string, receipt: number): void {
    this.#ready();
    const atMs = this.#parts.clock.now().at;
    this.#links?.lead(sessionId, receipt, { atMs, untilMs: atMs + this.#parts.config.page.links });
    this.changed();
  }

  #welcome(peer: PagePeer): void {
    this.#ready();
    peer.push(helloOf(this.#parts.config, this.#parts.version));
    const frames = [this.#tariffs(true), this.#key(true), this.#state()];
    for (const frame of frames) if (frame !== undefined) peer.push(frame);
    const links = this.#links;
    if (links === undefined) return;
    for (const [id, session] of this.#parts.services()?.station.stationState().sessions ?? []) {
      const curve = curveOf(id, session, (sessionId) => links.linkOf(sessionId));
      if (curve !== undefined) peer.push(curve);
    }
  }

  #send(): void {
    if (this.#closed || this.#socket?.hasPeers !== true) return;
    this.#pushedMs = processMs();
    this.#guarded(() => {
      this.#ready();
      for (const frame of [this.#tariffs(false), this.#key(false), this.#state()])
        if (frame !== undefined) this.#socket?.push(frame);
    });
  }

  #state(): StationPush {
    const { config, clock, services, whyClosed } = this.#parts;
    const moment = clock.now();
    const [open, links, blocked] = [services(), this.#links, whyClosed()];
    const connectors = config.connectors.map((connector): PushedConnector => {
      const { id } = connector;
      const state =
        open === undefined || links === undefined
          ? ({ id, status: "INOPERATIVE", state: "out-of-order" } as const)
          : connectorStateOf(connector, config, {
              services: open,
              moment,
              blocked,
              linkOf: (sessionId) => links.linkOf(sessionId),
            });
      return { ...state, sinceMs: this.#sinceMs(id, state.state, moment.at) };
    });
    this.#awaitNextCode(moment);
    return { type: "state", atMs: moment.at, trust: moment.trust, closed: blocked !== undefined, connectors };
  }

  /** Since when a connector is as it is; of a fault its own time is known. */
  #sinceMs(id: number, state: PushedConnector["state"], atMs: number): number {
    const known = this.#since.get(id);
    if (known?.state === state) return known.sinceMs;
    const faults = state === "out-of-order" ? (this.#parts.services()?.station.faults.all() ?? []) : [];
    const ofFaults = faults.filter(({ device }) => device === `connector ${id}` || device === "station");
    const sinceMs = Math.min(atMs, ...ofFaults.map((fault) => fault.sinceMs));
    this.#since.set(id, { state, sinceMs });
    return sinceMs;
  }

  /** The page shows no payment code that is over: it is told of the next one as it comes. */
  #awaitNextCode(moment: Moment): void {
    const { config, services } = this.#parts;
    const code = services()?.paymentCode;
    const ends = config.connectors.flatMap(({ id }) => code?.(id, moment)?.endsMs ?? []);
    clearTimeout(this.#nextCode);
    if (ends.length === 0) return;
    this.#nextCode = setTimeout(() => this.changed(), Math.max(0, Math.min(...ends) - moment.at));
    this.#nextCode.unref();
  }

  /** The tariffs of all connectors; undefined where they are those of the last push. */
  #tariffs(always: boolean): StationTariffs | undefined {
    const { config, clock, services } = this.#parts;
    const now = clock.now();
    const active = services()?.activeTariffs;
    const sold = config.connectors.map((connector) => active?.inForce(connector, now));
    if (!always && sold.every((tariff, index) => tariff === this.#sold[index])) return undefined;
    this.#sold = sold;
    const tariffs = [...new Set(sold)].map((tariff) => ({
      connectors: config.connectors.filter((_, index) => sold[index] === tariff).map(({ id }) => id),
      tariff: tariff?.source ?? null,
      sinceMs: now.at,
    }));
    return { type: "tariffs", tariffs };
  }

  #key(always: boolean): StationPush | undefined {
    const { config, disk, services } = this.#parts;
    const issuer = services()?.issuer;
    if (issuer === undefined) return undefined;
    const { checkpoint } = issuer.chain;
    if (!always && issuer.keyId === this.#keyId && checkpoint === this.#checkpoint) return undefined;
    [this.#keyId, this.#checkpoint] = [issuer.keyId, checkpoint];
    const publicKeys = disk.read(join(config.state, publicKeyFile))?.toString("utf8") ?? "";
    return { type: "key", keyId: issuer.keyId, publicKeys, checkpoint };
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Told once for each kind of trouble, and never the station's own. */
  #failed(error: unknown): void {
    const text = `the driver's page: ${error instanceof Error ? error.message : String(error)}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#parts.note(text);
  }
}
