// A tariff as a CSMS gives it: where it is to stand, and whether it is one that stands already.
import { canonicalText } from "../../../core/json/json-text.js";
import type { Tariff } from "../../../core/tariff/tariff.js";
import type { RequestContext } from "../requests/request-context.js";
import type { TariffPlace } from "./tariff-translation.js";

/** What a tariff of this station says of the station; `connector` null = all of them. */
export function placeOfTariff(context: Pick<RequestContext, "config" | "now">, connector: number | null): TariffPlace {
  const { countryCode, partyId } = context.config.station;
  const lastUpdated = new Date(context.now()).toISOString();
  return { countryCode, partyId, kind: kindOf(context, connector), lastUpdated };
}

/** The same prices and conditions; when it was sent is no part of them. */
export function sameTariff(a: Tariff, b: Tariff): boolean {
  const text = ({ source: { last_updated: _, ...rest } }: Tariff): string => canonicalText(rest);
  return text(a) === text(b);
}

function kindOf({ config }: Pick<RequestContext, "config">, connector: number | null): "AC" | "DC" | "mixed" {
  const kinds = new Set(
    config.connectors
      .filter(({ id }) => connector === null || id === connector)
      .map(({ powerType }) => (powerType === "DC" ? "DC" : "AC")),
  );
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? kind : "mixed";
}
