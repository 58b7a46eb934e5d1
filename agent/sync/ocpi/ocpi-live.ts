// Tells an OCPI receiver what happens while it happens, where the config names its addresses: Sessions (PUT at the begin
// and the end, PATCH in between) and the status of each EVSE (PATCH). Only the present is told: nothing queues here but
// the last word on sessions that have ended, and the CDR is the one that counts.
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { wireJson } from "../../core/json/json-text.js";
import type { Session } from "../../core/session/session.js";
import type { StationState } from "../../core/station/station-state.js";
import type { StationFeed } from "../station-port.js";
import { backoffMs } from "../transport/backoff.js";
import type { HttpAnswer } from "../transport/http.js";
import { OcpiLine, type OcpiParty } from "./ocpi-line.js";
import { activeSession, changedSession, completedSession, evseStatus, type LiveEvse } from "./ocpi-live-objects.js";
import { answerWords, envelopeOf, whyLost } from "./ocpi-verdict.js";

export type OcpiLiveParts = {
  readonly config: OcpiUplinkConfig;
  readonly from: OcpiParty;
  readonly places: readonly LiveEvse[];
  readonly clock: Clock;
  /** In [0, 1): jitter of back-offs. */
  readonly random: () => number;
  readonly feed: () => StationFeed;
  /** The CDR of a receipt, as this receiver gets it; undefined where it gets none. */
  readonly cdrOf: (receipt: number) => unknown;
  readonly note: (text: string) => void;
  readonly die: (error: unknown) => void;
};

/** `taken` and `refused` are called with what the receiver made of it; what it could not say comes again. */
type Telling = {
  readonly what: string;
  readonly line: OcpiLine;
  readonly method: "PUT" | "PATCH";
  readonly url: URL;
  readonly body: object;
  taken(): void;
  refused(): void;
};

type Verdict =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly words: string }
  | { readonly kind: "again"; readonly words: string };

/** Sessions that ended and of which the receiver has not taken the last word; of more, the oldest is left to its CDR. */
const mostEnded = 100;
/** Without a date nothing can be told: the clock is looked at again. */
const clockLookMs = 60_000;

export class OcpiLive {
  readonly #parts: OcpiLiveParts;
  readonly #sessions: { readonly url: string; readonly line: OcpiLine } | undefined;
  readonly #locations: { readonly url: string; readonly line: OcpiLine } | undefined;
  readonly #stop = new AbortController();
  /** Sessions that the receiver has, by when they were told last; infinity = it does not want them. */
  readonly #told = new Map<string, number>();
  readonly #ended = new Map<string, object>();
  /** The status of each EVSE that the receiver has taken or does not want. */
  readonly #status = new Map<number, string>();
  #stopListening: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #failures = 0;
  #noted = "";
  #holdUntilMonoMs = 0;
  #wake: (() => void) | undefined;

  /** Throws Failure config/invalid where the token would travel in the open. */
  constructor(parts: OcpiLiveParts) {
    const { config, from, clock } = parts;
    const to = (url: string | undefined) =>
      url === undefined ? undefined : { url, line: new OcpiLine(config, from, new URL(url), clock) };
    this.#parts = parts;
    this.#sessions = to(config.sessionsUrl);
    this.#locations = to(config.locationsUrl);
  }

  /** The station runs. */
  begin(): void {
    this.#stopListening = this.#parts.feed().listen(({ event, before, after }) => {
      if (event.type === "SessionSettled") this.#settled(event.number, before.sessions.get(event.connector));
      // Most facts are readings, which are told in their turn; but for the first one that has a date.
      const datedAt = (state: StationState): unknown => {
        const session = "connector" in event ? state.sessions.get(Number(event.connector)) : undefined;
        return session?.state === "charging" ? session.sale.line.dated : undefined;
      };
      if (event.type !== "MeterRead" || datedAt(before) !== datedAt(after)) this.#pump();
    });
    this.#pump();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#stop.abort();
    this.#wake?.();
    await this.#running;
    this.#sessions?.line.close();
    this.#locations?.line.close();
  }

  #settled(receipt: number, session: Session | undefined): void {
    if (this.#sessions === undefined) return;
    const completed = completedSession(this.#parts.cdrOf(receipt));
    if (completed === undefined) {
      if (session !== undefined && "sale" in session) this.#told.delete(session.sale.opening.id);
      return;
    }
    this.#ended.set(completed.id, completed.session);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size <= mostEnded || oldest === undefined) return;
    this.#ended.delete(oldest);
    this.#told.delete(oldest);
    this.#note(`the end of session ${oldest} is left to its CDR: ${mostEnded} others wait`);
  }

  /** Tells what is due, one after the other, until nothing is or something holds. */
  #pump(): void {
    this.#again = true;
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#wake?.();
    this.#wake = undefined;
    this.#running = this.#parts.clock
      .busy(this.#work())
      .catch((error: unknown) => this.#parts.die(error))
      .finally(() => {
        this.#running = undefined;
        if (this.#again) this.#pump();
        else this.#rest();
      });
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#tell(next);
    }
  }

  #next(): Telling | undefined {
    const { clock } = this.#parts;
    const now = clock.now();
    if (this.#stop.signal.aborted || now.monoMs < this.#holdUntilMonoMs) return undefined;
    if (now.trust !== "unsynced") return this.#endedSession() ?? this.#runningSession() ?? this.#evse();
    this.#holdUntilMonoMs = now.monoMs + clockLookMs;
    return undefined;
  }

  #endedSession(): Telling | undefined {
    const [first] = this.#ended;
    if (first === undefined || this.#sessions === undefined) return undefined;
    const [id, body] = first;
    const over = (): void => {
      if (this.#ended.get(id) === body) this.#ended.delete(id);
      this.#told.delete(id);
    };
    const { url, line } = this.#sessions;
    const what = `the end of session ${id}`;
    return { what, line, method: "PUT", url: this.#address(url, id), body, taken: over, refused: over };
  }

  #runningSession(): Telling | undefined {
    if (this.#sessions === undefined) return undefined;
    const { config, clock, feed, places } = this.#parts;
    const { url, line } = this.#sessions;
    const { at, monoMs } = clock.now();
    const { sessions } = feed().stationState();
    for (const place of places) {
      const session = sessions.get(place.connector);
      if (session?.state !== "charging" || session.sale.line.dated === undefined) continue;
      const sale = feed().liveReading(place.connector)?.sale ?? session.sale;
      const { id } = sale.opening;
      const toldMonoMs = this.#told.get(id);
      if (toldMonoMs !== undefined && monoMs < toldMonoMs + config.sessionUpdates) continue;
      const isNew = toldMonoMs === undefined;
      return {
        what: `session ${id}`,
        line,
        method: isNew ? "PUT" : "PATCH",
        url: this.#address(url, id),
        body: isNew ? activeSession(sale, place, config.version, at) : changedSession(sale, config.version, at),
        taken: () => void this.#told.set(id, monoMs),
        // A receiver that does not know it, or knows no PATCH, gets it whole; one that does not want it whole, its CDR.
        refused: () => void (isNew ? this.#told.set(id, Number.POSITIVE_INFINITY) : this.#told.delete(id)),
      };
    }
    return undefined;
  }

  #evse(): Telling | undefined {
    if (this.#locations === undefined) return undefined;
    const { clock, feed, places } = this.#parts;
    const { url, line } = this.#locations;
    const { at } = clock.now();
    for (const { connector, locationId, evseUid } of places) {
      const { faults, blocked, stationState } = feed();
      const status = evseStatus(connector, { faults, blocked, state: stationState() }, at);
      if (this.#status.get(connector) === status) continue;
      const done = (): void => void this.#status.set(connector, status);
      return {
        what: `the status ${status} of EVSE ${evseUid}`,
        line,
        method: "PATCH",
        url: this.#address(url, locationId, evseUid),
        body: { status, last_updated: new Date(at).toISOString() },
        taken: done,
        refused: done,
      };
    }
    return undefined;
  }

  /** Below an endpoint of a receiver: each object is named by its owner and its id. */
  #address(endpoint: string, ...ids: readonly string[]): URL {
    const { countryCode, partyId } = this.#parts.from;
    const url = new URL(endpoint);
    url.pathname = [url.pathname.replace(/\/+$/, ""), countryCode, partyId, ...ids.map(encodeURIComponent)].join("/");
    return url;
  }

  async #tell(telling: Telling): Promise<void> {
    const { clock, config, random } = this.#parts;
    const verdict = await this.#send(telling);
    if (this.#stop.signal.aborted) return;
    if (verdict.kind === "again") {
      this.#failures += 1;
      this.#holdUntilMonoMs = clock.now().monoMs + backoffMs(this.#failures, config.backoff, random());
      return this.#note(`${telling.what} was not told: ${verdict.words}`);
    }
    this.#failures = 0;
    if (verdict.kind === "taken") {
      this.#noted = "";
      return telling.taken();
    }
    this.#note(`${telling.what} is not taken (${telling.method}): ${verdict.words}`);
    telling.refused();
  }

  async #send({ line, method, url, body }: Telling): Promise<Verdict> {
    const token = line.ready();
    if (typeof token !== "string") return { kind: "again", words: token.why };
    const headers = { "Content-Type": "application/json" };
    const request = { method, url, body: wireJson(body), headers, timeoutMs: this.#parts.config.timeout } as const;
    const answer = await line.ask(request, token, this.#stop.signal);
    return answer.kind === "lost" ? { kind: "again", words: whyLost(answer, url).words } : verdictOn(answer);
  }

  /** Sleeps until a value is due or the back-off is over. */
  #rest(): void {
    const { clock, config, feed } = this.#parts;
    if (this.#stop.signal.aborted) return;
    const running = [...feed().stationState().sessions.values()].flatMap((session) =>
      session.state === "charging" ? [this.#told.get(session.sale.opening.id) ?? Number.POSITIVE_INFINITY] : [],
    );
    const { monoMs } = clock.now();
    const isHeld = monoMs < this.#holdUntilMonoMs;
    // What keeps an EVSE from selling need not be a fact of the station.
    const look = this.#locations === undefined ? Number.POSITIVE_INFINITY : monoMs + lookEveryMs;
    const next = isHeld ? this.#holdUntilMonoMs : Math.min(look, Math.min(...running) + config.sessionUpdates);
    if (!Number.isFinite(next)) return;
    this.#wake = clock.at(Math.max(next, monoMs + leastRestMs), () => {
      this.#wake = undefined;
      this.#pump();
    });
  }

  /** The same words once, until something was taken. */
  #note(text: string): void {
    if (this.#noted === text) return;
    this.#noted = text;
    this.#parts.note(text);
  }
}

/** Between two looks at what is due; and at the status of EVSEs without a fact. */
const leastRestMs = 1_000;
const lookEveryMs = 60_000;

/** What a receiver makes of one object: a login page takes nothing, and an empty answer of success is one. */
function verdictOn(answer: HttpAnswer): Verdict {
  const { status, body } = answer;
  const envelope = envelopeOf(body);
  const words = answerWords(answer, envelope);
  if (status >= 200 && status < 300) {
    if (envelope === undefined) return body?.trim() === "" ? { kind: "taken" } : { kind: "again", words };
    if (envelope.code < 2000) return { kind: "taken" };
    return { kind: envelope.code < 3000 ? "refused" : "again", words };
  }
  const isBusyOrShut = [401, 403, 408, 425, 429].includes(status);
  return { kind: status >= 400 && status < 500 && !isBusyOrShut ? "refused" : "again", words };
}
