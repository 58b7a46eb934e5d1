// What a look into the reader's field can find, as data between the reader's thread and the agent's.
// Apart from the search itself, so that the agent's thread does not load the library under it.

/**
 * What one search saw. `uid` is 4, 7 or 10 bytes as upper-case hex; `lost` = the chip no longer answers, and how that
 * shows.
 */
export type CardDetection =
  | { readonly kind: "none" }
  | { readonly kind: "card"; readonly uid: string }
  | { readonly kind: "several" }
  | { readonly kind: "unreadable" }
  | { readonly kind: "lost"; readonly why: string };

/** A single-size UID that begins so is new at every tap (ISO/IEC 14443-3, table on UID0): phones do that. */
export const isRandomUid = (uid: string): boolean => uid.length === 8 && uid.startsWith("08");

/** `0x0a`, as data sheets write it. */
export const hexByte = (byte: number): string => `0x${byte.toString(16).padStart(2, "0")}`;
