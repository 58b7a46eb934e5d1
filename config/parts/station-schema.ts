// Who and where the station is, as the config says it and receipts print it.
import { z } from "zod";
import { decimalWords, textField } from "./schema-fields.js";

const zone = z.string().refine((value) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}, "expected an IANA time zone such as Europe/Berlin");

export const stationFacts = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,24}$/, "expected up to 25 letters, digits, dots and hyphens"),
  timeZone: zone,
  countryCode: z.string().regex(/^[A-Z]{2}$/, "expected two capital letters such as DE"),
  partyId: z.string().regex(/^[A-Z0-9]{3}$/, "expected three capitals or digits such as ABC"),
  operator: z.strictObject({
    name: textField(100),
    address: textField(200),
    taxId: textField(40),
    email: textField(100),
    helpline: textField(40),
    complaints: textField(200),
  }),
  location: z.strictObject({
    id: textField(36),
    name: textField(100),
    address: textField(45),
    city: textField(45),
    postalCode: textField(10),
    country: z.string().regex(/^[A-Z]{3}$/, "expected three capital letters such as DEU"),
    latitude: z.string().regex(/^-?\d{1,2}\.\d{5,7}$/, {
      error: decimalWords('expected a latitude in quotes, such as "52.520008"'),
    }),
    longitude: z.string().regex(/^-?\d{1,3}\.\d{5,7}$/, {
      error: decimalWords('expected a longitude in quotes, such as "13.404954"'),
    }),
  }),
  /** Where a receipt can be checked; printed on it. Without it the page's own verifier, where `page.reach` is proxy. */
  verifyUrl: z.url().optional(),
});
