// What two answers to one CDR have in common: everything that the reference states, and the taxes by their rate.

type Answer = Readonly<Record<string, unknown>>;

/** One CDR that costs something else by the engine than by the reference, and the line that both were given. */
export type Difference = {
  readonly name: string;
  /** The fields that differ: `total_cost: 1.19, reference 1.2`. */
  readonly fields: readonly string[];
  readonly input: string;
};

/** What was compared. `refused` = CDRs that neither of them prices. */
export type Compared = {
  readonly priced: number;
  readonly refused: number;
  readonly differences: readonly Difference[];
};

const isAnswer = (value: unknown): value is Answer =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function answerOf(line: string | undefined): Answer {
  const read: unknown = JSON.parse(line ?? "null");
  if (!isAnswer(read)) throw new Error(`expected an answer, found ${line ?? "nothing"}`);
  return read;
}

/** The taxes in the order of their rates; a rate on nothing is stated by the one and left out by the other. */
function comparable(value: unknown): unknown {
  if (!isAnswer(value) || !Array.isArray(value["taxes"])) return value;
  const taxes = value["taxes"].filter(isAnswer).filter(({ amount }) => amount !== "0");
  const rateOf = ({ percentage }: Answer): number => Number(percentage ?? -1);
  return { ...value, taxes: taxes.sort((a, b) => rateOf(a) - rateOf(b)) };
}

/** JSON whose keys stand in one order. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    isAnswer(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );

function differingFields(engine: Answer, reference: Answer): string[] {
  if (engine["error"] !== undefined || reference["refused"] !== undefined) {
    if (engine["error"] !== undefined && reference["refused"] !== undefined) return [];
    return [`refused: ${String(engine["error"] ?? "no")}, reference ${String(reference["refused"] ?? "no")}`];
  }
  return Object.entries(reference).flatMap(([field, expected]) => {
    const [found, wanted] = [textOf(comparable(engine[field]) ?? null), textOf(comparable(expected))];
    return found === wanted ? [] : [`${field}: ${found}, reference ${wanted}`];
  });
}

/** Compares the answers to `inputs`, line by line. Throws where one side did not answer a line. */
export function compareAnswers(
  inputs: readonly string[],
  engine: readonly string[],
  reference: readonly string[],
): Compared {
  let [priced, refused] = [0, 0];
  const differences = inputs.flatMap((input, index): Difference[] => {
    const [ours, theirs] = [answerOf(engine[index]), answerOf(reference[index])];
    if (ours["name"] !== theirs["name"]) throw new Error(`${String(ours["name"])} is not ${String(theirs["name"])}`);
    if (ours["error"] === undefined) priced++;
    else refused++;
    const fields = differingFields(ours, theirs);
    return fields.length === 0 ? [] : [{ name: String(theirs["name"]), fields, input }];
  });
  return { priced, refused, differences };
}
