// When something is done: five fields of figures, as node-cron has them. What it would refuse is refused here, where
// the config is read, and not at the start of a station.
import { z } from "zod";

/** Minute, hour, day of the month, month, day of the week: the least and the most of each. */
const bounds = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const part = /^(?:(\*|(\d{1,2})-(\d{1,2}))(?:\/([1-9]\d?))?|(\d{1,2}))$/;
const daysOf = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The figures that one part of a field stands for; none where it is no such part. */
function figuresOf(text: string, [least, most]: readonly [number, number]): number[] {
  const found = part.exec(text);
  if (found === null) return [];
  const [, , from, to, step = "1", only] = found;
  const [first, last] = only === undefined ? [Number(from ?? least), Number(to ?? most)] : [Number(only), Number(only)];
  if (Math.min(first, last) < least || Math.max(first, last) > most) return [];
  // A range that ends before it begins goes over the end: 22-3.
  const all = Array.from({ length: most - least + 1 }, (_, index) => least + index);
  const run =
    first <= last
      ? all.filter((figure) => figure >= first && figure <= last)
      : [...all.filter((figure) => figure >= first), ...all.filter((figure) => figure <= last)];
  return run.filter((_, index) => index % Number(step) === 0);
}

function isSchedule(value: string): boolean {
  const fields = value.split(" ");
  if (fields.length !== bounds.length) return false;
  const figures = bounds.map((range, index) => (fields[index] ?? "").split(",").map((text) => figuresOf(text, range)));
  if (figures.some((parts) => parts.some((part) => part.length === 0))) return false;
  const [days = [], months = []] = [figures[2]?.flat(), figures[3]?.flat()];
  // The 31st of February never comes.
  return months.some((month) => days.some((day) => day <= (daysOf[month - 1] ?? 0)));
}

export const cronText = z
  .string()
  .refine(isSchedule, 'expected a schedule in five fields, minute to day of the week, such as "*/5 * * * *"');
