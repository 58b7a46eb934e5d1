// Pure, and in the lowest folder: the config names one of these, and the core has words in each.

/** The languages of receipts, prices and tariffs. A new one is named here; the compiler then asks for its words. */
export const languages = ["en", "de", "fr", "es", "nl", "it", "pl", "cs", "sv"] as const;
export type Language = (typeof languages)[number];
