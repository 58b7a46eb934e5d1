// A decimal text as a language writes it.

/** How a language parts whole units from their fractions. */
export type DecimalMark = "." | ",";

/**
 * A decimal text with the language's decimal mark. Any other text stays as it is: a phrase may hold points that are no
 * decimal marks ("MwSt. 19.5 %"), so each number is written by itself.
 */
export const localNumber = (decimal: string, mark: DecimalMark): string =>
  /^-?\d+\.\d+$/.test(decimal) ? decimal.replace(".", mark) : decimal;
