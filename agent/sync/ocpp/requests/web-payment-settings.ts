// What a CSMS has set for payments on its page (OCPP 2.1 WebPaymentsCtrlr), in a table of its own: it holds the secret,
// which is written and never read, in no report, log or bundle. What is set for the whole station holds at each EVSE
// that has nothing of its own.
import { join } from "node:path";
import { z } from "zod";
import { type PasswordRule, passwordBounds } from "../../../core/web-payment/one-time-password.js";
import { longestTemplate, templateFault } from "../../../core/web-payment/payment-address.js";
import type { Disk } from "../../../ledger/store/disk.js";
import { Table } from "../../../ledger/store/table.js";

/** Levels of error correction of the code, as OCPP words them. */
export const codeQualities = ["Low", "Medium", "Quartile", "High"] as const;

/** OCPP has room for so many characters of an EVSE's name for roaming. */
export const longestRoamingEvseId = 48;

const { validityS, length, secret } = passwordBounds;
const fields = z.strictObject({
  enabled: z.boolean().optional(),
  urlTemplate: z.string().max(longestTemplate).optional(),
  roamingEvseId: z.string().max(longestRoamingEvseId).optional(),
  validityS: z.int().min(validityS.least).max(validityS.most).optional(),
  length: z.int().min(length.least).max(length.most).optional(),
  secret: z.string().min(secret.least).max(secret.most).optional(),
  quality: z.enum(codeQualities).optional(),
});
export type WebPaymentFields = z.infer<typeof fields>;

/** A key beside the connectors' numbers: what holds for all of them. */
export const allEvses = 0;

const shape = z.strictObject({
  /** By connector; `allEvses` = where an EVSE has nothing of its own. */
  evses: z.record(z.string().regex(/^\d{1,3}$/), fields),
});
export type WebPaymentTable = z.infer<typeof shape>;
export const noWebPayments: WebPaymentTable = { evses: {} };

/** Names what was read; throws where it does not fit. */
export const parseWebPayments = (value: unknown): WebPaymentTable => shape.parse(value);

/** Its name in the state folder. */
export const webPaymentTable = (uplink: string): string => `webpay-${uplink}.json`;

/** What a code is made by. */
export type CodeRule = PasswordRule & {
  readonly urlTemplate: string;
  readonly roamingEvseId?: string;
  readonly quality: (typeof codeQualities)[number];
};

type UsualFields = Pick<CodeRule, "validityS" | "length" | "quality">;
const usual: UsualFields = { validityS: 30, length: 12, quality: "Medium" };

type FieldsAt = Omit<WebPaymentFields, keyof UsualFields> & UsualFields;

export class WebPaymentSettings {
  constructor(private readonly store: { read(): WebPaymentTable; write(kept: WebPaymentTable): void }) {}

  /** Throws Failure table/damaged, disk/failed, disk/full. */
  static open(disk: Disk, folder: string, uplink: string): WebPaymentSettings {
    const table = Table.open<WebPaymentTable>(
      disk,
      join(folder, webPaymentTable(uplink)),
      parseWebPayments,
      noWebPayments,
    );
    return new WebPaymentSettings({ read: () => table.data, write: (kept) => void table.update(() => kept) });
  }

  /** What holds at an EVSE, without the secret. */
  shown(evse: number): Omit<FieldsAt, "secret"> {
    const { secret: _, ...rest } = this.#at(evse);
    return rest;
  }

  /** Lasts when it returns. */
  set(evse: number, changes: WebPaymentFields): void {
    const { evses } = this.store.read();
    this.store.write({ evses: { ...evses, [evse]: { ...evses[evse], ...changes } } });
  }

  /** By what the code of an EVSE is made; undefined where none is wanted, or something is missing that it needs. */
  rule(evse: number): CodeRule | undefined {
    const { enabled, urlTemplate, secret: kept, roamingEvseId, ...rest } = this.#at(evse);
    if (enabled !== true || urlTemplate === undefined || kept === undefined) return undefined;
    if (templateFault(urlTemplate) !== undefined) return undefined;
    return { ...rest, ...(roamingEvseId === undefined ? {} : { roamingEvseId }), urlTemplate, secret: kept };
  }

  #at(evse: number): FieldsAt {
    const { evses } = this.store.read();
    return { ...usual, ...evses[allEvses], ...evses[evse] } as FieldsAt;
  }
}
