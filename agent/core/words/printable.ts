// Texts that others wrote, on their way to paper, a terminal or a file: what would clear a screen, forge a line or turn
// the direction of writing is taken out.

/** Control characters, line separators, marks that turn the direction of writing, and halves of a character. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;
const everyUnprintable = new RegExp(unprintable, "gu");
const lineBreaks = /[\t\n\r\u2028\u2029]+/g;
/** A certificate or a key as text, whose line breaks belong to it (RFC 7468). */
const pem = /^-----BEGIN [A-Z0-9 ]{1,40}-----[\r\n]/;
const replacement = "\ufffd";

/** What may not be printed, each as `mark`. */
export const printable = (text: string, mark: string): string => text.replace(everyUnprintable, mark);

/**
 * A text as a command prints it, with its own lines and tabs: what a terminal could take for an order is written as JSON
 * writes it, so that it is seen, and JSON says the same as before.
 */
export const terminalText = (text: string): string =>
  text.replace(everyUnprintable, (one) =>
    one === "\n" || one === "\t" ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** One line of at most so many characters, none of them cut in two. */
export function shortLine(text: string, most: number): string {
  const line = text
    .slice(0, most * 4)
    .replace(/\s+/g, " ")
    .trim();
  return [...line].slice(0, most).join("");
}

/** An address has no words to break it at; half of one leads nowhere, so it goes on in the next line. */
export const addressPieces = (address: string, columns: number): string[] =>
  Array.from({ length: Math.ceil(address.length / columns) }, (_, at) =>
    address.slice(at * columns, (at + 1) * columns),
  );

/**
 * A text as it is let in: line breaks and tabs are blanks, all else that may not be printed is U+FFFD, so that it can be
 * seen that something stood there. The same text comes back where nothing is amiss.
 */
export function cleanedText(text: string): string {
  if (!unprintable.test(text)) return text;
  if (!pem.test(text)) return printable(text.replace(lineBreaks, " "), replacement);
  return text
    .split("\n")
    .map((line) => printable(line.replace(/\r$/, ""), replacement))
    .join("\n");
}
