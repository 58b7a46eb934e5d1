// What a simulated meter holds in its registers: values of the bench's world, written down as the map says the maker
// writes them. Shares no code with the decoder on purpose: a mistake in one of them shows as a value that does not come
// back.
import { isTextType, type MeterMap, type Register } from "../../config/meter-map.js";

/** What the bench's world knows of one meter. The meter itself shows whole steps of its resolution only. */
export type MeterValues = {
  readonly energyMilliWh: number;
  readonly powerW: number;
  /** Of each phase, where they are not a third of the sum each. */
  readonly phasePowersW?: readonly [number, number, number];
  /** Sum over the phases. */
  readonly currentMilliA: number;
  readonly voltageV?: number;
  readonly serial: string;
};

/** The 16-bit word that stands at a function and address; undefined where there is no register. */
export type RegisterImage = { get(at: string): number | undefined };

export const registerPlace = (code: number, address: number): string => `${code}:${address}`;

/** Powers of ten that our simulated makers choose where the map leaves them to a scale register. */
const chosenScale = { Wh: 0, W: 0, V: -1, A: -2, Hz: -2 } as const;

type Word = { readonly entry: Register; readonly from: number };

/** Which word of which register stands where: the same for all meters of a model, and dear to make for each request. */
const layouts = new WeakMap<MeterMap, ReadonlyMap<string, Word>>();

function registerLayout(map: MeterMap): ReadonlyMap<string, Word> {
  const known = layouts.get(map);
  if (known !== undefined) return known;
  const layout = new Map<string, Word>();
  for (const entry of Object.values(map.registers)) {
    for (let word = 0; word < entry.words; word++) {
      const from = map.wordOrder === "little" && !isTextType(entry.type) ? entry.words - 1 - word : word;
      layout.set(registerPlace(entry.function, entry.address + word), { entry, from });
    }
  }
  layouts.set(map, layout);
  return layout;
}

/** All registers of a meter at one moment; what nobody reads is not worked out. */
export function meterImage(map: MeterMap, values: MeterValues): RegisterImage {
  const layout = registerLayout(map);
  const read = new Map<Register, DataView>();
  return {
    get: (at) => {
      const word = layout.get(at);
      if (word === undefined) return undefined;
      const bytes = read.get(word.entry) ?? registerBytes(map, word.entry, values);
      read.set(word.entry, bytes);
      return bytes.getUint16(2 * word.from);
    },
  };
}

function registerBytes(map: MeterMap, entry: Register, values: MeterValues): DataView {
  if (isTextType(entry.type)) return textBytes(entry, textOf(map, entry, values));
  const scaled = Object.values(map.registers).find((other) => other.scaledBy === entry.name)?.counts?.unit;
  if (scaled !== undefined) return numberBytes(entry.type, chosenScale[scaled], BigInt(chosenScale[scaled]));
  if (entry.counts === undefined) return plainBytes(map, entry, values);
  const milli = milliOf(map, entry, values);
  const exponent = entry.counts.exponent + (entry.scaledBy === undefined ? 0 : chosenScale[entry.counts.unit]);
  if (entry.type === "iskra_t5" || entry.type === "iskra_t6") return iskraBytes(milli);
  const factor = 10 ** Math.abs(exponent);
  if (entry.type === "f32" || entry.type === "f64")
    return numberBytes(entry.type, exponent >= 0 ? milli / factor : milli * factor, 0n);
  const counted =
    exponent >= 0 ? BigInt(Math.trunc(milli)) / BigInt(factor) : BigInt(Math.trunc(milli)) * BigInt(factor);
  return numberBytes(entry.type, 0, counted);
}

/** Milliwatt-hours, milliwatts, millivolts, milliamperes or millihertz, by what the register is called. */
function milliOf(map: MeterMap, entry: Register, values: MeterValues): number {
  const phase = /L([123])$/.exec(entry.name)?.[1];
  const share = (total: number): number => {
    if (phase === undefined || map.phases === 1) return total;
    const third = Math.trunc(total / 3);
    return phase === "1" ? total - 2 * third : third;
  };
  switch (entry.counts?.unit) {
    case "Wh": {
      if (entry.name.startsWith("energyExport")) return 0;
      const step = entry.resolution ?? 1;
      const whole = Math.floor(values.energyMilliWh / step) * step;
      const terms = map.reading.energy;
      if (terms.length === 1 || !terms.includes(entry.name)) return share(whole);
      // Two tariff counters: a third of it was counted in the other one.
      const second = Math.floor(whole / 3 / step) * step;
      return terms[0] === entry.name ? whole - second * (terms.length - 1) : second;
    }
    case "W": {
      if (phase !== undefined && values.phasePowersW !== undefined)
        return (values.phasePowersW[Number(phase) - 1] ?? 0) * 1000;
      if (map.reading.powerLess.includes(entry.name)) return Math.max(0, -values.powerW * 1000);
      if (map.reading.powerLess.length > 0 && map.reading.power.includes(entry.name))
        return Math.max(0, values.powerW * 1000);
      return share(values.powerW * 1000);
    }
    case "A":
      return share(values.currentMilliA);
    case "V":
      return (values.voltageV ?? 230) * 1000;
    case "Hz":
      return 50_000;
    default:
      throw new Error(`${entry.name} counts in nothing that the bench knows`);
  }
}

function plainBytes(map: MeterMap, entry: Register, values: MeterValues): DataView {
  if (entry.name === map.identity.serial)
    return numberBytes(entry.type, 0, BigInt(entry.print === "hex" ? `0x${values.serial}` : values.serial));
  const number = entry.expect?.[0] ?? entry.expectRange?.[0] ?? 0x0107;
  return numberBytes(entry.type, number, BigInt(Math.trunc(number)));
}

function textOf(map: MeterMap, entry: Register, values: MeterValues): string {
  if (entry.name === map.identity.serial) return values.serial;
  return entry.expectStart?.[0] ?? "1.07";
}

function textBytes(entry: Register, text: string): DataView {
  if (entry.type === "bcd") return digitBytes(entry, text);
  if (text.length > 2 * entry.words)
    throw new Error(`"${text}" does not fit into ${entry.name} (${2 * entry.words} characters)`);
  // A text that fits stands in the low bytes alone, where the maker does so; a longer one takes both.
  const lowBytes = entry.type === "ascii_lsb" && text.length <= entry.words;
  const view = new DataView(new ArrayBuffer(2 * entry.words));
  for (let at = 0; at < text.length; at++) view.setUint8(lowBytes ? 2 * at + 1 : at, text.charCodeAt(at));
  return view;
}

/** A digit in each half byte, filled up with zeros in front. */
function digitBytes(entry: Register, text: string): DataView {
  if (!/^\d+$/.test(text) || text.length > 4 * entry.words)
    throw new Error(`"${text}" does not fit into ${entry.name} (${4 * entry.words} digits)`);
  const view = new DataView(new ArrayBuffer(2 * entry.words));
  const digits = text.padStart(4 * entry.words, "0");
  for (let at = 0; at < 2 * entry.words; at++) view.setUint8(at, Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
  return view;
}

function numberBytes(type: Register["type"], float: number, whole: bigint): DataView {
  const sizes: Partial<Record<Register["type"], number>> = { u16: 2, i16: 2, u64: 8, i64: 8, f64: 8 };
  const view = new DataView(new ArrayBuffer(sizes[type] ?? 4));
  switch (type) {
    case "f32":
      view.setFloat32(0, float);
      return view;
    case "f64":
      view.setFloat64(0, float);
      return view;
    case "u16":
    case "i16":
      view.setUint16(0, Number(BigInt.asUintN(16, whole)));
      return view;
    case "u64":
    case "i64":
      view.setBigUint64(0, BigInt.asUintN(64, whole));
      return view;
    default:
      view.setUint32(0, Number(BigInt.asUintN(32, whole)));
      return view;
  }
}

/** One byte of exponent, 24 bits of value: as fine as it fits. */
function iskraBytes(milli: number): DataView {
  let value = Math.trunc(milli);
  let exponent = -3;
  while (Math.abs(value) >= 2 ** 23) {
    value = Math.trunc(value / 10);
    exponent += 1;
  }
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value);
  view.setInt8(0, exponent);
  return view;
}
