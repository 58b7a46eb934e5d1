// The config keys of payments on the spot: what is held on a driver's card before he charges.
import { z } from "zod";
import { decimalField, nameField } from "./schema-fields.js";

/** What is held on the card of a driver who pays on the spot; it counts where a payment terminal is there. */
export const payments = z
  .strictObject({
    /** Held before a session begins, which ends before it costs more; what is not used is released at its end. */
    hold: decimalField("50.00").default("50.00"),
    /** The reader whose connectors the terminal serves, by the same rule; default: the first one listed. */
    reader: nameField.optional(),
    /**
     * Holds at the terminal that are not known here are let go of at each start. Only where nobody else uses the
     * terminal.
     */
    releaseUnknownHolds: z.boolean().default(false),
  })
  .prefault({});
