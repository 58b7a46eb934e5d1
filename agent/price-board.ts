// The price board: which tariff is in force, what the display says before a tap and since when, and what is fixed when a session begins.
import type { LoadedConfig } from "../config/load.js";
import type { ConnectorConfig } from "../config/schema.js";
import type { MeterIdentity, Moment, Reading } from "../drivers/driver.js";
import { priceBeforeStart } from "./core/explain.js";
import type { Acceptance, Opening } from "./core/session.js";
import type { Tariff } from "./core/tariff.js";
import { Failure } from "./failure.js";
import { readTariff } from "./tariff-file.js";
import { tariffAt } from "./tariffs.js";

export class PriceBoard {
  readonly #shown = new Map<number, { text: string; atMs: number }>();
  #loaded: LoadedConfig;
  #tariffs: readonly Tariff[];

  /** Reads the tariff files. Throws Failure tariff/invalid where one cannot be read, or a connector sells by none of them. */
  constructor(loaded: LoadedConfig) {
    this.#loaded = loaded;
    this.#tariffs = tariffsOf(loaded);
  }

  /** Takes up other tariffs for sessions to come; throws as the constructor does, and then nothing has changed. */
  reload(loaded: LoadedConfig): void {
    this.#tariffs = tariffsOf(loaded);
    this.#loaded = loaded;
  }

  /** The price as the display shows it before a tap, a line each, in AFIR order. */
  lines(connector: ConnectorConfig, moment: Moment): readonly string[] {
    const tariff = tariffAt(this.#tariffs, connector.tariff, moment.at);
    if (tariff === undefined) return ["no price is in force: nothing is sold"];
    const { station, language, timing } = this.#loaded.config;
    const lines = priceBeforeStart(tariff, moment.at, station.timeZone, language, timing.idleGrace).map(({ text }) => text);
    const text = lines.join("\n");
    if (this.#shown.get(connector.id)?.text !== text) this.#shown.set(connector.id, { text, atMs: moment.at });
    return lines;
  }

  /** What is fixed when a session begins, or why it may not begin. No tariff, no sale; never a silent 0. */
  opening(id: string, connector: ConnectorConfig, acceptance: Acceptance, meter: MeterIdentity, begin: Reading): Opening | string {
    const wanted = acceptance.tariff ?? connector.tariff;
    const tariff = tariffAt(this.#tariffs, wanted, begin.moment.at);
    if (tariff === undefined) return `no tariff "${wanted}" is in force now`;
    if (begin.moment.trust === "unsynced") return "the clock is not set: the price in force cannot be known";
    this.lines(connector, begin.moment);
    const shown = this.#shown.get(connector.id);
    if (shown === undefined) return "the price could not be shown before the start";
    return { id, acceptance, meter, tariff, timeZone: this.#loaded.config.station.timeZone, shown, begin };
  }
}

function tariffsOf({ config, resolve }: LoadedConfig): readonly Tariff[] {
  const tariffs = config.tariffs.map((file) => readTariff(resolve(file), undefined));
  for (const connector of config.connectors)
    if (!tariffs.some((tariff) => tariff.id === connector.tariff)) throw new Failure("tariff/invalid", `connector ${connector.id} sells by tariff "${connector.tariff}", which none of the tariff files holds`);
  return tariffs;
}
