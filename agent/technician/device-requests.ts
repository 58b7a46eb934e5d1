// What a technician may ask of the devices. One set of questions, answered by whoever holds the devices: the running
// agent over its socket, or, where none runs, the command itself under the lock. So a tool behaves the same in both
// cases.
import { z } from "zod";
import { MeterMapError } from "../../config/meter-map.js";
import type { Config, ConnectorConfig } from "../../config/schema.js";
import { serialPort, tokenSchema } from "../../config/schema.js";
import { abortsAfter, type CardTap, DeviceError, type MeterIdentity, type Reading } from "../../drivers/driver.js";
import { type ContactorTest, testContactor } from "../../drivers/gpio/contactor-test.js";
import { closePins, type Machine } from "../../drivers/machine/open-machine.js";
import type { LineCounts } from "../../drivers/meter/meter-bus.js";
import type { LineSettings, ScanSteps } from "../../drivers/meter/meter-scan.js";
import type { RegisterShown } from "../../drivers/meter/modbus-meter.js";
import type { EnrolledCards } from "../cards/enrolled-cards.js";
import type { ControlAnswer, ControlRequest } from "../control/control-socket.js";
import { requestedNumber, requestedText, requestedValue } from "../control/request-fields.js";
import { Failure } from "../core/failure.js";
import { cleanJson } from "../core/json/clean-json.js";
import { phasesBackwards, powerBackwards } from "../core/session/meter-plausibility.js";
import { available, isBusy } from "../core/session/session.js";
import { cleanedText } from "../core/words/printable.js";
import type { MeterAcceptance } from "../station/connector/accept-meter.js";
import type { Station } from "../station/station.js";
import { type AcceptedMeters, acceptedMeter } from "./accepted-meters.js";
import type { AcceptedTerminals } from "./terminal/accepted-terminals.js";
import {
  endTerminalDay,
  lookAtTerminal,
  type TerminalRequestParts,
  type TerminalTests,
} from "./terminal/terminal-requests.js";

export type DeviceRequestParts = {
  readonly config: Config;
  readonly machine: Machine;
  /** The running station; without one the devices are opened for each question. */
  readonly station?: Station;
  readonly cards: EnrolledCards;
  readonly acceptedMeters: AcceptedMeters;
  readonly acceptedTerminals: AcceptedTerminals;
  readonly terminalTests: TerminalTests;
  readonly die: (error: unknown) => void;
};

export type MeterLook = {
  readonly connector: number;
  readonly identity: MeterIdentity;
  readonly reading: Reading;
  readonly line: LineCounts | undefined;
  /** Where it was asked for: the power of each phase (null = not told), none where the meter tells no phases. */
  readonly phasePowersW?: readonly (number | null)[];
  readonly registers?: readonly RegisterShown[];
};
/** In which direction energy flows through a connector's meter, by its sum and by each phase: what is wrong, if it is. */
export function directionFault({ reading, phasePowersW }: MeterLook, maxPowerW: number): string | undefined {
  const phases = phasesBackwards(phasePowersW ?? [], maxPowerW);
  if (phases.length > 0) {
    const powers = phases.map((phase) => `${phasePowersW?.[phase - 1]} W`).join(", ");
    return `phase ${phases.join(", ")} is wired backwards (${powers}): what flows there is taken off the others`;
  }
  return powerBackwards(reading, maxPowerW)?.message;
}

/** The serial number for people: whose word it is, where it is not the meter's. */
export const serialWords = ({ serial, serialByHand }: Pick<MeterIdentity, "serial" | "serialByHand">): string =>
  serialByHand === true ? `${serial} (entered by hand)` : serial;

export type PinsLook = {
  readonly connector: number;
  readonly plugged: boolean;
  readonly feedback: boolean | null;
  readonly button: "down" | "up" | null;
};

/** The agent answers within 15 s or not at all: a wait for a card is asked again. */
export const mostWaitMs = 8_000;
const mostTestMs = 5_000;
/** A line is lent for some of these at a time. */
const mostProbeMs = 1_000;

/**
 * Answers a question about devices; undefined for one of another kind. Device trouble is an answer, in the device's own
 * words.
 */
export async function answerDeviceRequest(
  request: ControlRequest,
  parts: DeviceRequestParts,
): Promise<ControlAnswer | undefined> {
  const work = questions.get(request.do);
  if (work === undefined) return undefined;
  try {
    return { ok: true, value: await work(parts, request) };
  } catch (error) {
    if (error instanceof MeterMapError) return { ok: false, why: error.message };
    if (!(error instanceof DeviceError) && !(error instanceof Failure)) throw error;
    if (error instanceof Failure && (error.code === "disk/failed" || error.code === "disk/full")) throw error;
    return { ok: false, why: error.message, ...(error instanceof DeviceError ? { fault: error.code } : {}) };
  }
}

type Question = (parts: DeviceRequestParts, request: ControlRequest) => unknown;

const questions: ReadonlyMap<string, Question> = new Map(
  Object.entries({
    "meter-look": lookAtMeter,
    "meter-probe": (parts, request) => onLentLine(parts, request, ({ answers }, line, unit) => answers(line, unit)),
    "meter-try": (parts, request) =>
      onLentLine(
        parts,
        request,
        async ({ tryModel }, line, unit) =>
          (await tryModel(line, unit, requestedText(request["model"], "model"))) ?? null,
      ),
    "meter-passed": ({ acceptedMeters }, { check }) =>
      acceptedMeters.add(parsed(acceptedMeter, check, "the meter check")),
    "meter-accept": acceptMeterOf,
    "line-look": ({ machine }, { port }) => machine.lineCounts(requestedText(port, "port")) ?? null,
    "pins-look": lookAtPins,
    "reader-look": lookAtReader,
    "contactor-test": tryContactor,
    "contactor-open": openContactors,
    "card-wait": waitForCard,
    "terminal-look": (parts) => lookAtTerminal(terminalParts(parts)),
    "terminal-day-end": (parts) => endTerminalDay(terminalParts(parts)),
    "terminal-test": (parts, request) => parts.terminalTests.begin(terminalParts(parts), request, parts.die),
    "terminal-test-look": ({ terminalTests }) => terminalTests.look(),
    "card-list": ({ cards }) => cards.rows(),
    "card-put": ({ cards }, { rows }) =>
      cards.put(parsed(z.array(tokenSchema), printableRows(rows), "the list of cards")),
    "card-revoke": ({ cards }, { uid }) => cards.revoke(requestedText(uid, "uid")),
  }),
);

/** The holds that the station knows go along where one runs. */
const terminalParts = ({ machine, acceptedTerminals, station }: DeviceRequestParts): TerminalRequestParts => ({
  machine,
  acceptedTerminals,
  ...(station === undefined ? {} : { holds: station.stationState().holds }),
});

/** What a request brings, in the shape that it must have. Throws Failure usage/invalid. */
function parsed<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  throw new Failure("usage/invalid", `${what} cannot be read: ${z.prettifyError(read.error)}`);
}

/** Throws Failure usage/invalid: what would have to be cleaned could be another card's or contract's. */
function printableRows(rows: unknown): unknown {
  if (cleanJson(structuredClone(rows)).cleaned === 0) return rows;
  throw new Failure("usage/invalid", "the list of cards holds characters that cannot be printed");
}

const longestWord = 200;
const oneLine = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((line) => cleanedText(line) === line, "expected one line of words");
const meterWord = z.object({ by: oneLine(60), note: oneLine(longestWord), registerOnly: z.boolean().default(false) });

/** A person's word about a meter is journalled: only a running agent takes it. */
async function acceptMeterOf(parts: DeviceRequestParts, request: ControlRequest): Promise<MeterAcceptance | null> {
  const { id } = connectorOf(parts, request);
  const { by, note, registerOnly } = request;
  const word = parsed(meterWord, { by, note, registerOnly }, "the word about a meter");
  if (parts.station === undefined)
    throw new Failure(
      "agent/refused",
      "no agent is running, and it is the agent that writes down who said it: start it first",
    );
  const accepted = await parts.station.acceptMeter(id, word);
  if (typeof accepted === "string") throw new Failure("agent/refused", accepted);
  if (accepted === null && request["ifNeeded"] !== true)
    throw new Failure("agent/refused", `connector ${id}: nothing stands at its meter that waits for a person's word`);
  return accepted;
}

function connectorOf({ config }: DeviceRequestParts, { connector }: ControlRequest): ConnectorConfig {
  const found = config.connectors.find(({ id }) => id === connector);
  if (found === undefined)
    throw new Failure(
      "usage/invalid",
      `there is no connector ${requestedValue(connector)}; there are: ${config.connectors.map(({ id }) => id).join(", ")}`,
    );
  return found;
}

/** A look bills nothing, so a model in doubt may be looked at. Its requests queue up with all others of its line. */
async function lookAtMeter(parts: DeviceRequestParts, request: ControlRequest): Promise<MeterLook> {
  const connector = connectorOf(parts, request);
  const meter = parts.machine.meter({ ...connector, meter: { ...connector.meter, acceptUnproven: true } });
  try {
    const identity = await meter.identify();
    const reading = await meter.read();
    const registers = request["registers"] === true ? { registers: await meter.survey() } : {};
    const phases = request["phases"] === true ? { phasePowersW: await meter.phasePowersW() } : {};
    return {
      connector: connector.id,
      identity,
      reading,
      ...phases,
      line: parts.machine.lineCounts(connector.meter.port),
      ...registers,
    };
  } finally {
    await meter.close();
  }
}

/**
 * One question of a scan, between two looks of the station. A session's meter is never kept waiting by one: where a
 * session runs on the line, it is refused, and the next question is refused too where one has begun meanwhile.
 */
async function onLentLine<T>(
  { config, machine, station }: DeviceRequestParts,
  request: ControlRequest,
  ask: (steps: ScanSteps, line: LineSettings, unit: number) => Promise<T>,
): Promise<T> {
  const { port, unit, timeoutMs } = request;
  const settings = typeof port === "string" ? config.serialPorts[port] : undefined;
  if (typeof port !== "string" || settings === undefined)
    throw new Failure(
      "usage/invalid",
      `${requestedValue(port)} is not a port of this station; its ports are: ${Object.keys(config.serialPorts).join(", ")}`,
    );
  const busy = config.connectors.find(
    ({ id, meter }) => meter.port === port && isBusy(station?.session(id) ?? available),
  );
  if (busy !== undefined)
    throw new Failure(
      "agent/refused",
      `a session runs at connector ${busy.id}, whose meter is on ${port}: scan when it is over, or end it with: chargetill stop ${busy.id}`,
    );
  const asked = parsed(z.record(z.string(), z.unknown()).default({}), request["line"], "the line's settings");
  const line = parsed(serialPort, { ...settings, ...asked }, "the line's settings");
  const [within, address] = [requestedNumber(timeoutMs, "timeoutMs"), requestedNumber(unit, "unit")];
  if (!(within >= 50 && within <= mostProbeMs) || !(address >= 1 && address <= 247))
    throw new Failure(
      "usage/invalid",
      `beside a running agent a unit has from 50 to ${mostProbeMs} ms to answer, and a number from 1 to 247`,
    );
  const { scanSteps } = await import("../../drivers/meter/meter-scan.js");
  return machine.lendLine(port, (binding) =>
    ask(
      scanSteps(settings.path, machine.clock, { timeoutMs: within, ...(binding === undefined ? {} : { binding }) }),
      line,
      address,
    ),
  );
}

function lookAtPins(parts: DeviceRequestParts, request: ControlRequest): PinsLook {
  const connector = connectorOf(parts, request);
  if (parts.station !== undefined) {
    const sensed = parts.station.connectors.get(connector.id)?.sensed();
    if (sensed === undefined)
      throw new DeviceError(
        "gpio/missing",
        parts.station.faults.of(`connector ${connector.id}`)?.message ?? "the pins are not open yet",
      );
    return {
      connector: connector.id,
      plugged: sensed.plugged,
      feedback: sensed.feedback ?? null,
      button: buttonWord(sensed.button),
    };
  }
  const pins = parts.machine.pins(connector);
  try {
    return {
      connector: connector.id,
      plugged: pins.plug.plugged(),
      feedback: pins.contactor.feedback() ?? null,
      button: buttonWord(pins.button?.down()),
    };
  } finally {
    closePins(pins);
  }
}

const buttonWord = (down: boolean | undefined): PinsLook["button"] =>
  down === undefined ? null : down ? "down" : "up";

/**
 * The running station looks all the time and knows; else the chip is opened once. Answers what should be known of a
 * reader that works.
 */
async function lookAtReader(parts: DeviceRequestParts, { reader }: ControlRequest): Promise<string | null> {
  const name = readerOf(parts, reader);
  if (parts.station !== undefined) {
    const fault = parts.station.faults.of(`reader ${name}`);
    if (fault !== undefined) throw new DeviceError("reader/missing", fault.message);
    return null;
  }
  const opened = await parts.machine.reader(name);
  await opened.close();
  return opened.remark ?? null;
}

async function tryContactor(parts: DeviceRequestParts, request: ControlRequest): Promise<ContactorTest> {
  const connector = connectorOf(parts, request);
  const ms = Math.min(mostTestMs, Math.max(100, msOf(request["ms"]) ?? 0));
  const tried =
    parts.station === undefined
      ? await tryHere(parts, connector, ms)
      : await parts.station.connectors.get(connector.id)?.testContactor(ms);
  if (tried === undefined) throw new Error(`no point for connector ${connector.id}`);
  if (typeof tried === "string") throw new Failure("agent/refused", tried);
  return tried;
}

async function tryHere(
  { machine, config }: DeviceRequestParts,
  connector: ConnectorConfig,
  ms: number,
): Promise<ContactorTest | string> {
  const pins = machine.pins(connector);
  try {
    return await testContactor(pins, machine.clock, { ms, settleMs: config.timing.contactor });
  } finally {
    closePins(pins);
  }
}

/** Sessions are stopped by the remote word, so that they are settled; all else is only opened. */
function openContactors({ station }: DeviceRequestParts): { readonly stopped: readonly number[] } {
  const stopped = [...(station?.connectors.keys() ?? [])].filter((id) => station?.stop(id) === null);
  station?.openAll();
  return { stopped };
}

/** The next card at a reader, whole: it is the technician's to enrol. Null when none came in this time. */
async function waitForCard(parts: DeviceRequestParts, { reader, ms }: ControlRequest): Promise<CardTap | null> {
  const name = readerOf(parts, reader);
  const withinMs = Math.min(mostWaitMs, msOf(ms) ?? mostWaitMs);
  if (parts.station !== undefined) return (await parts.station.cardHandler.catchTap(name, withinMs)) ?? null;
  const { clock } = parts.machine;
  const opened = await parts.machine.reader(name);
  const waiting = abortsAfter(clock, withinMs);
  try {
    for await (const tap of opened.taps(waiting.signal)) return tap;
    return null;
  } finally {
    waiting.cancel();
    await opened.close();
  }
}

const msOf = (value: unknown): number | undefined => (value === undefined ? undefined : requestedNumber(value, "ms"));

function readerOf({ config }: DeviceRequestParts, reader: unknown): string {
  const names = Object.keys(config.readers);
  const name = reader ?? names[0];
  if (typeof name !== "string" || !names.includes(name))
    throw new Failure("usage/invalid", `there is no reader "${requestedValue(name)}"; there are: ${names.join(", ")}`);
  return name;
}
