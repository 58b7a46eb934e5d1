// An OCPP 2.1 tariff as a CSMS sends it (TariffType): a list of prices per dimension, without tax, each under
// conditions of its own.
import { z } from "zod";
import { countSchema, instantSchema, listOf, textSchema, wholeNumberSchema } from "../requests/request-schemas.js";

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
const date = z.string().regex(/^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/);

const atTheClock = {
  startTimeOfDay: timeOfDay.optional(),
  endTimeOfDay: timeOfDay.optional(),
  dayOfWeek: z.array(z.enum(days)).min(1).max(7).optional(),
  validFromDate: date.optional(),
  validToDate: date.optional(),
  evseKind: z.enum(["AC", "DC"]).optional(),
};
const conditions = z.object({
  ...atTheClock,
  minEnergy: z.number().optional(),
  maxEnergy: z.number().optional(),
  minCurrent: z.number().optional(),
  maxCurrent: z.number().optional(),
  minPower: z.number().optional(),
  maxPower: z.number().optional(),
  minTime: wholeNumberSchema.optional(),
  maxTime: wholeNumberSchema.optional(),
  minChargingTime: wholeNumberSchema.optional(),
  maxChargingTime: wholeNumberSchema.optional(),
  minIdleTime: wholeNumberSchema.optional(),
  maxIdleTime: wholeNumberSchema.optional(),
});
const fixedConditions = z.object({
  ...atTheClock,
  paymentBrand: textSchema(20).optional(),
  paymentRecognition: textSchema(20).optional(),
});
const taxRates = z
  .array(z.object({ type: textSchema(20), tax: z.number(), stack: countSchema.optional() }))
  .min(1)
  .max(5);

const energy = z.object({
  prices: listOf(z.object({ priceKwh: z.number(), conditions: conditions.optional() })),
  taxRates: taxRates.optional(),
});
const time = z.object({
  prices: listOf(z.object({ priceMinute: z.number(), conditions: conditions.optional() })),
  taxRates: taxRates.optional(),
});
const fixed = z.object({
  prices: listOf(z.object({ priceFixed: z.number(), conditions: fixedConditions.optional() })),
  taxRates: taxRates.optional(),
});
const limit = z.object({
  exclTax: z.number().optional(),
  inclTax: z.number().optional(),
  taxRates: taxRates.optional(),
});

export const tariffType = z.object({
  tariffId: z.string().min(1).max(60),
  description: z
    .array(
      z.object({
        format: z.enum(["ASCII", "HTML", "URI", "UTF8", "QRCODE"]),
        language: textSchema(8).optional(),
        content: textSchema(1024),
      }),
    )
    .min(1)
    .max(10)
    .optional(),
  currency: textSchema(3),
  energy: energy.optional(),
  validFrom: instantSchema.optional(),
  chargingTime: time.optional(),
  idleTime: time.optional(),
  fixedFee: fixed.optional(),
  reservationTime: time.optional(),
  reservationFixed: fixed.optional(),
  minCost: limit.optional(),
  maxCost: limit.optional(),
});

export type TariffType = z.infer<typeof tariffType>;
export type TariffConditions = z.infer<typeof conditions> & z.infer<typeof fixedConditions>;
export type TaxRates = z.infer<typeof taxRates>;
export type CostLimit = z.infer<typeof limit>;
