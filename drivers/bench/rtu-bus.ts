// A simulated RS-485 bus below serialport: takes the bytes that a master writes, and answers as real meters do, or as
// broken ones do. Meters here are strict: a read that their map does not allow gets an exception, so that a driver
// cannot get used to a kind one.
import type { MeterMap } from "../../config/meter-map.js";
import type { SerialBinding } from "../meter/rtu-line.js";
import type { MeterValues, RegisterImage } from "./rtu-image.js";
import { meterImage, registerPlace } from "./rtu-image.js";
import { RtuPort } from "./rtu-port.js";

/** One thing that goes wrong with one reply. */
export type RtuFault =
  | { readonly kind: "silent" }
  /** Comes while the next request waits, or the one after so many more, in front of that one's reply. */
  | { readonly kind: "late"; readonly after?: number }
  /** Comes after so many real milliseconds. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Comes twice: now, and again in front of the next reply. */
  | { readonly kind: "doubled" }
  /** Comes twice in one piece. */
  | { readonly kind: "twice-at-once" }
  /** Only the first bytes come. */
  | { readonly kind: "cut"; readonly bytes: number }
  /** Comes byte by byte. */
  | { readonly kind: "fragmented" }
  | { readonly kind: "wrong-crc" }
  | { readonly kind: "exception"; readonly code: number }
  | { readonly kind: "noise-before"; readonly bytes: Uint8Array }
  | { readonly kind: "wrong-unit"; readonly unit: number }
  /** Every word reads 0xFFFF: not a number, or minus one. */
  | { readonly kind: "all-ones" }
  /** The whole frame, checksum and all, is handed to a test's own spoiler. */
  | { readonly kind: "spoilt"; readonly spoil: (frame: Buffer) => Buffer }
  /** The adapter is unplugged before it can answer. */
  | { readonly kind: "vanish" };

type Slave = {
  readonly map: MeterMap;
  readonly values: () => MeterValues;
  frozen: RegisterImage | undefined;
  faults: { readonly fault: RtuFault; left: number }[];
};

/** Modbus application protocol 1.1b3, 7: the exceptions that a meter gives. */
const illegalFunction = 1;
const illegalAddress = 2;
const illegalCount = 3;

export class RtuBus {
  readonly #slaves = new Map<number, Slave>();
  #port: RtuPort | undefined;
  #disturbance: () => RtuFault | undefined = () => undefined;
  #present = true;
  #held: readonly { readonly frame: Buffer; readonly after: number }[] = [];
  #requests = 0;
  readonly #line: { readonly baudRate: number; readonly parity: string } | undefined;

  /** With `line`, the meters understand these settings only; else any. */
  constructor(line?: { readonly baudRate: number; readonly parity: string }) {
    this.#line = line;
  }

  /** As `binding`, but whoever waits for a silent meter waits by the clock, as on a real line. */
  readonly patientBinding: SerialBinding = {
    instant: true,
    list: () => Promise.resolve(this.#present ? [{ path: "bench" }] : []),
    open: (options) => {
      if (!this.#present) return Promise.reject(new Error(`No such file or directory, cannot open ${options.path}`));
      if (this.#port?.isOpen)
        return Promise.reject(new Error(`Resource temporarily unavailable, cannot lock port ${options.path}`));
      const understood =
        this.#line === undefined ||
        (this.#line.baudRate === options.baudRate && this.#line.parity === (options.parity ?? "none"));
      this.#port = new RtuPort(options, (request) => (understood ? this.#onRequest(request) : undefined));
      return Promise.resolve(this.#port);
    },
  };

  /** For `openMeterBus(port, clock, { binding })`. Any path opens this bus. */
  readonly binding: SerialBinding = { ...this.patientBinding, idle: () => this.#port?.idle() ?? Promise.resolve() };

  /** How many requests were seen on the line, for whomever. */
  get requests(): number {
    return this.#requests;
  }

  /** Connects a meter; `values` is asked at each request. */
  attach(unit: number, map: MeterMap, values: () => MeterValues): void {
    this.#slaves.set(unit, { map, values, frozen: undefined, faults: [] });
  }

  detach(unit: number): void {
    this.#slaves.delete(unit);
  }

  /** Spoils the next `times` replies of a unit, after the faults that already wait. */
  inject(unit: number, fault: RtuFault, times = 1): void {
    this.#slave(unit).faults.push({ fault, left: times });
  }

  /** Spoils replies at random, of whichever unit: asked at each request for which no other fault waits. */
  disturb(fault: () => RtuFault | undefined): void {
    this.#disturbance = fault;
  }

  /** Takes back all faults that still wait, and what was held back on the line. */
  clear(): void {
    for (const slave of this.#slaves.values()) slave.faults = [];
    this.#held = [];
  }

  /** The meter goes on answering, with what it holds now. */
  freeze(unit: number): void {
    const slave = this.#slave(unit);
    slave.frozen = meterImage(slave.map, slave.values());
  }

  thaw(unit: number): void {
    this.#slave(unit).frozen = undefined;
  }

  /** Pulls the adapter: what is open breaks, and nothing opens until `restore`. */
  vanish(): void {
    this.#present = false;
    this.#held = [];
    this.#port?.break();
  }

  restore(): void {
    this.#present = true;
  }

  #slave(unit: number): Slave {
    const slave = this.#slaves.get(unit);
    if (slave === undefined) throw new Error(`no meter with unit ${unit} on this bench bus`);
    return slave;
  }

  #onRequest(request: Buffer): void {
    this.#requests += 1;
    if (request.length < 4 || !hasSoundCrc(request)) return;
    const unit = request.readUInt8(0);
    const slave = this.#slaves.get(unit);
    const before = Buffer.concat(this.#held.filter(({ after }) => after === 0).map(({ frame }) => frame));
    this.#held = this.#held.filter(({ after }) => after > 0).map((one) => ({ ...one, after: one.after - 1 }));
    if (slave === undefined) {
      this.#send(before);
      return;
    }
    const waiting = slave.faults[0];
    if (waiting !== undefined && --waiting.left <= 0) slave.faults.shift();
    const fault = waiting?.fault ?? this.#disturbance();
    const reply = answer(slave.map, slave.frozen ?? meterImage(slave.map, slave.values()), request, fault);
    this.#deliver(before, reply, fault);
  }

  #deliver(before: Buffer, reply: Buffer, fault: RtuFault | undefined): void {
    switch (fault?.kind) {
      case undefined:
      case "exception":
      case "all-ones":
        return this.#send(before, reply);
      case "silent":
        return this.#send(before);
      case "late":
        this.#held = [...this.#held, { frame: reply, after: fault.after ?? 0 }];
        return this.#send(before);
      case "slow":
        this.#send(before);
        return this.#port?.sendAfter(fault.ms, reply);
      case "doubled":
        this.#held = [...this.#held, { frame: reply, after: 0 }];
        return this.#send(before, reply);
      case "twice-at-once":
        return this.#send(before, Buffer.concat([reply, reply]));
      case "cut":
        return this.#send(before, reply.subarray(0, fault.bytes));
      case "fragmented":
        return this.#send(before, ...Array.from(reply, (byte) => Buffer.from([byte])));
      case "wrong-crc":
        return this.#send(before, withByte(reply, reply.length - 1, reply.readUInt8(reply.length - 1) ^ 0x5a));
      case "noise-before":
        return this.#send(before, Buffer.from(fault.bytes), reply);
      case "wrong-unit":
        return this.#send(before, withCrc(withByte(reply, 0, fault.unit).subarray(0, -2)));
      case "spoilt":
        return this.#send(before, fault.spoil(reply));
      case "vanish":
        return this.vanish();
      default:
        return fault satisfies never;
    }
  }

  #send(...pieces: Buffer[]): void {
    for (const piece of pieces) if (piece.length > 0) this.#port?.send(piece);
  }
}

/** The reply of a strict meter to one request with a sound checksum. */
function answer(map: MeterMap, image: RegisterImage, request: Buffer, fault: RtuFault | undefined): Buffer {
  const unit = request.readUInt8(0);
  const code = request.readUInt8(1);
  const refuse = (exception: number): Buffer => withCrc(Buffer.from([unit, code | 0x80, exception]));
  if (fault?.kind === "exception") return refuse(fault.code);
  if ((code !== 3 && code !== 4) || request.length !== 8) return refuse(illegalFunction);
  const address = request.readUInt16BE(2);
  const count = request.readUInt16BE(4);
  if (count < 1 || count > map.maxRegisters) return refuse(illegalCount);
  if (!allows(map, code, address, count)) return refuse(illegalAddress);
  const reply = Buffer.alloc(3 + 2 * count);
  reply.writeUInt8(unit, 0);
  reply.writeUInt8(code, 1);
  reply.writeUInt8(2 * count, 2);
  for (let word = 0; word < count; word++)
    reply.writeUInt16BE(
      fault?.kind === "all-ones" ? 0xffff : (image.get(registerPlace(code, address + word)) ?? 0),
      3 + 2 * word,
    );
  return withCrc(reply);
}

/** Whether this meter lets exactly these registers be read in one request. */
function allows(map: MeterMap, code: number, address: number, count: number): boolean {
  const last = address + count - 1;
  const touched = Object.values(map.registers).filter(
    (entry) => entry.function === code && entry.address <= last && address < entry.address + entry.words,
  );
  const whole = map.ranges.find((range) => range.read === "whole" && range.from <= last && address <= range.to);
  if (whole) return address === whole.from && last === whole.to;
  if (touched.some((entry) => entry.address < address || entry.address + entry.words - 1 > last)) return false;
  if (touched.length > 1 && (!map.joinsNeighbours || touched.some((entry) => entry.alone))) return false;
  if (map.ranges.some((range) => range.from <= address && last <= range.to)) return true;
  return touched.reduce((sum, entry) => sum + entry.words, 0) === count;
}

function withByte(frame: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(frame);
  changed.writeUInt8(value & 0xff, at);
  return changed;
}

/** The checksum bit by bit, as the standard draws it; the driver has a table. */
function checksum(bytes: Buffer): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

/** A frame with its checksum behind it. */
export function withCrc(body: Buffer): Buffer {
  const crc = checksum(body);
  return Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]);
}

function hasSoundCrc(frame: Buffer): boolean {
  return frame.equals(withCrc(frame.subarray(0, -2)));
}
