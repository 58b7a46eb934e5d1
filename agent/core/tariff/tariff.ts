// An OCPI tariff (2.2.1 or 2.3.0, mod_tariffs) as the engine sees it: elements with restrictions and price components,
// and what may be charged by them.

import type { Decimal } from "../../../config/decimal.js";
import { isObject, type JsonObject, type ReadWarning } from "../json/json-reader.js";
import type { Charge, ComponentType } from "./charge.js";
import type { Restrictions } from "./restrictions.js";

export type OcpiVersion = "2.2.1" | "2.3.0";

export type PriceComponent = {
  /** Where it stands: `elements[element].price_components[index]`. */
  readonly element: number;
  readonly index: number;
  readonly type: ComponentType;
  /** Per kWh, per hour, or once; before or with tax, as the tariff says. */
  readonly price: Decimal;
  /** Percent; absent = none applies (2.2.1) or none is stated (2.3.0). */
  readonly vat?: Decimal;
  /** Wh or seconds; 0 = no rounding. */
  readonly stepSize: number;
};

export type TariffElement = {
  readonly index: number;
  readonly components: readonly PriceComponent[];
  readonly restrictions: Restrictions;
};

/** A floor or ceiling for a session's cost. */
export type PriceLimit = { readonly excl: Decimal; readonly incl?: Decimal };

/** An element with its component of one dimension: what the first-match rule walks over. */
export type TariffOffer = { readonly element: TariffElement; readonly component: PriceComponent };

export type Tariff = {
  /** The JSON value it was read from, for receipts and CDRs. */
  readonly source: JsonObject;
  readonly version: OcpiVersion;
  readonly id: string;
  readonly currency: string;
  /** Whether `price` carries tax: 2.3.0's `tax_included`; a 2.2.1 tariff is always NO. */
  readonly taxIncluded: "YES" | "NO" | "N/A";
  readonly elements: readonly TariffElement[];
  readonly minPrice?: PriceLimit;
  readonly maxPrice?: PriceLimit;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly altText: readonly { readonly language: string; readonly text: string }[];
  readonly altUrl?: string;
  /** What may be charged, in the order of the elements. */
  readonly offers: Readonly<Record<Charge, readonly TariffOffer[]>>;
  /** Whether any element looks at power, or at current. */
  readonly asksPower: boolean;
  readonly asksCurrent: boolean;
  /** Decimals that hold every price, and every tax percentage, of this tariff exactly. */
  readonly priceScale: number;
  readonly vatScale: number;
  /** What was read in another way than it is written, or passed over. */
  readonly warnings: readonly ReadWarning[];
};

/** 2.3.0 tells itself by `tax_included`. */
export function versionOf(json: unknown): OcpiVersion {
  return isObject(json) && json["tax_included"] !== undefined ? "2.3.0" : "2.2.1";
}

/** Whether a session that starts at this instant is priced by the tariff: its start inclusive, its end exclusive. */
export function inForce(tariff: Tariff, atMs: number): boolean {
  return (
    (tariff.startMs === undefined || tariff.startMs <= atMs) && (tariff.endMs === undefined || atMs < tariff.endMs)
  );
}
