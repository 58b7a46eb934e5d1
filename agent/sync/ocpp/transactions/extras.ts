// What is told beyond what a backend must know of a session: customData and the signed meter value. Some backends refuse
// a whole message for one of them. Then it is left out, that is remembered of this backend, and the status says so.
import type { OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import { type Extra, extras, type TransactionsStore } from "./transactions-state.js";

export type ExtrasParts = {
  readonly config: Pick<OcppUplinkConfig, "url" | Extra>;
  readonly store: TransactionsStore;
  readonly note: (text: string) => void;
};

const words: Readonly<Record<Extra, string>> = { customData: "customData", signedData: "the signed meter value" };

export class Extras {
  readonly #parts: ExtrasParts;
  /** Left out of the end of a session because the backend failed on it, which a bad hour of the backend explains too. */
  #suspected: readonly Extra[] = [];

  constructor(parts: ExtrasParts) {
    this.#parts = parts;
  }

  /** What is left out of all messages: by the config, or since this backend has refused it. */
  leftOut(): readonly Extra[] {
    const { config } = this.#parts;
    const refused = this.#refused();
    return extras.filter((extra) => config[extra] === "never" || (config[extra] === "auto" && refused.includes(extra)));
  }

  /** In words, for people. */
  leftOutWords(): readonly string[] {
    const { config } = this.#parts;
    return this.leftOut().map(
      (extra) => `${words[extra]} (${config[extra] === "never" ? `${extra}: never` : "this backend refuses it"})`,
    );
  }

  /** What may be left out of a message that was refused with all of these: each alone, then together. */
  waysWithout(present: readonly Extra[]): readonly (readonly Extra[])[] {
    const free = present.filter((extra) => this.#parts.config[extra] === "auto");
    return free.length < 2 ? free.map((extra) => [extra]) : [...free.map((extra) => [extra]), free];
  }

  /**
   * A message was taken without them, after the same was refused with them. `isCertain`: it was called wrong, and not
   * only failed on; else it takes a second session to believe it.
   */
  takenWithout(left: readonly Extra[], isCertain: boolean): void {
    const { store, config, note } = this.#parts;
    const isKnown = isCertain || left.every((extra) => this.#suspected.includes(extra));
    this.#suspected = left;
    const said = left.map((extra) => words[extra]).join(" and ");
    note(`the backend refuses ${said}: the session was told without${isKnown ? ", as others will be" : ""}`);
    if (!isKnown) return;
    const refused = extras.filter((extra) => left.includes(extra) || this.#refused().includes(extra));
    store.write({ ...store.read(), refused: { url: config.url, extras: refused } });
  }

  /** Another address is another backend; what is set to "always" is told, whatever was refused. */
  #refused(): readonly Extra[] {
    const { refused } = this.#parts.store.read();
    return refused?.url === this.#parts.config.url ? refused.extras : [];
  }
}
