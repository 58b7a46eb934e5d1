// The complaints of a station as they lie on disk: one table, bounded, with what people wrote in it.
import { join } from "node:path";
import { z } from "zod";
import { languages } from "../../../config/languages.js";
import { type Complaint, complaintReasons } from "../../core/complaints/complaint.js";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";

export const complaintsFile = "complaints.json";
/** Rows that are kept: with more, the oldest ones that are over and forgotten go. */
export const mostComplaints = 2_000;

const row = z.strictObject({
  number: z.int().min(1),
  receipt: z.int().min(1),
  sessionId: z.string(),
  sessionStartMs: z.int(),
  reason: z.enum(complaintReasons),
  language: z.enum(languages),
  openedMs: z.int(),
  dueMs: z.int(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  written: z.strictObject({ salt: z.string(), text: z.string(), contact: z.string().optional() }).optional(),
  answers: z.array(z.strictObject({ atMs: z.int(), by: z.string(), text: z.string() })),
  crediting: z.strictObject({ by: z.string() }).optional(),
  end: z
    .strictObject({
      atMs: z.int(),
      by: z.string(),
      outcome: z.enum(["credited", "closed"]),
      credit: z.int().optional(),
    })
    .optional(),
});
const table = z.strictObject({ last: z.int().min(0), complaints: z.array(row).max(mostComplaints) });

/** `last` = the highest number that was given. */
export type ComplaintRows = { readonly last: number; readonly complaints: readonly Complaint[] };

export const noComplaints: ComplaintRows = { last: 0, complaints: [] };

/** Names what was read; throws where it does not fit. */
export const parseComplaints = (value: unknown): ComplaintRows => table.parse(value) as ComplaintRows;

/** All of them, for looking only: safe while an agent writes. Throws Failure table/damaged, disk/failed. */
export const viewComplaints = (disk: Disk, folder: string): readonly Complaint[] =>
  Table.view(disk, join(folder, complaintsFile), parseComplaints, noComplaints).complaints;
