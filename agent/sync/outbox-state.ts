// What the outbox remembers of one uplink: a cursor and the exceptions, so it stays small however many receipts there
// are. Every number up to the cursor is acknowledged, or had nothing to send, unless it stands under `open` or
// `parked`.
import { z } from "zod";
import { Failure } from "../core/failure.js";

const count = z.int().min(0);
const longestReason = 300;
/**
 * So many may be in doubt at once, one after the other as each has had its attempts: poison comes in rows too. Where
 * even more fail it is the backend.
 */
export const mostInDoubt = 8;
const mostOpen = mostInDoubt + 1;

const state = z.strictObject({
  /** The last receipt number that was taken in hand. */
  cursor: count,
  /**
   * In hand and not acknowledged: written before the send, so after a restart each may have arrived. Those in doubt, and
   * the one that is tried instead of them.
   */
  open: z.array(z.strictObject({ number: count, state: z.enum(["sending", "unsure"]), attempts: count })).max(mostOpen),
  /** Kept back with a reason until a person asks for them again. */
  parked: z.array(
    z.strictObject({
      number: count,
      id: z.string(),
      reason: z.string(),
      atMs: z.number(),
      again: z.boolean(),
      /** A fault of ours, not of the backend: it goes out by its own number only, never with all others. */
      wrong: z.literal(true).optional(),
      /** A person has seen it and leaves it unsent. */
      left: z.literal(true).optional(),
    }),
  ),
  lastAck: z.strictObject({ number: count, id: z.string(), atMs: z.number() }).nullable(),
  /** Numbers after the cursor that a person has set aside: parked when their turn comes. */
  aside: z.array(count).default([]),
});

export type OutboxState = z.infer<typeof state>;
type OpenItem = OutboxState["open"][number];
export type ParkedItem = OutboxState["parked"][number];

export const emptyOutbox: OutboxState = { cursor: 0, open: [], parked: [], lastAck: null, aside: [] };

/** Names a value that was read from disk. Throws Failure table/damaged. */
export function parseOutboxState(value: unknown): OutboxState {
  const read = state.safeParse(value);
  if (read.success) return read.data;
  throw new Failure("table/damaged", `the outbox's state cannot be read: ${z.prettifyError(read.error)}`);
}

/** The same, as the table of an uplink holds it. */
export const parseOutboxTable = (value: unknown): { readonly state: OutboxState } => ({
  state: parseOutboxState((value as { state?: unknown } | null)?.state),
});

type Named = Pick<OutboxItem, "number" | "id" | "wrong">;

/** In hand: written before it is sent. The same object where it was in hand already. */
export function markTaken(state: OutboxState, number: number): OutboxState {
  if (state.open.some((item) => item.number === number)) return state;
  return {
    ...state,
    cursor: Math.max(state.cursor, number),
    open: [...state.open, { number, state: "sending", attempts: 0 }],
  };
}

export function markAcknowledged(state: OutboxState, { number, id }: Named, atMs: number): OutboxState {
  return {
    ...state,
    open: without(state.open, number),
    parked: without(state.parked, number),
    lastAck: { number, id, atMs },
  };
}

export function markParked(
  state: OutboxState,
  { number, id, wrong }: Named,
  reason: string,
  atMs: number,
): OutboxState {
  const kept = { number, id, reason: reason.slice(0, longestReason), atMs, again: false };
  const entry: ParkedItem = wrong === undefined ? kept : { ...kept, wrong: true };
  return {
    ...state,
    cursor: Math.max(state.cursor, number),
    open: without(state.open, number),
    parked: [...without(state.parked, number), entry],
    aside: state.aside.filter((one) => one !== number),
  };
}

/** A person has set aside one whose turn has not come. */
export function markAside(state: OutboxState, number: number): OutboxState {
  return state.aside.includes(number) ? state : { ...state, aside: [...state.aside, number] };
}

/**
 * No good answer: one more attempt where it counts, in doubt where it may have arrived. The same object where nothing
 * is new.
 */
export function markUnanswered(
  state: OutboxState,
  number: number,
  { unsure, counts }: { readonly unsure: boolean; readonly counts: boolean },
): OutboxState {
  const open = state.open.find((item) => item.number === number);
  if (open === undefined || (!counts && (!unsure || open.state === "unsure"))) return state;
  const next: OpenItem = { number, state: unsure ? "unsure" : open.state, attempts: open.attempts + (counts ? 1 : 0) };
  return { ...state, open: state.open.map((item) => (item === open ? next : item)) };
}

/** Back in line, by hand. */
export function askedAgain(state: OutboxState, numbers: readonly number[]): OutboxState {
  const asked = new Set(numbers);
  return { ...state, parked: state.parked.map((item) => (asked.has(item.number) ? { ...item, again: true } : item)) };
}

/** A person has seen it and leaves it unsent; it stays listed. */
export function markLeft(state: OutboxState, number: number): OutboxState {
  return {
    ...state,
    parked: state.parked.map((item) => (item.number === number && !item.again ? { ...item, left: true } : item)),
  };
}

/** Those kept back for a fault of ours that nobody has looked at. */
export const wrongAndUnseen = (parked: readonly ParkedItem[]): readonly ParkedItem[] =>
  parked.filter(({ wrong, left, again }) => wrong === true && left !== true && !again);

/** After a restart: what was being sent when we went down may have arrived. */
export function restarted(state: OutboxState): OutboxState {
  return { ...state, open: state.open.map((item) => ({ ...item, state: "unsure" })) };
}

/** What goes before any new number: what may have arrived already, then what was asked for by hand. */
export function firstInLine(state: OutboxState): readonly number[] {
  const open = state.open.map((item) => item.number);
  return [
    ...open,
    ...state.parked.filter((item) => item.again && !open.includes(item.number)).map((item) => item.number),
  ];
}

function without<Item extends { readonly number: number }>(items: readonly Item[], number: number): Item[] {
  return items.filter((item) => item.number !== number);
}

export interface OutboxStore {
  /** null where nothing was ever written. */
  read(): OutboxState | null;
  /** Durable when it returns; throws when it is not. */
  write(state: OutboxState): void;
}

/**
 * `park` keeps an item back with this reason without asking the backend (a date that is not known: "clock"). `wrong` = a
 * fault of ours is the reason.
 */
export type OutboxItem = {
  readonly number: number;
  readonly id: string;
  readonly body: string;
  readonly park?: string;
  readonly wrong?: string;
};

/** The receipt book, as the outbox sees it. */
export interface OutboxItems {
  /** The highest receipt number there is; 0 = none. */
  last(): number;
  /** null = there is nothing to send for this number (the start receipt). */
  get(number: number): OutboxItem | null;
}

/** Where a receipt stands on its way to one backend. */
export type ItemState = "queued" | "sending" | "unsure" | "acked" | "parked";

export function itemState(state: OutboxState, number: number): ItemState {
  const open = state.open.find((item) => item.number === number);
  if (open !== undefined) return open.state;
  const parked = state.parked.find((item) => item.number === number);
  if (parked !== undefined) return parked.again ? "queued" : "parked";
  return number > state.cursor ? "queued" : "acked";
}
