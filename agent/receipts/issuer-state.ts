// The end of the receipt chain as it lies on the disk: its shape is proven when it is read, so that damage is told with
// its field and not met later.
import { z } from "zod";
import type { GivenNumbers, IssuerState } from "./receipt-chain.js";

export const issuerStateFile = "receipt-chain.json";

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hex");
const amount = z.string().regex(/^-?\d+(\.\d+)?$/, "expected an exact decimal");
const rate = z.object({
  currency: z.string(),
  name: z.string(),
  ratePercent: z.string(),
  net: amount,
  tax: amount,
  gross: amount,
});
const register = z.object({
  serial: z.string(),
  billedMilliWh: z.int(),
  accepted: z
    .object({
      moment: z.object({
        at: z.number(),
        monoMs: z.number(),
        boot: z.string(),
        trust: z.enum(["synced", "holdover", "unsynced"]),
      }),
      lastMilliWh: z.int(),
      acceptedMilliWh: z.int(),
      by: z.string(),
      note: z.string(),
    })
    .optional(),
});
const state = z.object({
  chain: z.object({
    count,
    previous: z.union([digest, z.literal("")]),
    frontier: z.array(digest),
    totals: z.object({ sales: count, energyMilliWh: count, rates: z.array(rate) }),
    checkpoint: z.string(),
    unsigned: z.object({ first: count, count, digest }).optional(),
  }),
  pagination: count,
  // A file of a version that kept none.
  registers: z.array(register).default([]),
  given: z
    .object({
      last: count,
      known: z.enum(["number mark", "receipt files", "person"]),
      by: z.string().optional(),
      note: z.string().optional(),
    })
    .optional(),
});

const withoutUndefined = ({ last, known, by, note }: NonNullable<z.infer<typeof state>["given"]>): GivenNumbers => ({
  last,
  known,
  ...(by === undefined ? {} : { by }),
  ...(note === undefined ? {} : { note }),
});

/** Names the shape of the file. Throws an Error that names the field where it does not fit. */
export function parseIssuerState(value: unknown): IssuerState {
  const read = state.safeParse(value);
  if (!read.success) throw new Error(`the state of the receipt chain cannot be read: ${z.prettifyError(read.error)}`);
  const { chain, pagination, registers, given } = read.data;
  const { unsigned, ...rest } = chain;
  // A tree of so many leaves has as many peaks as its size has ones in binary.
  const peaks = chain.count.toString(2).replaceAll("0", "").length;
  if (chain.frontier.length !== peaks)
    throw new Error(
      `the state of the receipt chain cannot be read: ${chain.frontier.length} peaks are not the tree of ${chain.count} receipts`,
    );
  return {
    chain: { ...rest, ...(unsigned === undefined ? {} : { unsigned }) },
    pagination,
    registers: registers.map(({ accepted, ...row }) => (accepted === undefined ? row : { ...row, accepted })),
    ...(given === undefined ? {} : { given: withoutUndefined(given) }),
  };
}
