// Tariffs that backends push: what they set, clear and replace is written down, kept, and in force for the sessions to
// come.
import type { Clock, Moment } from "../../../drivers/driver.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import type { RemoteAnswer } from "../../sync/station-port.js";
import type { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import type { PushedTariff, PushedTariffs, TariffChanges } from "../../tariffs/pushed-tariffs.js";
import { tariffDigest } from "../../tariffs/tariff-digest.js";
import { enterOrder, type OrderedStation, refuseRemote, remoteAccepted } from "./remote-answer.js";

export type RemoteTariffsParts = {
  readonly clock: Clock;
  readonly station: OrderedStation;
  readonly activeTariffs: Pick<ActiveTariffs, "look" | "remember">;
  readonly pushedTariffs: PushedTariffs;
};

export class RemoteTariffs {
  readonly #parts: RemoteTariffsParts;

  constructor(parts: RemoteTariffsParts) {
    this.#parts = parts;
  }

  rows(): readonly PushedTariff[] {
    return this.#parts.pushedTariffs.rows();
  }

  /** Takes away all that this backend has set by that id. */
  clear(tariffId: string, by: string): RemoteAnswer {
    const cleared = this.rows().filter((row) => row.tariff.id === tariffId && row.by === by);
    return cleared.length === 0
      ? refuseRemote("no-tariff", `no tariff ${tariffId} was set here by ${by}`)
      : this.change({ cleared, added: [] }, by);
  }

  /** Rows go and others come, all of it or nothing, whatever happens meanwhile. */
  change(changes: TariffChanges, by: string): RemoteAnswer {
    const { station, clock, pushedTariffs } = this.#parts;
    const { cleared, added } = changes;
    const { sessions } = station.stationState();
    const strange = added.find(({ connector }) => typeof connector === "number" && !sessions.has(connector));
    if (strange !== undefined) return refuseRemote("unknown-connector", `there is no connector ${strange.connector}`);
    const write = pushedTariffs.change(changes);
    if (write === undefined) return refuseRemote("full", "no more tariffs can be kept: clear some first");
    const moment = clock.now();
    const place = ({ connector }: PushedTariff): { readonly connector?: number | null } =>
      connector === undefined ? {} : { connector };
    const events = [
      ...cleared.map((row) => ({ type: "TariffCleared", moment, id: row.tariff.id, ...place(row), by }) as const),
      ...added.map((row) => {
        const digest = tariffDigest(row.tariff);
        return { type: "TariffSet", moment, id: row.tariff.id, ...place(row), digest, by } as const;
      }),
    ];
    for (const event of events) {
      const answer = enterOrder(station, event);
      if (!answer.accepted) return answer;
    }
    write();
    this.#repriced(moment);
    return remoteAccepted;
  }

  /**
   * All tariffs of a backend that are chosen by their id, anew; each that is new, changed or gone is written down.
   * False = no room.
   */
  replace(tariffs: readonly Tariff[], by: string): boolean {
    const { station, clock, pushedTariffs } = this.#parts;
    const before = new Set(pushedTariffs.of(by).map(tariffDigest));
    const after = new Set(tariffs.map(tariffDigest));
    const moment = clock.now();
    for (const tariff of tariffs) {
      const digest = tariffDigest(tariff);
      if (!before.has(digest)) station.enter({ type: "TariffSet", moment, id: tariff.id, digest, by });
    }
    for (const { id } of pushedTariffs.of(by))
      if (!tariffs.some((tariff) => tariff.id === id)) station.enter({ type: "TariffCleared", moment, id, by });
    if (before.size === after.size && [...after].every((digest) => before.has(digest))) return true;
    if (!pushedTariffs.replaceNamed(by, tariffs)) return false;
    this.#repriced(moment);
    return true;
  }

  #repriced(moment: Moment): void {
    this.#parts.activeTariffs.remember(moment);
    this.#parts.activeTariffs.look(moment);
  }
}
