// What a peer writes otherwise than its standard has it, and this station takes all the same, because it can mean one
// thing alone: counted by kind, noted in the log once, and shown by `sync status`.

const words = {
  "null-field": "fields that are null, taken as absent",
  "list-payload": "payloads that are [] or null, taken as {}",
  "no-zone": "times without a zone, taken as UTC",
  "text-id": "transaction ids that are text, taken as numbers",
  "message-id": "message ids that are numbers or too long",
  "no-subprotocol": "connections on which no version was named, taken as the one that is configured",
  "unclean-text": "texts with characters that cannot be printed, cleaned",
} as const;

export type Oddity = keyof typeof words;
/** How often a kind was seen since the start. */
export type OddityCount = { readonly oddity: Oddity; readonly count: number };

export class Oddities {
  readonly #counts = new Map<Oddity, number>();

  /** `note` is told of each kind when it is first seen. */
  constructor(private readonly note: (text: string) => void) {}

  saw(oddity: Oddity, count = 1): void {
    const before = this.#counts.get(oddity) ?? 0;
    this.#counts.set(oddity, before + count);
    if (before === 0) this.note(`not as the standard has it, but taken and counted: ${words[oddity]}`);
  }

  counts(): readonly OddityCount[] {
    return [...this.#counts].map(([oddity, count]) => ({ oddity, count }));
  }
}

/** The counts in one line, for people. */
export const oddityText = (counts: readonly OddityCount[]): string =>
  counts.map(({ oddity, count }) => `${words[oddity]}: ${count}`).join("; ");
