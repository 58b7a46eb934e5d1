// The port object that we hand to modbus-serial: a serial line that lets exactly one matching reply through for each
// request. RTU replies carry no number and do not name their register, and the library's own ports keep what is left
// over: one late or doubled reply there shifts every later value by one register, for ever, with a good checksum. Here
// nothing outlives its request.
import { EventEmitter } from "node:events";
import { SerialPort } from "serialport";
import type { SerialPortConfig } from "../../config/schema.js";
import { crc16 } from "./crc16.js";

/**
 * The longest RTU frame (Modbus over serial line 1.02, 2.5.1), and twice that as the most we keep of one reply's noise.
 */
const mostBytes = 512;
const exceptionBytes = 5;

type Expected = { readonly unit: number; readonly code: number; readonly bytes: number };

/**
 * What serialport asks of the layer that touches the device; a bench brings its own. (Its types package does not
 * resolve under NodeNext.)
 */
export type SerialBinding = {
  /** True where bytes take no time: a bench without a wire. Then nothing waits for the wire either. */
  readonly instant?: boolean;
  /**
   * Resolves when all that will ever come in answer has come: what only a bench can know. With it nobody waits for
   * silence by the clock, so that a simulated month of a dead meter takes no real hours and the same seed gives the
   * same scenario on a busy machine.
   */
  idle?(): Promise<void>;
  list(): Promise<{ readonly path: string }[]>;
  open(options: SerialOpenOptions): Promise<SerialBindingPort>;
};

export type SerialOpenOptions = {
  readonly path: string;
  readonly baudRate: number;
  readonly parity?: string;
  readonly stopBits?: number;
  readonly dataBits?: number;
};

/**
 * Pending reads and writes reject with `canceled: true` when we close, with any other error when the device is lost.
 */
export type SerialBindingPort = {
  readonly isOpen: boolean;
  readonly openOptions: SerialOpenOptions;
  close(): Promise<void>;
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>;
  write(buffer: Buffer): Promise<void>;
  update(options: { baudRate: number }): Promise<void>;
  set(options: object): Promise<void>;
  get(): Promise<{ cts: boolean; dsr: boolean; dcd: boolean }>;
  getBaudRate(): Promise<{ baudRate: number }>;
  flush(): Promise<void>;
  drain(): Promise<void>;
};

/**
 * Bytes as they passed the line, where a request was given up, and where the port went away, for whoever records it.
 */
export type OnBytes = (direction: "out" | "in" | "given up" | "lost", bytes: Buffer) => void;

/** Opens nothing yet. The real serialport stream; on a bench only the binding below it is another. */
export function serialStream(port: SerialPortConfig, binding?: SerialBinding): SerialPort {
  const options = {
    path: port.path,
    baudRate: port.baud,
    parity: port.parity,
    stopBits: port.stopBits,
    dataBits: 8 as const,
    autoOpen: false,
    ...(binding ? { binding } : {}),
  };
  return new SerialPort(options);
}

/**
 * Events, as modbus-serial wants them: `data` with one whole reply, at most once a request, in the very turn in which
 * its last byte came; `error` and `close` when the port is gone.
 */
export class RtuLine extends EventEmitter {
  readonly #stream: SerialPort;
  readonly #onBytes: OnBytes | undefined;
  #expected: Expected | undefined;
  #received = Buffer.alloc(0);
  #heardBytes = 0;
  #strayBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(stream: SerialPort, onBytes?: OnBytes) {
    super();
    this.#stream = stream;
    this.#onBytes = onBytes;
    stream.on("data", (bytes: Buffer) => this.#hear(bytes));
    stream.on("error", (error: Error) => this.#gone(() => this.emit("error", error)));
    stream.on("close", () => this.#gone(() => this.emit("close")));
  }

  get isOpen(): boolean {
    return this.#stream.isOpen;
  }

  /** Bytes that came since the last request, ours or not: a meter that says something is not a silent one. */
  get heardBytes(): number {
    return this.#heardBytes;
  }

  /** Bytes that no request was waiting for, since the port was opened: late and doubled replies, noise. */
  get strayBytes(): number {
    return this.#strayBytes;
  }

  open(callback: (error: Error | null) => void): void {
    this.#stream.open(callback);
  }

  /**
   * Closes the port; what is still asked for is given up at once. Resolves when the operating system has the port back:
   * only then can it be opened again.
   */
  closed(): Promise<void> {
    this.giveUp();
    this.#closed ??= new Promise((resolve) => {
      if (this.#stream.isOpen) this.#stream.close(() => resolve());
      else resolve();
    });
    return this.#closed;
  }

  close(callback?: () => void): void {
    void this.closed().then(() => callback?.());
  }

  destroy(): void {
    void this.closed();
  }

  /** Called by modbus-serial with one whole request. */
  write(request: Buffer): void {
    this.#received = Buffer.alloc(0);
    this.#heardBytes = 0;
    this.#expected = expectedReply(request);
    this.#onBytes?.("out", request);
    this.#stream.write(request);
  }

  /** The request was given up: whatever comes now belongs to nobody. */
  forget(): void {
    if (this.#expected !== undefined) this.#onBytes?.("given up", Buffer.alloc(0));
    this.#done();
  }

  /** Told once, and not where we closed it ourselves. */
  #gone(tell: () => void): void {
    if (this.#closed === undefined) this.#onBytes?.("lost", Buffer.alloc(0));
    tell();
  }

  #done(): void {
    this.#expected = undefined;
    this.#received = Buffer.alloc(0);
  }

  /**
   * Ends the request that waits, by the library's own rule for a reply that is too short: that alone stops its timer.
   */
  giveUp(): void {
    if (this.#expected === undefined) return;
    this.forget();
    this.emit("data", Buffer.alloc(0));
  }

  /** Throws away what the operating system holds for us. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.isOpen) this.#stream.flush(() => resolve());
      else resolve();
    });
  }

  #hear(bytes: Buffer): void {
    this.#heardBytes += bytes.length;
    this.#onBytes?.("in", bytes);
    if (this.#expected === undefined) {
      this.#strayBytes += bytes.length;
      return;
    }
    this.#received = Buffer.concat([this.#received, bytes]).subarray(-mostBytes);
    const reply = findReply(this.#received, this.#expected);
    if (reply === undefined) return;
    this.#strayBytes += this.#received.length - reply.length;
    this.#done();
    this.emit("data", reply);
  }
}

/** What may answer a read of holding (3) or input (4) registers; nothing else is ever sent through this line. */
function expectedReply(request: Buffer): Expected {
  const code = request.readUInt8(1);
  if (request.length !== 8 || (code !== 3 && code !== 4))
    throw new TypeError(`a meter line reads registers only, not function ${code}`);
  return { unit: request.readUInt8(0), code, bytes: 2 * request.readUInt16BE(4) };
}

/**
 * The first place in `bytes` where unit, function, byte count and checksum are those of the reply, or of an exception
 * to the request.
 */
export function findReply(bytes: Buffer, expected: Expected): Buffer | undefined {
  for (let start = 0; start + exceptionBytes <= bytes.length; start++) {
    if (bytes[start] !== expected.unit) continue;
    const code = bytes[start + 1];
    const length =
      code === expected.code && bytes[start + 2] === expected.bytes
        ? 3 + expected.bytes + 2
        : code === (expected.code | 0x80)
          ? exceptionBytes
          : undefined;
    if (length === undefined || start + length > bytes.length) continue;
    const frame = bytes.subarray(start, start + length);
    if (frame.readUInt16LE(length - 2) === crc16(frame.subarray(0, -2))) return Buffer.from(frame);
  }
  return undefined;
}
