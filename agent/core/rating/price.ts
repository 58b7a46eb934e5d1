// What a session costs, as data: published totals, quantities and the working behind them, line by line.
// Every amount is a decimal string (no exponent, no trailing zeros), exact to 12 decimals; only `due` is rounded to the
// currency.

/** The rules by which time was judged, as a receipt names them. */
export const localTimeRule = "local time";
export const untrustedTimeRule = "clock not trusted: time is free, the lowest price that may hold is charged";
export const lowerOfBothRule = "clock set during the session: the lower of the full and the reduced price";

/** The name of what carries no tax, beside the rates that do. */
export const untaxedName = "no tax";

/** OCPI's dimensions of a price; RESERVATION_TIME is priced by TIME components restricted to reservations. */
export type Dimension = "ENERGY" | "TIME" | "PARKING_TIME" | "FLAT" | "RESERVATION_TIME" | "RESERVATION_FLAT";

/** An amount without and with tax, as decimal strings. */
export type Amount = { readonly excl: string; readonly incl: string };

/** One tax of a line: its name as the receipt prints it, its rate in percent, its amount. */
export type TaxShare = { readonly name: string; readonly ratePercent: string; readonly amount: string };

/** One line of the working: a component in force over a stretch of the session. */
export type PriceLine = {
  readonly dimension: Dimension;
  readonly tariffId: string;
  /** Index of the element in the tariff, and of the component in the element; null = energy that none prices. */
  readonly element: number | null;
  readonly component: number | null;
  /** Why the element matched, in words. */
  readonly why: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** kWh for ENERGY, hours for times, 1 for FLAT: after step_size. */
  readonly quantity: string;
  /** The whole units behind it: mWh, ms, or 1. */
  readonly units: number;
  readonly unit: "kWh" | "h" | "x";
  /** The tariff's price as it stands there (excl. or incl. tax by the tariff's own rule), per kWh, per hour or once. */
  readonly unitPrice: string;
  readonly amount: Amount;
  readonly taxes: readonly TaxShare[];
  /** One sentence a driver understands. */
  readonly sentence: string;
};

/** A min_price or max_price that took effect: a line of its own on the receipt. */
type PriceAdjustment = {
  readonly kind: "min_price" | "max_price" | "waived";
  readonly amount: Amount;
  readonly sentence: string;
};

/** Net, tax and gross per rate, rounded to the currency so that they add up to what is due. */
export type TaxTotal = {
  readonly name: string;
  readonly ratePercent: string;
  readonly net: string;
  readonly tax: string;
  readonly gross: string;
};

export type Price = {
  readonly currency: string;
  readonly totalCost: Amount;
  readonly totalFixedCost: Amount;
  readonly totalEnergyCost: Amount;
  readonly totalTimeCost: Amount;
  readonly totalParkingCost: Amount;
  readonly totalReservationCost: Amount;
  /** What was consumed, never step-rounded. */
  readonly energyMilliWh: number;
  readonly timeMs: number;
  readonly parkingMs: number;
  /** What was billed after step_size: Wh and whole seconds, as integer strings. */
  readonly billed: {
    readonly energy: string;
    readonly time: string;
    readonly parking: string;
    readonly reservation: string;
  };
  readonly lines: readonly PriceLine[];
  readonly adjustments: readonly PriceAdjustment[];
  readonly taxes: readonly TaxTotal[];
  /** What is charged and shown: rounded once, to the currency's minor unit. */
  readonly due: { readonly net: string; readonly tax: string; readonly gross: string };
  /** The rounding rule by name, as the receipt prints it. */
  readonly rounding: string;
  /** The rule by which time was judged, by name. */
  readonly timeRule: string;
  readonly warnings: readonly string[];
  /** The exact tax per rate behind each published total: what OCPI 2.3.0 prints as `taxes`. */
  readonly taxShares?: Readonly<
    Record<"total" | "fixed" | "energy" | "time" | "parking" | "reservation", readonly TaxShare[]>
  >;
};
