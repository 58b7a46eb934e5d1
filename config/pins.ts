// The contactors' pins out of a config file in whatever state it is: opening them must not fail over a misspelt tariff.
import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { PinConfig } from "./schema.js";

export type ContactorPin = { readonly connector: string; readonly pin: PinConfig };
export type ContactorPins = { readonly pins: readonly ContactorPin[]; readonly faults: readonly string[]; readonly bench: boolean };

const mostPin = 53;

/** The pins that can be made out, and a sentence for each connector whose pin cannot. Never throws. */
export function contactorPins(file: string): ContactorPins {
  let value: unknown;
  try {
    value = parseDocument(readFileSync(file, "utf8"), { prettyErrors: false }).toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { pins: [], faults: [`${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`], bench: false };
  }
  const connectors = part(value, "connectors");
  if (!Array.isArray(connectors)) return { pins: [], faults: [`${file}: names no connectors`], bench: false };
  const pins: ContactorPin[] = [];
  const faults: string[] = [];
  connectors.forEach((entry: unknown, index) => {
    const connector = String(part(entry, "id") ?? `number ${index + 1} of the list`);
    const contactor = part(entry, "contactor");
    const gpio = part(contactor, "gpio");
    if (typeof gpio === "number" && Number.isInteger(gpio) && gpio >= 0 && gpio <= mostPin) pins.push({ connector, pin: { gpio, activeLow: part(contactor, "activeLow") === true } });
    else faults.push(`${file}: connector ${connector} names no contactor pin`);
  });
  return { pins, faults, bench: part(value, "bench") !== undefined };
}

const part = (value: unknown, key: string): unknown => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined);
