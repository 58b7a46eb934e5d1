// The terminals that passed `terminal test`, by their id and dialect: money is held on cards only at one of these.
import { join } from "node:path";
import { z } from "zod";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";

export const acceptedTerminalsFile = "accepted-terminals.json";

/** One passed test: what was held and what was booked of it, minor units. */
const acceptedTerminal = z.object({
  terminalId: z.string(),
  dialect: z.string(),
  atMs: z.number(),
  by: z.string(),
  heldMinor: z.number(),
  bookedMinor: z.number(),
});
export type AcceptedTerminal = Readonly<z.infer<typeof acceptedTerminal>>;

/** Names the shape of the table. Throws where it does not fit. */
export const parseAcceptedTerminals = (value: unknown): readonly AcceptedTerminal[] =>
  z.array(acceptedTerminal).parse(value);

export class AcceptedTerminals {
  private constructor(private readonly table: Pick<Table<readonly AcceptedTerminal[]>, "data" | "update">) {}

  /** `use`: to look, nothing is made or written. Throws Failure table/damaged, disk/failed. */
  static open(disk: Disk, folder: string, use: "work" | "look" = "work"): AcceptedTerminals {
    const path = join(folder, acceptedTerminalsFile);
    const open = use === "look" ? Table.shown : Table.open;
    return new AcceptedTerminals(open<readonly AcceptedTerminal[]>(disk, path, parseAcceptedTerminals, []));
  }

  /** The test that stands for a terminal with its dialect. */
  find(terminalId: string, dialect: string): AcceptedTerminal | undefined {
    return this.table.data.find((test) => test.terminalId === terminalId && test.dialect === dialect);
  }

  /** Lasts when it returns; the newest test of a terminal stands for it, whatever dialect it had before. */
  add(test: AcceptedTerminal): void {
    this.table.update((before) => [...before.filter(({ terminalId }) => terminalId !== test.terminalId), test]);
  }
}
