// Who may charge: judged by what is known here, and where that does not decide by asking the backends, as long as a
// driver can be kept waiting.
import type { Config, StationFacts } from "../../config/schema.js";
import { type Clock, sleep } from "../../drivers/driver.js";
import type { BackendCards } from "../cards/backend-cards.js";
import {
  type AuthorizationInfo,
  type CardKnowledge,
  decideCard,
  type OnlineAnswer,
  type Token,
} from "../core/cdr/token.js";
import { requiredMilliWh } from "../core/number/energy-text.js";
import type { OnlineCheck } from "../sync/station-port.js";
import type { OfflineCredit } from "./offline-credit.js";

/**
 * A backend must be asked first, or the rest of what is open read. `group` = what is known here of the card's group
 * meanwhile.
 */
export type AuthorizationQuestion = {
  readonly allowed: "ASK";
  readonly group?: string;
  /** What is being done, for the log. */
  readonly words: string;
  /**
   * Resolves within `authorisation.onlineTimeout` and what it takes to read the receipts that are open. Rejects where
   * one cannot be read.
   */
  readonly ask: (connector: number | null, signal: AbortSignal) => Promise<AuthorizationInfo>;
};

export type AuthorizerParts = {
  readonly settings: Config["authorisation"];
  readonly station: StationFacts;
  readonly clock: Clock;
  /** The token of a card from the config, enrolled, or fetched. */
  readonly token: (uid: string) => Token | undefined;
  readonly lists: Pick<BackendCards, "listed" | "cached" | "keep">;
  readonly offlineCredit: Pick<OfflineCredit, "left" | "look">;
  /** The backends that can be asked. */
  readonly checks: () => readonly OnlineCheck[];
};

type Heard = { readonly name: string; readonly answer: OnlineAnswer };

export class Authorizer {
  constructor(private readonly parts: AuthorizerParts) {}

  /** Judges a card at epoch ms `at`. */
  authorize(uid: string, at: number): AuthorizationInfo | AuthorizationQuestion {
    const { lists, settings } = this.parts;
    const known: CardKnowledge = {
      token: this.parts.token(uid),
      listed: lists.listed(uid),
      cached: lists.cached(uid, at),
    };
    const { ask, info } = decideCard(known, at, { rule: settings.offline, unknown: this.#unknown(uid) });
    const { group } = known.token ?? known.listed ?? known.cached ?? {};
    const question = { allowed: "ASK", ...(group === undefined ? {} : { group }) } as const;
    const canBeAsked = this.parts.checks().length > 0;
    const asked = {
      ...question,
      words: "asking the backend",
      ask: (connector: number | null, signal: AbortSignal) => this.#ask(uid, connector, known, info, signal),
    };
    if (ask && canBeAsked) return asked;
    if (info.allowed !== "ALLOWED") return info;
    // A card that may be asked about is, before it is turned away for what it has open.
    const isWorthAsking = ({ allowed }: AuthorizationInfo): boolean =>
      allowed === "EXPOSED" && canBeAsked && known.token?.whitelist !== "ALWAYS";
    // After a long time offline that is many receipts: the station goes on with everything else while they are read.
    if (this.parts.offlineCredit.look())
      return {
        ...question,
        words: "reading what is open for it",
        ask: async (connector, signal) => {
          const bounded = await this.#boundedWhenRead(uid, info, signal);
          return isWorthAsking(bounded) ? await asked.ask(connector, signal) : bounded;
        },
      };
    const bounded = this.#bounded(uid, info);
    return isWorthAsking(bounded) ? asked : bounded;
  }

  async #ask(
    uid: string,
    connector: number | null,
    known: CardKnowledge,
    offline: AuthorizationInfo,
    signal: AbortSignal,
  ): Promise<AuthorizationInfo> {
    const heard = await this.#firstAnswer(uid, connector, signal);
    if (heard === undefined) return await this.#boundedWhenRead(uid, offline, signal);
    const { name, answer } = heard;
    // What OCPI says of a card in its whitelist governs that card; an answer is remembered only where no token does.
    if (known.token === undefined) this.parts.lists.keep(uid, answer, this.parts.clock.now().at);
    if (answer.allowed !== "ALLOWED")
      return { allowed: answer.allowed, ...(answer.info === undefined ? {} : { info: answer.info }) };
    const group = answer.group ?? known.token?.group;
    const tariff = answer.tariff ?? known.token?.tariff;
    return {
      allowed: "ALLOWED",
      authMethod: "AUTH_REQUEST",
      by: name,
      // The session is this card's, however the backend spells it.
      token: { ...answer.token, uid },
      ...(group === undefined ? {} : { group }),
      ...(tariff === undefined ? {} : { tariff }),
      ...(answer.authorizationReference === undefined ? {} : { authorizationReference: answer.authorizationReference }),
    };
  }

  /**
   * All backends are asked at once. The first that allows or refuses decides; that a backend does not know the card
   * decides only when no other has more to say.
   */
  #firstAnswer(uid: string, connector: number | null, signal: AbortSignal): Promise<Heard | undefined> {
    const { clock, settings } = this.parts;
    const over = new AbortController();
    return new Promise((resolve) => {
      const checks = this.parts.checks();
      let open = checks.length;
      let unknown: Heard | undefined;
      const done = (heard: Heard | undefined): void => {
        cancel();
        signal.removeEventListener("abort", giveUp);
        over.abort();
        resolve(heard);
      };
      const giveUp = (): void => done(unknown);
      const cancel = clock.at(clock.now().monoMs + settings.onlineTimeout, giveUp);
      signal.addEventListener("abort", giveUp, { once: true });
      if (signal.aborted) return giveUp();
      for (const check of checks) {
        const { name } = check;
        const closed = (answer: OnlineAnswer | undefined): void => {
          open -= 1;
          if (answer?.allowed === "NOT_KNOWN") unknown ??= { name, answer };
          else if (answer !== undefined) return done({ name, answer });
          if (open === 0) done(unknown);
        };
        // A check that breaks its promise is one that has no answer.
        void Promise.resolve()
          .then(() => check.ask(uid, connector, over.signal))
          .then(closed, () => closed(undefined));
      }
    });
  }

  async #boundedWhenRead(uid: string, info: AuthorizationInfo, signal: AbortSignal): Promise<AuthorizationInfo> {
    while (info.allowed === "ALLOWED" && !signal.aborted && this.parts.offlineCredit.look())
      await sleep(this.parts.clock, 0, signal);
    // Whoever gave up is told nothing; the rest is not read for him.
    return signal.aborted ? { allowed: "NOT_KNOWN" } : this.#bounded(uid, info);
  }

  /** A card that is accepted without a backend's word may only have so much open. */
  #bounded(uid: string, info: AuthorizationInfo): AuthorizationInfo {
    if (info.allowed !== "ALLOWED") return info;
    const left = this.parts.offlineCredit.left(uid);
    if (left === null) return { allowed: "EXPOSED" };
    if (left === undefined) return info;
    const own = info.limits?.energyKwh;
    if (own === undefined || info.limits === undefined) return { ...info, limits: left };
    const isOwnLess = left.energyKwh === undefined || requiredMilliWh(own) <= requiredMilliWh(left.energyKwh);
    return { ...info, limits: isOwnLess ? { ...left, ...info.limits } : left };
  }

  #unknown(uid: string): Parameters<typeof decideCard>[2]["unknown"] {
    const { station, settings } = this.parts;
    const { offlineEnergyKwh } = settings;
    return {
      // Nobody has told us of a contract: the card's own number stands for it, so that a backend can tell whose it was.
      token: { uid, type: "RFID", contractId: uid, countryCode: station.countryCode, partyId: station.partyId },
      ...(offlineEnergyKwh === undefined
        ? {}
        : { limits: { energyKwh: offlineEnergyKwh, why: "more is not given to a card that no backend has allowed" } }),
    };
  }
}
