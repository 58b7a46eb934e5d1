// The register of each meter along the receipts: a register only climbs, from one receipt of a meter to the next too.
// Where a person has accepted a lower one, the next receipt of that meter says so.
import type { RegisterAcceptance } from "../cdr/settlement.js";
import { kwhExact, milliWhOfKwh } from "../number/energy-text.js";
import type { ReceiptPayload, SalePayload } from "./receipt-payload.js";

/** The register on the newest receipt of a meter, or the lower one that a person has accepted since. */
export type MeterRegister = {
  readonly serial: string;
  readonly billedMilliWh: number;
  /** Not on a receipt yet. */
  readonly accepted?: RegisterAcceptance;
};

/** So many meters are remembered, those billed from last: more than a station ever has. */
const mostMeters = 64;

/** The registers with this one in the place of the same meter's, the newest last. */
export const withRegister = (registers: readonly MeterRegister[], register: MeterRegister): readonly MeterRegister[] =>
  [...registers.filter(({ serial }) => serial !== register.serial), register].slice(-mostMeters);

/** The registers after a receipt. A correction tells those of an earlier session again, and moves none. */
export function registersAfter(
  registers: readonly MeterRegister[],
  payload: ReceiptPayload | undefined,
): readonly MeterRegister[] {
  if (payload?.kind !== "sale" || payload.corrects !== undefined) return registers;
  const { meter, finish } = payload.sale;
  const billedMilliWh = milliWhOfKwh(finish.registerKwh);
  return billedMilliWh === undefined ? registers : withRegister(registers, { serial: meter.serial, billedMilliWh });
}

/** Of which receipt a register is. */
type LastRegister = { readonly number: number; readonly milliWh: number };

/**
 * Says of receipts, in the order of their numbers, where the register of a meter fell and no receipt accepts it. Over a
 * gap nothing can be said: the acceptance may stand on a receipt that is not there.
 */
export function registerComplaints(payloads: readonly ReceiptPayload[]): string[] {
  const last = new Map<string, LastRegister>();
  let before = 0;
  return payloads.flatMap((payload) => {
    if (payload.number === before) return [];
    if (payload.number !== before + 1) last.clear();
    before = payload.number;
    if (payload.kind !== "sale" || payload.corrects !== undefined) return [];
    const { meter, finish } = payload.sale;
    const complaint = fall(last.get(meter.serial), payload);
    last.set(meter.serial, { number: payload.number, milliWh: milliWhOfKwh(finish.registerKwh) ?? Number.NaN });
    return complaint === undefined ? [] : [complaint];
  });
}

function fall(before: LastRegister | undefined, { number, sale }: SalePayload): string | undefined {
  const beginMilliWh = milliWhOfKwh(sale.begin.registerKwh) ?? Number.NaN;
  if (before === undefined || !(beginMilliWh < before.milliWh)) return undefined;
  const { registerAccepted: accepted } = sale;
  const fell =
    `receipt ${number}: the register of meter ${sale.meter.serial} fell from ${kwhExact(before.milliWh)} kWh ` +
    `(receipt ${before.number}) to ${sale.begin.registerKwh} kWh`;
  if (accepted === undefined) return `${fell}, and the receipt bears no acceptance of it`;
  return milliWhOfKwh(accepted.lastKwh) === before.milliWh &&
    (milliWhOfKwh(accepted.registerKwh) ?? Number.NaN) <= beginMilliWh
    ? undefined
    : `${fell}, and its acceptance is of ${accepted.lastKwh} kWh to ${accepted.registerKwh} kWh`;
}
