// The contactors' pins out of a config file in whatever state it is: opening them must not fail over a misspelt tariff.
// But a pin whose polarity is in doubt is told as such: the wrong level would close what is to be opened.
import { readFileSync } from "node:fs";
import { isMap, isScalar, type Node, parseDocument } from "yaml";

/** `activeLow`: undefined where the file does not say it clearly. */
type ContactorPin = {
  readonly connector: string;
  readonly gpio: number;
  readonly activeLow: boolean | undefined;
};
export type ContactorPins = {
  readonly pins: readonly ContactorPin[];
  readonly faults: readonly string[];
  readonly bench: boolean;
};

const mostPin = 53;

/** The pins that can be made out, and a sentence for each connector whose pin cannot. Never throws. */
export function contactorPins(file: string): ContactorPins {
  let connectors: unknown[];
  let bench: boolean;
  try {
    const document = parseDocument(readFileSync(file, "utf8"), { prettyErrors: false });
    // Only these parts are made values: an alias to nowhere, or a key that stands twice, is nothing to stumble over
    // here.
    const valuesAt = (key: string): unknown[] =>
      (isMap(document.contents)
        ? document.contents.items.filter((pair) => isScalar(pair.key) && pair.key.value === key)
        : []
      ).map(({ value }) => (value as Node | null)?.toJS(document, { maxAliasCount: 100 }) as unknown);
    connectors = valuesAt("connectors").flat();
    bench = valuesAt("bench").some((value) => value !== null && value !== undefined);
  } catch (error) {
    return {
      pins: [],
      faults: [`${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`],
      bench: false,
    };
  }
  if (connectors.length === 0) return { pins: [], faults: [`${file}: names no connectors`], bench };
  const pins: ContactorPin[] = [];
  const faults: string[] = [];
  connectors.forEach((entry, index) => {
    const connector = String(part(entry, "id") ?? `number ${index + 1} of the list`);
    const contactor = part(entry, "contactor");
    const gpio = pinNumber(part(contactor, "gpio"));
    if (gpio === undefined) faults.push(`${file}: connector ${connector} names no contactor pin`);
    else pins.push({ connector, gpio, activeLow: polarity(contactor as object) });
  });
  return { pins, faults, bench };
}

function pinNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,2}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= mostPin
    ? number
    : undefined;
}

/** Undefined where a key or its value may have been meant to say so and does not. */
function polarity(contactor: object): boolean | undefined {
  if (Object.keys(contactor).some((key) => !["gpio", "feedback", "activeLow"].includes(key))) return undefined;
  const value = "activeLow" in contactor ? contactor.activeLow : false;
  return typeof value === "boolean" ? value : undefined;
}

const part = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
