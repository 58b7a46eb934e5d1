// Text on its way into a page.

const escapes: ReadonlyMap<string, string> = new Map(
  Object.entries({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }),
);

/** A text as it stands in a page or an attribute: nothing in it is markup. */
export const htmlText = (text: string): string => text.replace(/[&<>"']/g, (letter) => escapes.get(letter) ?? "");
