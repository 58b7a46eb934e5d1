// What files that were handed in say of the same things, held against each other: two that say otherwise of one thing
// cannot both be true, and two that speak of nothing in common are not tied by anything.

import { isLost } from "../receipt/lost-numbers.js";
import type { LostNumbers } from "../station/station-event.js";

/** What can be said otherwise: a receipt's signed text, its bytes as stored, the root over so many, a QR code's text. */
type Thing = "receipt" | "code" | "stored" | "tree";

export type Statement = { readonly thing: Thing; readonly number: number; readonly value: string };

/** A file, and what it says of one station. */
export type Source = {
  readonly name: string;
  readonly station: string;
  readonly statements: ReadonlyMap<string, Statement>;
  /** How many receipts it knows of. */
  readonly reach: number;
  /** Receipt numbers that it names as lost: of those another history is in other hands, and the station says so. */
  readonly lost: readonly LostNumbers[];
  /** How many receipts it holds, where it claims to be all of them: a book. */
  readonly holds?: number;
};

/** The source of these statements; of two on one thing the first counts. */
export function sourceOf(
  name: string,
  station: string,
  all: readonly Statement[],
  lost: readonly LostNumbers[] = [],
  holds?: number,
): Source {
  const statements = new Map<string, Statement>();
  let reach = 0;
  for (const statement of all) {
    const key = `${statement.thing} ${statement.number}`;
    if (!statements.has(key)) statements.set(key, statement);
    reach = Math.max(reach, statement.number);
  }
  return { name, station, statements, reach, lost, ...(holds === undefined ? {} : { holds }) };
}

/** How two files stand to each other. */
export type SourcePair = {
  readonly first: Source;
  readonly second: Source;
  /** What they say otherwise, in words; undefined where nothing. */
  readonly contradiction?: string;
  /** Both commit to the same first so many receipts; 0 = to none. */
  readonly common: number;
};

/** Whether the two are tied: all that the shorter one knows of, the other one knows too, and in the same way. */
export const isTied = ({ first, second, common }: SourcePair): boolean =>
  common > 0 && common >= Math.min(first.reach, second.reach);

/** Every two of these, in their order. */
export function sourcePairs(sources: readonly Source[]): readonly SourcePair[] {
  return sources.flatMap((first, at) => sources.slice(at + 1).map((second) => compared(first, second)));
}

/**
 * Books that hold fewer receipts than another file knows of, in words; not where another book, of which this one is the
 * beginning, holds them.
 */
export function truncatedBooks(pairs: readonly SourcePair[]): readonly string[] {
  const longer = (book: Source, size: number): boolean =>
    pairs.some((pair) => {
      const other = pair.first === book ? pair.second : pair.second === book ? pair.first : undefined;
      return (other?.holds ?? 0) >= size && isTied(pair);
    });
  return pairs.flatMap(({ first, second }) =>
    [
      [first, second],
      [second, first],
    ].flatMap(([book, other]) => {
      if (book?.holds === undefined || other === undefined || book.station !== other.station) return [];
      return other.reach > book.holds && !longer(book, other.reach)
        ? [`truncated: ${other.name} knows of ${other.reach} receipts, ${book.name} holds ${book.holds}`]
        : [];
    }),
  );
}

const order: readonly Thing[] = ["receipt", "code", "stored", "tree"];

function compared(first: Source, second: Source): SourcePair {
  if (first.station !== second.station) return { first, second, common: 0 };
  const lost = [...first.lost, ...second.lost];
  const [few, many] =
    first.statements.size <= second.statements.size
      ? [first.statements, second.statements]
      : [second.statements, first.statements];
  let common = 0;
  let against: Statement | undefined;
  for (const [key, one] of few) {
    const other = many.get(key);
    if (other === undefined) continue;
    // A code tells of one receipt, and nothing of those before it.
    if (other.value === one.value) common = one.thing === "code" ? common : Math.max(common, one.number);
    else if (!isLost(lost, one.number) && (against === undefined || isBefore(one, against))) against = one;
  }
  return {
    first,
    second,
    common,
    ...(against === undefined ? {} : { contradiction: wordsOf(against, first, second) }),
  };
}

const isBefore = (a: Statement, b: Statement): boolean =>
  order.indexOf(a.thing) - order.indexOf(b.thing) < 0 || (a.thing === b.thing && a.number < b.number);

function wordsOf({ thing, number }: Statement, first: Source, second: Source): string {
  const two = `${first.name} and ${second.name}`;
  switch (thing) {
    case "receipt":
      return `forked: ${two} are different receipts with the number ${number}`;
    case "code":
      return `forked: the QR codes in ${two} say different things of receipt ${number}`;
    case "stored":
      return `forked: ${two} do not speak of the same receipt ${number}`;
    case "tree": {
      const [a, b] = [first, second].map(({ statements }) => statements.get(`tree ${number}`)?.value.slice(0, 16));
      return `forked: ${two} name two histories of ${number} receipts of ${first.station} (roots ${a}… and ${b}…)`;
    }
    default:
      return thing satisfies never;
  }
}
