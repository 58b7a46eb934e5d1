// A meter's register map as data: one JSON file a model, checked here once, so that no driver guesses an address.
// Adding a meter is adding a file; what a value means, how sure we are of it and how fine it counts all stand beside
// its address.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Compiled or not, the maps lie in `config/meters` of the application folder. */
const folder = new URL("../../config/meters/", import.meta.url);

/** A map that is missing or cannot be used. The message names the file and the place in it. */
export class MeterMapError extends Error {
  override readonly name = "MeterMapError";
  constructor(
    readonly code: "config/missing" | "config/invalid",
    readonly file: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** How many 16-bit words each number type takes; texts state their own length. */
const typeWords = {
  u16: 1,
  i16: 1,
  u32: 2,
  i32: 2,
  f32: 2,
  iskra_t5: 2,
  iskra_t6: 2,
  u64: 4,
  i64: 4,
  f64: 4,
} as const;
export type NumberType = keyof typeof typeWords;
/** Labels: characters, a character in each low byte, or a decimal digit in each half byte. */
const textTypes = ["ascii", "ascii_lsb", "bcd"] as const;
type TextType = (typeof textTypes)[number];

export function isTextType(type: NumberType | TextType): type is TextType {
  return (textTypes as readonly string[]).includes(type);
}

const numberTypes = Object.keys(typeWords) as NumberType[];

const wordAddress = z
  .string()
  .regex(/^0x[0-9A-F]{4}$/, 'expected the wire address as four upper-case hex digits, such as "0x0048"')
  .transform((text) => Number.parseInt(text, 16));

const prefixes: ReadonlyMap<string, number> = new Map(Object.entries({ k: 3, "": 0, m: -3 }));

/** What one count of a register is worth: `"0.01 kWh"` -> milli-units are raw x 10^4, of energy. */
const counts = z
  .string()
  .regex(/^(1|10{1,3}|0\.0{0,3}1) (k|m|)(Wh|W|V|A|Hz)$/, 'expected what one count is, such as "0.01 kWh" or "1 W"')
  .transform((text) => {
    const [, step = "", prefix = "", unit = ""] = /^(\S+) (k|m|)(Wh|W|V|A|Hz)$/.exec(text) ?? [];
    const power = step.startsWith("0.") ? 2 - step.length : step.length - 1;
    return { exponent: power + (prefixes.get(prefix) ?? Number.NaN) + 3, unit: unit as "Wh" | "W" | "V" | "A" | "Hz" };
  });

const resolution = z
  .string()
  .regex(/^(0\.01|0\.1|1|10|100) Wh$/, "expected 0.01, 0.1, 1, 10 or 100 Wh (never finer than 10 mWh)")
  .transform((text) => Math.round(Number.parseFloat(text) * 1000));

const words = (text: string) => z.string().trim().min(1).max(400, text);

const register = z.strictObject({
  address: wordAddress,
  type: z.enum([...numberTypes, ...textTypes]),
  /** Length in registers; only texts have one to state. */
  words: z.int().min(1).max(40).optional(),
  /** Where it differs from the meter's usual function. */
  function: z.union([z.literal(3), z.literal(4)]).optional(),
  counts: counts.optional(),
  /** Energy only: the steps the counter can be trusted to move in. */
  resolution: resolution.optional(),
  /** Names an i16 register that holds a further power of ten. */
  scaledBy: z.string().optional(),
  /** How an identity number is printed on the meter's label. */
  print: z.enum(["decimal", "hex"]).optional(),
  /** Read by itself or not at all. */
  alone: z.boolean().default(false),
  confidence: z.enum(["primary", "two-sources", "one-source", "conflict"]),
  /** Who says so: keys of `sources`. */
  from: z.array(z.string()).min(1),
  /**
   * The value must be one of these, lie in this range, or start with one of these texts; else it is another meter or
   * another setting.
   */
  expect: z.array(z.number()).min(1).optional(),
  expectRange: z.tuple([z.int(), z.int()]).optional(),
  expectStart: z.array(z.string().min(1)).min(1).optional(),
  note: words("a note").optional(),
});

const modelId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);

const fileSchema = z.strictObject({
  id: modelId,
  vendor: words("a name"),
  models: z.array(words("a model")).min(1),
  /** The same meter under other names; a config may give their `id` as its model too. */
  rebrands: z.array(z.strictObject({ id: modelId, vendor: words("a name"), model: words("a model") })).default([]),
  phases: z.union([z.literal(1), z.literal(3)]),
  /** Whether the meter itself can sign what it counts. */
  signs: z.boolean().default(false),
  /** As delivered; a technician's station.yaml decides. */
  line: z.strictObject({
    baud: z.int().min(1200).max(115200).optional(),
    parity: z.enum(["none", "even", "odd"]).optional(),
    stopBits: z.union([z.literal(1), z.literal(2)]).optional(),
    unit: z.int().min(1).max(247).optional(),
    note: words("a note").optional(),
  }),
  function: z.union([z.literal(3), z.literal(4)]),
  wordOrder: z.enum(["big", "little"]),
  /** A reply that was not there in time may still come until then: the line is kept quiet for so long. */
  worstReplyMs: z.int().min(20).max(15_000).default(1_000),
  maxRegisters: z.int().min(1).max(125).default(125),
  /** Stretches of addresses that may be read across unnamed registers (`part`), or only as a whole (`whole`). */
  ranges: z
    .array(
      z.strictObject({
        from: wordAddress,
        to: wordAddress,
        read: z.enum(["part", "whole"]),
        note: words("a note").optional(),
      }),
    )
    .default([]),
  /** False where each value must be asked for by itself. */
  joinsNeighbours: z.boolean().default(true),
  /** How the meter says "not available" in band. */
  invalid: z.array(z.enum(["unsigned-ones", "signed-max", "signed-min"])).default([]),
  registers: z.record(z.string().regex(/^[a-z][A-Za-z0-9]*$/), register),
  /** What a reading is made of: names of registers, added up; `powerLess` is taken off. */
  reading: z.strictObject({
    energy: z.array(z.string()).min(1),
    power: z.array(z.string()).min(1),
    powerLess: z.array(z.string()).default([]),
    current: z.array(z.string()).default([]),
  }),
  identity: z.strictObject({
    /** Absent: the meter does not tell, and the config must. */
    serial: z.string().optional(),
    firmware: z.string().optional(),
    checks: z.array(z.string()).default([]),
    /** Where nothing is checked: what a person must look at instead. */
    note: words("a note").optional(),
  }),
  /** By a short name: what was read, and which state of it. */
  sources: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/), words("a source")),
  quirks: z.array(words("a quirk")).default([]),
});

const wanted = { energy: "Wh", power: "W", powerLess: "W", current: "A" } as const;

/** The rules that bind one part of a file to another. */
const mapSchema = fileSchema
  .superRefine((map, context) => {
    const fault = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    for (const [name, entry] of Object.entries(map.registers)) {
      const at = (key: string): string[] => ["registers", name, key];
      const isText = isTextType(entry.type);
      if (isText !== (entry.words !== undefined))
        fault(at("words"), isText ? "a text states its length in registers" : "the type already says how long it is");
      if ((entry.counts?.unit === "Wh") !== (entry.resolution !== undefined))
        fault(at("resolution"), "every energy register states its resolution, and no other");
      if (entry.scaledBy !== undefined && map.registers[entry.scaledBy]?.type !== "i16")
        fault(at("scaledBy"), `"${entry.scaledBy}" is not an i16 register of this file`);
      if (entry.address + lengthOf(entry) > 0x10000) fault(at("address"), "runs past 0xFFFF");
      for (const [index, name] of entry.from.entries())
        if (map.sources[name] === undefined || entry.from.indexOf(name) !== index)
          fault([...at("from"), index], `"${name}" is not a source of this file, or is named twice`);
      const one = entry.confidence === "one-source";
      if (entry.confidence !== "primary" && one !== (entry.from.length === 1))
        fault(at("from"), `"${entry.confidence}" names ${one ? "one source" : "at least two sources"}`);
    }
    const used = new Set(Object.values(map.registers).flatMap((entry) => entry.from));
    for (const name of Object.keys(map.sources)) if (!used.has(name)) fault(["sources", name], "no register names it");
    const known = (name: string, path: (string | number)[]): void => {
      if (map.registers[name] === undefined) fault(path, `there is no register "${name}" in this file`);
    };
    for (const [part, unit] of Object.entries(wanted))
      for (const [index, name] of (map.reading[part as keyof typeof map.reading] ?? []).entries()) {
        known(name, ["reading", part, index]);
        if (map.registers[name] !== undefined && map.registers[name].counts?.unit !== unit)
          fault(["reading", part, index], `"${name}" does not count in ${unit}`);
      }
    if (map.identity.serial !== undefined) known(map.identity.serial, ["identity", "serial"]);
    if (map.identity.firmware !== undefined) known(map.identity.firmware, ["identity", "firmware"]);
    if (map.identity.checks.length === 0 && map.identity.note === undefined)
      fault(["identity", "note"], "nothing is checked that tells the model: say what a person must look at instead");
    for (const [index, name] of map.identity.checks.entries()) {
      known(name, ["identity", "checks", index]);
      const entry = map.registers[name];
      if (entry && !entry.expect && !entry.expectRange && !entry.expectStart)
        fault(["identity", "checks", index], `"${name}" says nothing to expect`);
    }
    for (const [index, range] of map.ranges.entries())
      if (range.to < range.from) fault(["ranges", index], "ends before it begins");
  })
  .transform((map) => ({
    ...map,
    registers: Object.fromEntries(
      Object.entries(map.registers).map(([name, entry]) => [
        name,
        { ...entry, name, words: lengthOf(entry), function: entry.function ?? map.function },
      ]),
    ) as Record<string, z.infer<typeof register> & { name: string; words: number; function: 3 | 4 }>,
  }));

export type MeterMap = z.infer<typeof mapSchema>;
export type Register = MeterMap["registers"][string];

function lengthOf(entry: z.infer<typeof register>): number {
  return isTextType(entry.type) ? (entry.words ?? 0) : typeWords[entry.type];
}

/** A register that the map names; the schema has proven that it is there. */
export function registerOf(map: MeterMap, name: string): Register {
  const found = map.registers[name];
  if (found === undefined) throw new Error(`${map.id} has no register "${name}"`);
  return found;
}

/** Checks the contents of a map file. `file` is only for the message. */
export function parseMeterMap(text: string, file: string): MeterMap {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new MeterMapError("config/invalid", file, `${file}: not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const checked = mapSchema.safeParse(raw);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map(
    (issue) => `${file}: ${issue.path.join(".") || "the file"}: ${issue.message}`,
  );
  throw new MeterMapError("config/invalid", file, faults.join("\n"));
}

/** The models that have a file, in alphabetical order. */
export function meterModels(from: URL = folder): string[] {
  return readdirSync(from)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/** Everything that a config may name as its model: those, and what they are sold as elsewhere. */
export function meterModelNames(): string[] {
  return [...meterModels(), ...rebrands().keys()].sort();
}

/** Which file describes a re-brand. */
let rebrandsKnown: ReadonlyMap<string, string> | undefined;
function rebrands(): ReadonlyMap<string, string> {
  rebrandsKnown ??= new Map(
    meterMaps().maps.flatMap(({ id: model, rebrands }) => rebrands.map(({ id }) => [id, model] as const)),
  );
  return rebrandsKnown;
}

/** The maps that were read: the files of a release do not change under a running program. */
const read = new Map<string, MeterMap>();

function readMap(model: string, from: URL = folder): MeterMap {
  const url = new URL(`${model}.json`, from);
  const known = read.get(url.href);
  if (known !== undefined) return known;
  const file = fileURLToPath(url);
  const map = parseMeterMap(readFileSync(url, "utf8"), file);
  if (map.id !== model)
    throw new MeterMapError("config/invalid", file, `${file}: id: "${map.id}" is not the file's name`);
  read.set(url.href, map);
  return map;
}

/** Every map that can be used, and what is wrong with those that cannot: one broken file spoils no other. */
export function meterMaps(from: URL = folder): {
  readonly maps: readonly MeterMap[];
  readonly broken: readonly MeterMapError[];
} {
  const maps: MeterMap[] = [];
  const broken: MeterMapError[] = [];
  for (const model of meterModels(from)) {
    try {
      maps.push(readMap(model, from));
    } catch (error) {
      if (!(error instanceof MeterMapError)) throw error;
      broken.push(error);
    }
  }
  return { maps, broken };
}

/**
 * The map of one model; a re-brand's is that of the meter it is, under its own name. Throws a MeterMapError that names
 * the file, or the models there are.
 */
export function loadMeterMap(model: string): MeterMap {
  if (meterModels().includes(model)) return readMap(model);
  const same = rebrands().get(model);
  if (same === undefined)
    throw new MeterMapError(
      "config/missing",
      model,
      `there is no meter model "${model}"; known are: ${meterModelNames().join(", ")}`,
    );
  const map = readMap(same);
  const named = map.rebrands.filter(({ id }) => id === model);
  return { ...map, vendor: named[0]?.vendor ?? map.vendor, models: named.map((rebrand) => rebrand.model) };
}

/** The steps in which this meter's energy moves, in milliwatt-hours: the coarsest of its terms. */
export function energyResolutionMilliWh(map: MeterMap): number {
  return Math.max(...map.reading.energy.map((name) => registerOf(map, name).resolution ?? Number.NaN));
}

/** From this on a counter is too coarse to bill from: a short session would be off by several per cent. */
const coarseMilliWh = 100_000;

/** Why energy of this model may not be billed without the operator's word, or undefined if it may. */
export function unprovenBecause(map: MeterMap): string | undefined {
  const step = energyResolutionMilliWh(map);
  if (step >= coarseMilliWh) return `it counts in steps of ${step / 1000} Wh, too coarse to bill from`;
  const weak = map.reading.energy
    .map((name) => registerOf(map, name))
    .find((entry) => entry.confidence === "conflict" || entry.confidence === "one-source");
  if (weak?.confidence === "conflict") return `public sources disagree about its energy register`;
  if (weak?.confidence === "one-source") return `only one public source describes its energy register`;
  return undefined;
}
