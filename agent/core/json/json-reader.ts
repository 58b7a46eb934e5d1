// Reading a JSON value that came from outside, field by field: every fault is noted with its path, and nothing is
// guessed. It is hand-written rather than a schema because a tariff is read for every CDR that is priced, and every
// fault has its own words.
import { type Decimal, decimalOf, decimalText } from "../../../config/decimal.js";
import { nearestName } from "../../../config/nearest-name.js";
import { withoutFloatNoise } from "../number/float-noise.js";
import { parseInstant } from "../time/time.js";

export type Fault = { readonly path: string; readonly message: string };
/** What was read all the same, and by which rule it is worth a look. */
export type ReadWarning = Fault & { readonly rule: "float-noise" | "unknown-field" };
export type JsonObject = { readonly [key: string]: unknown };

/** Faults of one document; past this many nobody reads on. */
const mostFaults = 100;
/** A name from outside may have any length; a path that is longer is cut. */
const longestPath = 200;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field that is null counts as absent (OCPI, transport_and_format). */
export const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearestName(word, known);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** What a value is, in words, for a fault. */
function saying(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return typeof value === "object" ? "an object" : String(value);
}

/** The quick way past the usual case: no path is built, no fault is noted. */
export function decimalWithin(
  value: unknown,
  bounds: { readonly places: number; readonly most: number },
): Decimal | undefined {
  if (typeof value !== "number" || !(value >= 0 && value <= bounds.most)) return undefined;
  const decimal = decimalOf(value);
  return decimal !== undefined && decimal.scale <= bounds.places ? decimal : undefined;
}

/** Reads fields and gathers faults and warnings. */
export class JsonReader {
  readonly faults: Fault[] = [];
  readonly warnings: ReadWarning[] = [];

  fault(path: string, message: string): undefined {
    if (this.faults.length < mostFaults) this.faults.push({ path: path.slice(0, longestPath), message });
    return undefined;
  }

  /** Nobody reads on: what was meant by each further name is not looked for. */
  get isFull(): boolean {
    return this.faults.length >= mostFaults || this.warnings.length >= mostFaults;
  }

  warn(path: string, rule: ReadWarning["rule"], message: string): void {
    if (this.warnings.length < mostFaults) this.warnings.push({ path: path.slice(0, longestPath), rule, message });
  }

  object(value: unknown, path: string, known: readonly string[]): JsonObject | undefined {
    if (!isObject(value)) return this.fault(path, `expected an object, found ${saying(value)}`);
    for (const key in value) {
      if (this.isFull) break;
      if (!known.includes(key))
        this.fault(path === "" ? key : `${path}.${key}`, `unknown field${didYouMean(key, known)}`);
    }
    return value;
  }

  list(value: unknown, path: string, most: number): readonly unknown[] | undefined {
    if (!Array.isArray(value)) return this.fault(path, `expected a list, found ${saying(value)}`);
    if (value.length > most) return this.fault(path, `${value.length} entries; more than ${most} are not taken`);
    return value as unknown[];
  }

  text(value: unknown, path: string, most: number): string | undefined {
    if (typeof value !== "string") return this.fault(path, `expected a text, found ${saying(value)}`);
    if (value.length === 0 || value.length > most)
      return this.fault(path, `expected 1 to ${most} characters, found ${value.length}`);
    return value;
  }

  oneOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word | undefined {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    return this.fault(
      path,
      `expected one of ${words.join(", ")}, found ${saying(value)}${typeof value === "string" ? didYouMean(value, words) : ""}`,
    );
  }

  /** An exact decimal from a JSON number; `places` and `most` bound what can be meant. */
  decimal(
    value: unknown,
    path: string,
    bounds: { places: number; most: number; negative?: boolean },
  ): Decimal | undefined {
    if (typeof value !== "number") return this.fault(path, `expected a number, found ${saying(value)}`);
    if (!Number.isFinite(value)) return this.fault(path, `${value} is not a number that can be billed`);
    if (value < 0 && bounds.negative !== true) return this.fault(path, `expected 0 or more, found ${value}`);
    if (Math.abs(value) > bounds.most) return this.fault(path, `${value} is more than ${bounds.most}`);
    const exact = decimalOf(value);
    if (exact !== undefined && exact.scale <= bounds.places) return exact;
    const decimal = exact === undefined ? undefined : withoutFloatNoise(exact);
    if (decimal === undefined || decimal.scale > bounds.places)
      return this.fault(path, `${value} has more than ${bounds.places} decimals`);
    this.warn(path, "float-noise", `${value} is read as ${decimalText(decimal)}: write it so, without a float's noise`);
    return decimal;
  }

  /** The path is `parent()` + `field`, built for a fault alone. */
  whole(value: unknown, parent: () => string, field: string, most: number): number | undefined {
    if (typeof value !== "number" || !Number.isInteger(value))
      return this.fault(parent() + field, `expected a whole number, found ${saying(value)}`);
    if (value < 0 || value > most) return this.fault(parent() + field, `expected 0 to ${most}, found ${value}`);
    return value;
  }

  instant(value: unknown, path: string): number | undefined {
    const ms = typeof value === "string" ? parseInstant(value) : undefined;
    return ms ?? this.fault(path, `expected a time such as 2026-03-29T01:00:00Z, found ${saying(value)}`);
  }
}
