// What a request at the control socket brings, read as what it must be. A value of JSON is not one of JavaScript's: of
// an object that has a field "toString" no number and no text can be made, and the attempt ends the process.
import { Failure } from "../core/failure.js";

/** In words, whatever it is. */
export function requestedValue(value: unknown): string {
  if (typeof value === "string") return value.length > longestShown ? `${value.slice(0, longestShown)}…` : value;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value);
}
const longestShown = 80;

/** A number, or a text that is one. Throws Failure usage/invalid. */
export function requestedNumber(value: unknown, name: string): number {
  const number =
    typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw new Failure("usage/invalid", `${name}: expected a number, found ${requestedValue(value)}`);
}

/** Yes or no, where it is said. Throws Failure usage/invalid. */
export function requestedSwitch(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw new Failure("usage/invalid", `${name}: expected true or false, found ${requestedValue(value)}`);
}

/** A text of at most so many characters. Throws Failure usage/invalid. */
export function requestedText(value: unknown, name: string, most = 255): string {
  if (typeof value === "string" && value.length <= most) return value;
  throw new Failure(
    "usage/invalid",
    `${name}: expected a text of at most ${most} characters, found ${requestedValue(value)}`,
  );
}
