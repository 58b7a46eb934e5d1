// Plays what readers and pins saw: cards are held to simulated chips and levels put on a simulated header, at their
// times, and the real drivers tell what they make of it.
import type { TraceEntry, TraceHeader } from "../../../config/trace-schema.js";
import { type CardReader, type CardTap, DeviceError } from "../../driver.js";
import { GpioButton } from "../../gpio/gpio-button.js";
import { GpioPlug } from "../../gpio/gpio-plug.js";
import { openCardReader } from "../../rfid/card-reader.js";
import { CardField, simulatedChip } from "../card-field.js";
import { GpioBoard } from "../gpio-board.js";
import { type EntryWith, hasKey, type PlayedEvent, traceClock } from "./played-event.js";

type RecordedPin = TraceHeader["pins"][number];

/** After the last entry, so long is waited for a driver that debounces. */
const afterMs = 5_000;

/** Without detections of cards and levels of pins, there is nothing to play. */
export async function playCardsAndPins(
  header: TraceHeader,
  entries: readonly TraceEntry[],
): Promise<readonly PlayedEvent[]> {
  const player = new PinPlayer(header, entries.filter(hasKey("gpio")), entries.filter(hasKey("detection")));
  return player.isEmpty ? [] : await player.play(Math.max(0, ...entries.map((entry) => entry.ms)) + afterMs);
}

class PinPlayer {
  readonly #clock = traceClock();
  readonly #board = new GpioBoard();
  readonly #fields: ReadonlyMap<string, CardField>;
  readonly #events: PlayedEvent[] = [];
  readonly #over = new AbortController();

  constructor(
    private readonly header: TraceHeader,
    private readonly levels: readonly EntryWith<"gpio">[],
    private readonly detections: readonly EntryWith<"detection">[],
  ) {
    this.#fields = new Map(Object.keys(header.readers).map((name) => [name, new CardField()]));
  }

  get isEmpty(): boolean {
    return this.levels.length === 0 && this.detections.length === 0;
  }

  async play(endMs: number): Promise<readonly PlayedEvent[]> {
    const clock = this.#clock;
    // What stood when the recording began stands before the drivers are opened.
    for (const level of this.levels) if (level.ms === 0) this.#put(level);
    for (const detection of this.detections) if (detection.ms === 0) this.#show(detection);
    const plugs = this.#moved("plug").map((pin) => ({ pin, plug: new GpioPlug(this.#board, pin, clock) }));
    const buttons = this.#moved("button").map((pin) => ({ pin, button: new GpioButton(this.#board, pin, clock) }));
    const readers = Object.keys(this.header.readers).filter((name) =>
      this.detections.some(({ reader }) => reader === name),
    );
    const watching = [
      ...plugs.map(({ pin, plug }) => this.#watchPlug(pin.connector, plug)),
      ...buttons.map(({ pin, button }) => this.#watchButton(pin.connector, button)),
      ...readers.map((name) => this.#watchReader(name)),
    ];
    for (const level of this.levels) if (level.ms > 0) clock.at(level.ms, () => this.#put(level));
    for (const detection of this.detections) if (detection.ms > 0) clock.at(detection.ms, () => this.#show(detection));
    clock.at(endMs, () => this.#over.abort());
    // A second further, so that whoever waits for the clock sees that it is over.
    clock.at(endMs + 1_000, () => undefined);
    const running = clock.run();
    await Promise.all(watching);
    clock.stop();
    await running;
    for (const { plug } of plugs) plug.close();
    for (const { button } of buttons) button.close();
    return this.#events;
  }

  /** Pins of that role on which anything was recorded. */
  #moved(wanted: "plug" | "button"): readonly RecordedPin[] {
    return this.header.pins.filter(
      ({ role, gpio }) => role === wanted && this.levels.some((level) => level.gpio === gpio),
    );
  }

  /** A level as it was then: inputs are driven, outputs only told. */
  #put({ gpio, active }: EntryWith<"gpio">): void {
    const pin = this.header.pins.find((one) => one.gpio === gpio);
    if (pin === undefined) return;
    const { role, connector } = pin;
    if (role !== "contactor") this.#board.driveActive(pin, active);
    if (role !== "contactor" && role !== "feedback") return;
    const part = role === "contactor" ? "coil" : "feedback";
    this.#events.push({ ms: this.#clock.now().monoMs, heard: "contactor", connector, part, closed: active });
  }

  #show(entry: EntryWith<"detection">): void {
    const field = this.#fields.get(entry.reader);
    if (field !== undefined) show(field, entry);
  }

  async #watchPlug(connector: number, plug: GpioPlug): Promise<void> {
    for await (const { plugged, moment } of plug.plugs(this.#over.signal))
      this.#events.push({ ms: moment.monoMs, heard: "plug", connector, plugged });
  }

  async #watchButton(connector: number, button: GpioButton): Promise<void> {
    for await (const { pressed, stuck, moment } of button.presses(this.#over.signal)) {
      const state = pressed ? "pressed" : stuck ? "stuck" : "free";
      this.#events.push({ ms: moment.monoMs, heard: "button", connector, button: state });
    }
  }

  /** A reader that is lost is opened again and again, as in the agent. */
  async #watchReader(name: string): Promise<void> {
    const clock = this.#clock;
    let reader: CardReader | undefined;
    while (!this.#over.signal.aborted) {
      try {
        reader = await this.#openReader(name);
        for await (const tap of reader.taps(this.#over.signal))
          this.#events.push({ ms: tap.moment.monoMs, heard: "tap", reader: name, tap: tapText(tap) });
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        const { code, message } = error;
        const ms = clock.now().monoMs;
        if (code === "reader/lost") this.#events.push({ ms, heard: "fault", device: `reader ${name}`, code, message });
        await new Promise<void>((resolve) => void clock.at(ms + 1_000, resolve));
      } finally {
        await reader?.close();
      }
    }
  }

  #openReader(name: string): Promise<CardReader> {
    const { pollMs = 0, debounceMs = 0 } = this.header.readers[name] ?? {};
    const field = this.#fields.get(name) ?? new CardField();
    return openCardReader(
      { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: pollMs, debounce: debounceMs },
      this.#clock,
      simulatedChip(field.buffer),
    );
  }
}

/** Two cards that nobody has: what a reader calls several. */
const strangers = [Buffer.from("F0A1A2A3", "hex"), Buffer.from("F1B1B2B3", "hex")];
/** Every other bit from the card is turned: nothing can be read of it. */
const unreadableNoise = 500_000;

function show(field: CardField, entry: EntryWith<"detection">): void {
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
