// Energy as people and OCMF read it: kWh as a decimal text, exact, from whole milliwatt-hours.

/** kWh with at least three decimals and no rounding: 1 234 500 mWh is "1.2345". */
export function kwhExact(milliWh: number): string {
  if (!Number.isSafeInteger(milliWh)) throw new TypeError(`${milliWh} is not a whole number of milliwatt-hours`);
  const digits = String(Math.abs(milliWh)).padStart(7, "0");
  const decimals = digits.slice(-6).replace(/0{1,3}$/, "");
  return `${milliWh < 0 ? "-" : ""}${digits.slice(0, -6)}.${decimals}`;
}

/** Whole milliwatt-hours of a kWh text with up to six decimals, or undefined where it is none. */
export function milliWhOfKwh(kwh: string): number | undefined {
  const parts = /^(-?)(\d{1,9})(?:\.(\d{1,6}))?$/.exec(kwh);
  if (parts === null) return undefined;
  const milliWh = Number(`${parts[2]}${(parts[3] ?? "").padEnd(6, "0")}`);
  if (!Number.isSafeInteger(milliWh)) return undefined;
  return parts[1] === "-" ? -milliWh : milliWh;
}

/**
 * The same of a text that a schema or a signed receipt vouches for. Throws RangeError: an amount that cannot be read is
 * not zero.
 */
export function requiredMilliWh(kwh: string): number {
  const milliWh = milliWhOfKwh(kwh);
  if (milliWh === undefined) throw new RangeError(`"${kwh}" is no energy in kWh`);
  return milliWh;
}
