// Plays a recorded trace through the real drivers, on the bench's buses, and tells what they make of it: values and
// faults per frame, readings, taps, plug changes, presses. A fault on site becomes a fault in the office.
import { loadMeterMap, type MeterMap, MeterMapError, registerOf } from "../../config/meter-map.js";
import type { TraceEntry, TraceHeader } from "../../config/trace-schema.js";
import { type CardTap, DeviceError, type DeviceFaultCode } from "../driver.js";
import { GpioButton } from "../gpio/gpio-button.js";
import { GpioPlug } from "../gpio/gpio-plug.js";
import { openMeterBus } from "../meter/meter-bus.js";
import type { Shown } from "../meter/modbus-meter.js";
import { answerHolds, type RegisterAnswer, type RegisterRequest } from "../meter/register-requests.js";
import { Registers } from "../meter/registers.js";
import { openCardReader } from "../rfid/card-reader.js";
import { BenchClock } from "./bench-clock.js";
import { CardField, simulatedChip } from "./card-field.js";
import { GpioBoard } from "./gpio-board.js";
import { type Recorded, RtuReplay } from "./rtu-replay.js";

/**
 * `ms` after the recording's start. `strayed` = the recording and the driver went apart: nothing after it on that port
 * is proven.
 */
export type PlayedEvent = { readonly ms: number } & (
  | {
      readonly heard: "registers";
      readonly port: string;
      readonly unit: number;
      readonly request: string;
      readonly values: readonly Shown[];
    }
  | {
      readonly heard: "reading";
      readonly port: string;
      readonly unit: number;
      readonly connector: number;
      readonly energyMilliWh: number;
      readonly powerW: number;
      readonly currentMilliA?: number;
    }
  | { readonly heard: "fault"; readonly device: string; readonly code: DeviceFaultCode; readonly message: string }
  | { readonly heard: "tap"; readonly reader: string; readonly tap: string }
  | { readonly heard: "plug"; readonly connector: number; readonly plugged: boolean }
  | { readonly heard: "button"; readonly connector: number; readonly button: "pressed" | "stuck" | "free" }
  | {
      readonly heard: "contactor";
      readonly connector: number;
      readonly part: "coil" | "feedback";
      readonly closed: boolean;
    }
  | { readonly heard: "strayed"; readonly port: string; readonly why: string }
);

type Of<K extends string> = Extract<TraceEntry, { readonly [key in K]: unknown }>;
const has =
  <K extends string>(key: K) =>
  (entry: TraceEntry): entry is Of<K> =>
    key in entry;

/** A request as it went out; undefined for anything but a read of registers. */
function requestOf(bytes: Buffer): (RegisterRequest & { readonly unit: number }) | undefined {
  const code = bytes.length === 8 ? bytes.readUInt8(1) : 0;
  if (code !== 3 && code !== 4) return undefined;
  return { unit: bytes.readUInt8(0), function: code, address: bytes.readUInt16BE(2), words: bytes.readUInt16BE(4) };
}

/** All that the drivers make of the recording, in the order of its time. */
export async function playTrace(header: TraceHeader, entries: readonly TraceEntry[]): Promise<readonly PlayedEvent[]> {
  const heard: PlayedEvent[] = [];
  for (const port of Object.keys(header.ports))
    heard.push(
      ...(await playLine(
        header,
        port,
        entries.filter(has("port")).filter((entry) => entry.port === port),
      )),
    );
  heard.push(...(await playCardsAndPins(header, entries)));
  return heard
    .map((one, order) => ({ one, order }))
    .sort((a, b) => a.one.ms - b.one.ms || a.order - b.order)
    .map(({ one }) => one);
}

const stillClock = (): BenchClock => new BenchClock({ at: 0, monoMs: 0, boot: "trace", trust: "unsynced" }, 0);

function usableMap(model: string): MeterMap | undefined {
  try {
    return loadMeterMap(model);
  } catch (error) {
    if (!(error instanceof MeterMapError)) throw error;
    return undefined;
  }
}

async function playLine(header: TraceHeader, port: string, all: readonly Of<"port">[]): Promise<PlayedEvent[]> {
  const settings = header.ports[port];
  const first = all.findIndex(has("out"));
  const line = first < 0 ? [] : all.slice(first);
  // A recording that ends while an answer was awaited proves nothing about that answer.
  const last = line.at(-1);
  if (last !== undefined && has("out")(last)) line.pop();
  if (settings === undefined || line.length === 0) return [];
  const replay = new RtuReplay(
    line.map(
      (entry): Recorded =>
        "out" in entry
          ? { direction: "out", bytes: Buffer.from(entry.out, "hex") }
          : "in" in entry
            ? { direction: "in", bytes: Buffer.from(entry.in, "hex") }
            : { direction: entry.event, bytes: Buffer.alloc(0) },
    ),
  );
  const bus = openMeterBus(settings, stillClock(), { binding: replay.binding });
  // A meter whose map this version has not is shown as bare words.
  const listeners = new Map(
    header.meters.flatMap(({ port: at, model, unit, connector }) => {
      const map = at === port ? usableMap(model) : undefined;
      return map === undefined ? [] : [[unit, new MeterEar(connector, map, port, unit)] as const];
    }),
  );
  const heard: PlayedEvent[] = [];
  try {
    for (let index = 0; index < line.length; index += 1) {
      const entry = line[index];
      if (entry === undefined || !("out" in entry)) continue;
      const asked = requestOf(Buffer.from(entry.out, "hex"));
      if (asked === undefined)
        return [...heard, { ms: entry.ms, heard: "strayed", port, why: `${entry.out} is no read of registers` }];
      const meter = header.meters.find((one) => one.port === port && one.unit === asked.unit);
      const next = line.findIndex((other, at) => at > index && "out" in other);
      const ms = line[(next < 0 ? line.length : next) - 1]?.ms ?? entry.ms;
      const request = `${asked.function} 0x${asked.address.toString(16).toUpperCase().padStart(4, "0")}+${asked.words}`;
      const ear = listeners.get(asked.unit);
      try {
        const answer = await bus.ask({
          ...asked,
          timeoutMs: meter?.timeoutMs ?? 1_000,
          worstReplyMs: 0,
          between: asked,
        });
        heard.push(
          ...(ear?.answered(ms, request, answer) ?? [
            { ms, heard: "registers", port, unit: asked.unit, request, values: rawWords(answer) },
          ]),
        );
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        ear?.failed();
        heard.push({
          ms,
          heard: "fault",
          device: `meter ${asked.unit} at ${port}`,
          code: error.code,
          message: error.message,
        });
      }
      if (replay.strayed !== undefined) return [...heard, { ms, heard: "strayed", port, why: replay.strayed }];
    }
  } finally {
    await bus.close();
  }
  return heard;
}

function rawWords({ address, bytes }: RegisterAnswer): Shown[] {
  return Array.from({ length: bytes.length / 2 }, (_, word) => ({
    register: `0x${(address + word).toString(16).toUpperCase().padStart(4, "0")}`,
    value: bytes.subarray(2 * word, 2 * word + 2).toString("hex"),
    unit: "",
  }));
}

/**
 * Listens to one meter's answers and makes readings of them, by the same register map and the same sums as the driver
 * that asked.
 */
class MeterEar {
  #answers: RegisterAnswer[] = [];

  constructor(
    private readonly connector: number,
    private readonly map: MeterMap,
    private readonly port: string,
    private readonly unit: number,
  ) {}

  /** A failed request ends the reading that it belonged to. */
  failed(): void {
    this.#answers = [];
  }

  answered(ms: number, request: string, answer: RegisterAnswer): PlayedEvent[] {
    this.#answers = [
      answer,
      ...this.#answers.filter((other) => other.address !== answer.address || other.function !== answer.function),
    ];
    const registers = new Registers(this.map, `meter ${this.unit} at ${this.port}`, this.#answers);
    const heard: PlayedEvent[] = [
      { ms, heard: "registers", port: this.port, unit: this.unit, request, values: this.#values(registers, answer) },
    ];
    const { energy, power, powerLess, current } = this.map.reading;
    const counter = energy.at(-1);
    const complete = [...energy, ...power, ...powerLess, ...current].every((name) => this.#known(name));
    if (counter === undefined || !answerHolds(answer, registerOf(this.map, counter)) || !complete) return heard;
    this.#answers = [];
    try {
      const currentMilliA = registers.currentMilliA();
      return [
        ...heard,
        {
          ms,
          heard: "reading",
          port: this.port,
          unit: this.unit,
          connector: this.connector,
          energyMilliWh: registers.energyMilliWh(),
          powerW: registers.powerW(),
          ...(currentMilliA === undefined ? {} : { currentMilliA }),
        },
      ];
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      return [
        ...heard,
        { ms, heard: "fault", device: `meter ${this.unit} at ${this.port}`, code: error.code, message: error.message },
      ];
    }
  }

  /** Whether a register, and the scale that it names, were answered. */
  #known(name: string): boolean {
    const entry = registerOf(this.map, name);
    return (
      this.#answers.some((answer) => answerHolds(answer, entry)) &&
      (entry.scaledBy === undefined || this.#known(entry.scaledBy))
    );
  }

  #values(registers: Registers, answer: RegisterAnswer): Shown[] {
    return Object.values(this.map.registers)
      .filter((entry) => answerHolds(answer, entry) && this.#known(entry.name))
      .map((entry): Shown => {
        try {
          const value = registers.shown(entry);
          return value === undefined
            ? { register: entry.name, fault: "not available" }
            : { register: entry.name, value, unit: entry.counts?.unit ?? "" };
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          return { register: entry.name, fault: error.message };
        }
      });
  }
}

/** After the last entry, so long is waited for a driver that debounces. */
const afterMs = 5_000;

async function playCardsAndPins(header: TraceHeader, entries: readonly TraceEntry[]): Promise<PlayedEvent[]> {
  const detections = entries.filter(has("detection"));
  const levels = entries.filter(has("gpio"));
  if (detections.length === 0 && levels.length === 0) return [];
  const clock = stillClock();
  const board = new GpioBoard();
  const fields = new Map(Object.keys(header.readers).map((name) => [name, new CardField()]));
  const heard: PlayedEvent[] = [];
  const over = new AbortController();
  const ms = (): number => clock.now().monoMs;
  const pinOf = (gpio: number): TraceHeader["pins"][number] | undefined => header.pins.find((pin) => pin.gpio === gpio);
  const playLevel = ({ gpio, active }: Of<"gpio">): void => {
    const pin = pinOf(gpio);
    if (pin === undefined) return;
    if (pin.role !== "contactor") board.driveActive(pin, active);
    if (pin.role === "contactor" || pin.role === "feedback")
      heard.push({
        ms: ms(),
        heard: "contactor",
        connector: pin.connector,
        part: pin.role === "contactor" ? "coil" : "feedback",
        closed: active,
      });
  };
  // What stood when the recording began stands before the drivers are opened.
  for (const level of levels) if (level.ms === 0) playLevel(level);
  for (const entry of detections) if (entry.ms === 0) show(fields.get(entry.reader), entry);
  const moved = (wanted: "plug" | "button") =>
    header.pins.filter(({ role, gpio }) => role === wanted && levels.some((level) => level.gpio === gpio));
  const opened = moved("plug").map((pin) => ({ pin, plug: new GpioPlug(board, pin, clock) }));
  const buttons = moved("button").map((pin) => ({ pin, button: new GpioButton(board, pin, clock) }));
  const readers = await Promise.all(
    Object.entries(header.readers)
      .filter(([name]) => detections.some(({ reader }) => reader === name))
      .map(async ([name, { pollMs, debounceMs }]) => {
        const field = fields.get(name) ?? new CardField();
        const open = () =>
          openCardReader(
            { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: pollMs, debounce: debounceMs },
            clock,
            simulatedChip(field.buffer),
          );
        return { name, open };
      }),
  );
  const watching = [
    ...opened.map(async ({ pin, plug }) => {
      for await (const { plugged, moment } of plug.plugs(over.signal))
        heard.push({ ms: moment.monoMs, heard: "plug", connector: pin.connector, plugged });
    }),
    ...buttons.map(async ({ pin, button }) => {
      for await (const { pressed, stuck, moment } of button.presses(over.signal))
        heard.push({
          ms: moment.monoMs,
          heard: "button",
          connector: pin.connector,
          button: pressed ? "pressed" : stuck ? "stuck" : "free",
        });
    }),
    ...readers.map(async ({ name, open }) => {
      let before: Awaited<ReturnType<typeof open>> | undefined;
      while (!over.signal.aborted) {
        try {
          before = await open();
          for await (const tap of before.taps(over.signal))
            heard.push({ ms: tap.moment.monoMs, heard: "tap", reader: name, tap: tapText(tap) });
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          if (error.code === "reader/lost")
            heard.push({
              ms: ms(),
              heard: "fault",
              device: `reader ${name}`,
              code: error.code,
              message: error.message,
            });
          await new Promise<void>((resolve) => void clock.at(ms() + 1_000, resolve));
        } finally {
          await before?.close();
        }
      }
    }),
  ];
  const endMs = Math.max(0, ...entries.map((entry) => entry.ms)) + afterMs;
  for (const level of levels) if (level.ms > 0) clock.at(level.ms, () => playLevel(level));
  for (const entry of detections) if (entry.ms > 0) clock.at(entry.ms, () => show(fields.get(entry.reader), entry));
  // A thousand milliseconds further, so that whoever waits for the clock sees that it is over.
  clock.at(endMs, () => over.abort());
  clock.at(endMs + 1_000, () => undefined);
  const running = clock.run();
  await Promise.all(watching);
  clock.stop();
  await running;
  for (const { plug } of opened) plug.close();
  for (const { button } of buttons) button.close();
  return heard;
}

/** Two cards that nobody has: what a reader calls several. */
const strangers = [Buffer.from("F0A1A2A3", "hex"), Buffer.from("F1B1B2B3", "hex")];
/** Every other bit from the card is turned: nothing can be read of it. */
const unreadableNoise = 500_000;

function show(field: CardField | undefined, entry: Of<"detection">): void {
  if (field === undefined) return;
  field.chip(entry.detection === "lost" ? "dead" : "well");
  field.noise(0, entry.detection === "unreadable" ? unreadableNoise : 0, 1);
  field.present(
    entry.detection === "card"
      ? [Buffer.from(entry.uid, "hex")]
      : entry.detection === "several"
        ? strangers
        : entry.detection === "unreadable"
          ? strangers.slice(0, 1)
          : [],
  );
}

const tapText = (tap: CardTap): string => (tap.kind === "card" ? `card ${tap.uid}` : `refused: ${tap.why}`);
