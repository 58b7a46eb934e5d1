// The receipt of a session, looked for among the newest: a session is settled soon after it ends.
import type { BookView } from "./book.js";

/** Its number; undefined where none of the newest `most` is of the session. Throws book/damaged, disk/failed. */
export function receiptOfSession(
  book: Pick<BookView, "count" | "get">,
  sessionId: string,
  most: number,
): number | undefined {
  const newest = book.count();
  for (let number = newest; number > Math.max(0, newest - most); number -= 1)
    if (book.get(number)?.sessionId === sessionId) return number;
  return undefined;
}
