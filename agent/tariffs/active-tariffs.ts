// The price board: which tariff is in force, what the display says before a tap and since when, and what is fixed when
// a session begins.

import type { LoadedConfig } from "../../config/load.js";
import type { ConnectorConfig } from "../../config/schema.js";
import type { MeterIdentity, Moment, Reading } from "../../drivers/driver.js";
import type { ShownTerms } from "../core/cdr/settlement.js";
import { reservationPrices } from "../core/explain/explain-tariff.js";
import { priceBeforeStart, priceWithoutClock } from "../core/explain/price-before-start.js";
import { Failure } from "../core/failure.js";
import { firstDifference } from "../core/json/json-text.js";
import type { Acceptance, Opening } from "../core/session/opening.js";
import type { Tariff } from "../core/tariff/tariff.js";
import { isTimeless } from "../core/tariff/tariff-boundaries.js";
import { tariffFromStart } from "../core/tariff/tariff-cut.js";
import { type ParsedTariff, parseTariff } from "../core/tariff/tariff-reader.js";
import { beginLine, onLine } from "../core/time/time-line.js";
import type { LastActive } from "./last-active.js";
import type { PushedTariffs } from "./pushed-tariffs.js";
import { tariffDigest } from "./tariff-digest.js";
import { readTariff } from "./tariff-file.js";
import { newestInForce, tariffAt } from "./tariffs.js";

export type LastActiveStore = { read(): LastActive; write(state: LastActive): void };

/** How far the last trusted moment may lag behind before it is written again: 24 small writes a day. */
const rememberEveryMs = 3_600_000;

export class ActiveTariffs {
  readonly #shown = new Map<number, { readonly text: string; readonly since: Moment }>();
  /** Tariffs that were kept in mind, by the row that keeps them. */
  readonly #parsed = new WeakMap<object, ParsedTariff>();
  #loaded: LoadedConfig;
  #tariffs: readonly Tariff[];

  /**
   * Reads the tariff files. Throws Failure tariff/invalid where one cannot be read, or a connector sells by none of
   * them.
   */
  constructor(
    loaded: LoadedConfig,
    readonly store: LastActiveStore,
    /** Tariffs that backends have sent; they come before those of the files. */
    readonly pushedTariffs: Pick<PushedTariffs, "at" | "named"> = { at: () => [], named: () => [] },
  ) {
    this.#loaded = loaded;
    this.#tariffs = tariffsOf(loaded);
  }

  /** Takes up other tariffs for sessions to come; throws as the constructor does, and then nothing has changed. */
  reload(loaded: LoadedConfig): void {
    this.#tariffs = tariffsOf(loaded);
    this.#loaded = loaded;
  }

  /** Looks at the board for all connectors, so that it is known since when each price stands there. */
  look(moment: Moment): void {
    // Many connectors sell by one tariff and the same limits: their words are made once a look, since a look comes with
    // every tap.
    const inWords = new Map<Tariff | undefined, Map<string, readonly string[]>>();
    for (const connector of this.#loaded.config.connectors) {
      const tariff = this.#tariffHere(connector, moment);
      const byLimits = inWords.get(tariff) ?? new Map<string, readonly string[]>();
      const limits = JSON.stringify(connector.limits);
      const lines = byLimits.get(limits) ?? this.#inWords(tariff, connector, moment);
      inWords.set(tariff, byLimits.set(limits, lines));
      this.#post(connector, lines, moment);
    }
  }

  /**
   * Keeps in mind what is in force under a clock that can be trusted: after a start without one, it is what may still
   * be sold by.
   */
  remember(moment: Moment): void {
    if (moment.trust === "unsynced") return;
    const before = this.store.read();
    const { connectors, tokens } = this.#loaded.config;
    const ids = new Set([
      ...connectors.map(({ tariff }) => tariff),
      ...tokens.flatMap(({ tariff }) => tariff ?? []),
      ...this.pushedTariffs.named().map(({ id }) => id),
    ]);
    const now = [
      ...[...ids].map((id) => [id, this.#named(id, moment.at)] as const),
      ...connectors.map((connector) => [keyOf(connector), this.#ordered(connector, moment.at)] as const),
    ].flatMap(([key, tariff]) =>
      tariff === undefined ? [] : [[key, { tariff: tariff.source, trustedMs: moment.at }] as const],
    );
    const isStale =
      now.length !== Object.keys(before).length ||
      now.some(
        ([key, { tariff }]) =>
          firstDifference(before[key]?.tariff, tariff) !== undefined ||
          moment.at - (before[key]?.trustedMs ?? 0) >= rememberEveryMs,
      );
    if (isStale) this.store.write(Object.fromEntries(now));
  }

  /** Why no session that names this tariff, or the connector's own where it names none, could be sold now. */
  whyUnpriced(connector: ConnectorConfig, id: string | undefined, moment: Moment): string | undefined {
    const tariff = id === undefined ? this.#tariffHere(connector, moment) : this.#tariffNow(id, moment);
    if (tariff !== undefined) return undefined;
    const wanted = id ?? connector.tariff;
    return moment.trust === "unsynced"
      ? `the clock is not set, and it is not known whether tariff "${wanted}" is in force`
      : `no tariff "${wanted}" is in force now`;
  }

  /** What a connector sells by; undefined where nothing is in force, or nobody knows. */
  inForce(connector: ConnectorConfig, moment: Moment): Tariff | undefined {
    return this.#tariffHere(connector, moment);
  }

  /** What a backend has set for the connector itself, else for all of them. */
  #ordered(connector: ConnectorConfig, atMs: number): Tariff | undefined {
    return newestInForce(this.pushedTariffs.at(connector.id), atMs) ?? newestInForce(this.pushedTariffs.at(null), atMs);
  }

  /** By id: a backend's before the one of the files. */
  #named(id: string, atMs: number): Tariff | undefined {
    return tariffAt(this.pushedTariffs.named(), id, atMs) ?? tariffAt(this.#tariffs, id, atMs);
  }

  /** What the connector sells by at a moment. Under an unset clock an order without any hours still holds. */
  #tariffHere(connector: ConnectorConfig, moment: Moment): Tariff | undefined {
    if (moment.trust !== "unsynced")
      return this.#ordered(connector, moment.at) ?? this.#named(connector.tariff, moment.at);
    const orders = [...this.pushedTariffs.at(connector.id), ...this.pushedTariffs.at(null)];
    if (orders.length === 0) return this.#tariffNow(connector.tariff, moment);
    const timeless = orders.every(({ startMs, endMs }) => startMs === undefined && endMs === undefined);
    return timeless ? this.#ordered(connector, moment.at) : this.#remembered(keyOf(connector));
  }

  /**
   * The tariff of that id that is in force at a moment. Under an unset clock: the one last known to be, unless it had
   * an end before that; else one without any dates or times, which is in force always.
   */
  #tariffNow(id: string, moment: Moment): Tariff | undefined {
    if (moment.trust !== "unsynced") return this.#named(id, moment.at);
    const remembered = this.#remembered(id);
    if (remembered !== undefined) return remembered;
    const known = [...this.pushedTariffs.named(), ...this.#tariffs].filter((tariff) => tariff.id === id);
    return known.every(isTimeless) ? this.#named(id, moment.at) : undefined;
  }

  #remembered(key: string): Tariff | undefined {
    const last = this.store.read()[key];
    if (last === undefined) return undefined;
    // Asked at each look at a lamp for as long as no clock is set: read once.
    const parsed = this.#parsed.get(last) ?? parseTariff(last.tariff);
    this.#parsed.set(last, parsed);
    if (!parsed.ok) return undefined;
    return parsed.tariff.endMs === undefined || parsed.tariff.endMs > last.trustedMs ? parsed.tariff : undefined;
  }

  /** The price as the display shows it before a tap, a line each, in AFIR order. */
  lines(connector: ConnectorConfig, moment: Moment): readonly string[] {
    const lines = this.#inWords(this.#tariffHere(connector, moment), connector, moment);
    this.#post(connector, lines, moment);
    return lines;
  }

  /** The tariff in force at a connector, and what it asks for a reservation, a line each; undefined where that is nothing. */
  reservationPrice(
    connector: ConnectorConfig,
    moment: Moment,
  ): { readonly tariff: Tariff; readonly lines: readonly string[] } | undefined {
    const tariff = this.#tariffHere(connector, moment);
    if (tariff === undefined) return undefined;
    const { language } = this.#loaded.config;
    const lines = reservationPrices(tariff, language).map(({ text }) => text);
    return lines.length === 0 ? undefined : { tariff, lines };
  }

  /** What is offered, and since when: the same words go on. */
  #post(connector: ConnectorConfig, lines: readonly string[], moment: Moment): void {
    const text = lines.join("\n");
    if (this.#shown.get(connector.id)?.text !== text) this.#shown.set(connector.id, { text, since: moment });
  }

  #inWords(tariff: Tariff | undefined, connector: ConnectorConfig, moment: Moment): readonly string[] {
    if (tariff === undefined)
      return [
        moment.trust === "unsynced"
          ? "the clock is not set: no price is known to be in force"
          : "no price is in force: nothing is sold",
      ];
    const { station, language, timing } = this.#loaded.config;
    const terms = { idleGraceMs: timing.idleGrace, limits: connector.limits, noEnergyMs: timing.noEnergy };
    const lines =
      moment.trust === "unsynced"
        ? priceWithoutClock(tariff, station.timeZone, language, terms)
        : priceBeforeStart(tariff, moment.at, station.timeZone, language, terms);
    return lines.map(({ text }) => text);
  }

  /** What the words of `#inWords` hang on beside the tariff, for the receipt. */
  #terms({ limits: { time, energyKwh, cost } }: ConnectorConfig): ShownTerms {
    const { language, timing } = this.#loaded.config;
    return {
      language,
      idleGraceMs: timing.idleGrace,
      noEnergyMs: timing.noEnergy,
      limits: {
        ...(energyKwh === undefined ? {} : { energyKwh }),
        ...(cost === undefined ? {} : { cost }),
        ...(time === undefined ? {} : { timeMs: time }),
      },
    };
  }

  /** What is fixed when a session begins, or why it may not begin. No tariff, no sale; never a silent 0. */
  opening(
    id: string,
    connector: ConnectorConfig,
    acceptance: Acceptance,
    meter: MeterIdentity,
    begin: Reading,
  ): Opening | string {
    const here = this.#tariffHere(connector, begin.moment);
    const tariff = acceptance.tariff === undefined ? here : this.#tariffNow(acceptance.tariff, begin.moment);
    if (tariff === undefined)
      return this.whyUnpriced(connector, acceptance.tariff, begin.moment) ?? "no tariff is in force now";
    this.lines(connector, begin.moment);
    const board = this.#shown.get(connector.id);
    if (board === undefined) return "the price could not be shown before the start";
    // A card with a tariff of its own is told its price when it is accepted, not before.
    const isOnBoard = acceptance.tariff === undefined || firstDifference(tariff.source, here?.source) === undefined;
    const told = isOnBoard
      ? // On the time line of the session: the wall clock may have been set since.
        { text: board.text, atMs: onLine(beginLine(begin.moment), board.since, begin.moment.at) }
      : { text: this.#inWords(tariff, connector, begin.moment).join("\n"), atMs: begin.moment.at };
    const shown = { ...told, terms: this.#terms(connector) };
    const { timeZone } = this.#loaded.config.station;
    // Under an unset clock nobody knows which hours are over.
    const priced =
      begin.moment.trust === "unsynced" ? { tariff } : tariffFromStart(tariff, timeZone, begin.moment.at, tariffDigest);
    return { id, acceptance, meter, ...priced, timeZone, shown, begin };
  }
}

/** What was in force at a connector by a backend's order, beside the ids of the files: no id has a line break. */
const keyOf = ({ id }: ConnectorConfig): string => `connector\n${id}`;

function tariffsOf({ config, resolve }: LoadedConfig): readonly Tariff[] {
  const tariffs = config.tariffs.map((file) => readTariff(resolve(file), undefined));
  for (const connector of config.connectors)
    if (!tariffs.some((tariff) => tariff.id === connector.tariff))
      throw new Failure(
        "tariff/invalid",
        `connector ${connector.id} sells by tariff "${connector.tariff}", which no tariff file holds`,
      );
  return tariffs;
}
