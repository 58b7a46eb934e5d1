// A card terminal beside the station, as the config file names it: ZVT over TCP on a wire or VLAN of its own.
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { durationFieldOr, secretFileField } from "./schema-fields.js";

/** Whether an address lies on this machine or in a private network: ZVT has no encryption. */
function isPrivateAddress(address: string): boolean {
  if (isIPv6(address)) return /^(?:::1$|f[cd]|fe[89ab])/i.test(address);
  const [first = 0, second = 0] = address.split(".").map(Number);
  return (
    isIPv4(address) &&
    (first === 10 ||
      first === 127 ||
      (first === 172 && second >= 16 && second <= 31) ||
      (first === 192 && second === 168) ||
      (first === 169 && second === 254))
  );
}

export const terminal = z.strictObject({
  address: z
    .string()
    .refine(
      isPrivateAddress,
      "expected an IP address of a private network such as 192.168.20.5: the protocol has no encryption",
    )
    .describe("the terminal's fixed IP address, on a wire or VLAN of its own"),
  port: z.int().min(1).max(65_535).default(20_007).describe("20007 or 20008; Feig 22000"),
  terminalId: z
    .string()
    .regex(/^\d{8}$/, 'expected the eight digits of the terminal id in quotes, such as "52523535"')
    .describe("the id that the acquirer gave it: another terminal at this address is a fault and sells nothing"),
  passwordFile: secretFileField.describe("the file that holds the six digits of the terminal's password"),
  currency: z.enum(["CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "NOK", "PLN", "SEK"]).default("EUR"),
  dialect: z
    .enum(["give-back", "final", "book-total"])
    .describe(
      "how it books less than the hold: 06 23 with what is given back, 06 23 with what is booked, or 06 24. The acquirer " +
        "knows; `chargetill terminal test` proves it",
    ),
  acceptUnproven: z
    .boolean()
    .default(false)
    .describe("sells before `chargetill terminal test` has proven the dialect: for a bench"),
  shared: z
    .boolean()
    .default(false)
    .describe("other programs hold money at this terminal too: a hold whose answer was lost is left to a person"),
  texts: z
    .boolean()
    .default(false)
    .describe("shows on the terminal's own display what is held (06 E0), where its manual has that command"),
  referencePrefix: z
    .string()
    .regex(/^[A-Z0-9]{2}$/, "expected two capitals or digits such as AC")
    .default("AC")
    .describe("what the acquirer wants before our reference of a hold (Lavego: AC)"),
  readCard: durationFieldOr("10s", "5s", "1m").describe("how long the terminal waits for a card at a time"),
  lateAnswer: durationFieldOr("1m", "0s", "10m").describe(
    "so long after an answer was lost, the bank may still make the hold that is not there yet",
  ),
  holdLasts: durationFieldOr("7d", "1h", "60d").describe("how long the acquirer keeps a hold: a warning comes before"),
});

export type TerminalConfig = z.infer<typeof terminal>;
