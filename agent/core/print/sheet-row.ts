// The parts of a receipt's sheet: rows of a few kinds in named sections, which every rendering draws in its own way.

export type SheetRow =
  /** `onRoll: false` = too long for paper of 58 mm, and in the file anyway. */
  | { readonly kind: "fact"; readonly label: string; readonly value: string; readonly onRoll?: false }
  /** A price line: what, when, the working, the amount in the currency's decimals, and the exact one where it has more. */
  | {
      readonly kind: "priced";
      readonly what: string;
      readonly span?: string;
      readonly working: string;
      readonly amount: string;
      readonly exact?: string;
    }
  | { readonly kind: "sum"; readonly label: string; readonly amount: string; readonly strong: boolean };

export type SheetSection = {
  readonly name: "price" | "payment" | "help" | "details" | "check";
  readonly heading: string;
  readonly rows: readonly SheetRow[];
};

/** One of the few things that a driver wants to know at once. */
export type GlanceRow = {
  readonly name: "total" | "energy" | "when" | "where" | "stopped";
  readonly label: string;
  readonly value: string;
};
