// The port that serialport holds of a simulated bus: bytes come when the meters send them, and an unplugged adapter
// fails as a real one does.
import type { SerialBindingPort, SerialOpenOptions } from "../meter/rtu-line.js";

/** The end of the bus that serialport holds: one port, opened by one at a time. */
export class RtuPort implements SerialBindingPort {
  readonly #onRequest: (request: Buffer) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #arrived: Buffer[] = [];
  #reading: { readonly take: () => void; readonly fail: (error: Error) => void } | undefined;
  #options: SerialOpenOptions;
  #broken = false;
  #underway = 0;
  #whenDelivered: (() => void)[] = [];
  isOpen = true;

  constructor(options: SerialOpenOptions, onRequest: (request: Buffer) => void) {
    this.#options = options;
    this.#onRequest = onRequest;
  }

  get openOptions(): SerialOpenOptions {
    return this.#options;
  }

  /** Bytes from the meters, as one piece: serialport sees each piece by itself. */
  send(bytes: Buffer): void {
    this.#underway += 1;
    setImmediate(() => this.#arrive(bytes));
  }

  sendAfter(ms: number, bytes: Buffer): void {
    this.#underway += 1;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#arrive(bytes);
    }, ms);
    this.#timers.add(timer);
  }

  /**
   * Resolves when nothing is underway any more and serialport has had the turns of the loop that it needs to pass it
   * on.
   */
  async idle(): Promise<void> {
    do {
      if (this.#underway > 0) await new Promise<void>((resolve) => this.#whenDelivered.push(resolve));
      for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
    } while (this.#underway > 0);
  }

  break(): void {
    this.#broken = true;
    this.#stop();
    this.#reading?.fail(new Error("bench: the adapter was unplugged"));
    this.#reading = undefined;
  }

  close(): Promise<void> {
    if (!this.isOpen) return Promise.reject(new Error("Port is not open"));
    this.isOpen = false;
    this.#stop();
    this.#reading?.fail(Object.assign(new Error("Canceled"), { canceled: true }));
    this.#reading = undefined;
    return Promise.resolve();
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    if (!this.isOpen) throw Object.assign(new Error("Port is not open"), { canceled: true });
    if (this.#broken) throw new Error("bench: the adapter was unplugged");
    if (this.#arrived.length === 0) await new Promise<void>((take, fail) => (this.#reading = { take, fail }));
    const [first = Buffer.alloc(0), ...rest] = this.#arrived;
    const bytesRead = first.copy(buffer, offset, 0, length);
    this.#arrived = bytesRead < first.length ? [first.subarray(bytesRead), ...rest] : rest;
    return { buffer, bytesRead };
  }

  async write(bytes: Buffer): Promise<void> {
    if (!this.isOpen) throw Object.assign(new Error("Port is not open"), { canceled: true });
    if (this.#broken) throw new Error("bench: the adapter was unplugged");
    this.#onRequest(Buffer.from(bytes));
  }

  update(options: { baudRate: number }): Promise<void> {
    this.#options = { ...this.#options, ...options };
    return Promise.resolve();
  }

  set(): Promise<void> {
    return Promise.resolve();
  }

  get(): Promise<{ cts: boolean; dsr: boolean; dcd: boolean }> {
    return Promise.resolve({ cts: false, dsr: false, dcd: false });
  }

  getBaudRate(): Promise<{ baudRate: number }> {
    return Promise.resolve({ baudRate: this.#options.baudRate });
  }

  flush(): Promise<void> {
    this.#arrived = [];
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  #arrive(bytes: Buffer): void {
    this.#underway -= 1;
    if (this.#underway <= 0) this.#allDelivered();
    if (!this.isOpen || this.#broken) return;
    this.#arrived.push(bytes);
    this.#reading?.take();
    this.#reading = undefined;
  }

  #stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#underway -= this.#timers.size;
    this.#timers.clear();
    this.#arrived = [];
    this.#allDelivered();
  }

  #allDelivered(): void {
    for (const tell of this.#whenDelivered) tell();
    this.#whenDelivered = [];
  }
}
