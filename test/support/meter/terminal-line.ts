// The bench's meters behind a real kernel terminal: serialport's own binding opens it, and a relay carries the bytes
// across.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { SerialBinding } from "../../../drivers/meter/rtu-line.js";

const script = fileURLToPath(new URL("../../../../test/support/meter/pty-relay.py", import.meta.url));
/** A request to read registers (Modbus over serial line 1.02, 2.3): unit, function, address, count, CRC. */
const requestBytes = 8;

export class TerminalLine {
  #arrived = Buffer.alloc(0);
  #request: ((frame: Buffer) => void) | undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly path: string,
  ) {}

  static async open(): Promise<TerminalLine> {
    const child = spawn("python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    const line = new TerminalLine(child, first.toString().trim());
    child.stdout.on("data", (bytes: Buffer) => line.#heard(bytes));
    return line;
  }

  /** Puts the meters of a bus at the far end; those of an earlier bus are gone. */
  async connect(bus: SerialBinding): Promise<void> {
    const port = await bus.open({ path: this.path, baudRate: 9_600 });
    this.#request = (frame) => void port.write(frame);
    const buffer = Buffer.alloc(512);
    const carry = async (): Promise<void> => {
      for (;;) {
        const { bytesRead } = await port.read(buffer, 0, buffer.length);
        this.child.stdin?.write(Buffer.from(buffer.subarray(0, bytesRead)));
      }
    };
    // It ends when its port is closed.
    carry().catch(() => undefined);
  }

  async close(): Promise<void> {
    const gone = once(this.child, "exit");
    this.child.stdin?.end();
    await gone;
  }

  #heard(bytes: Buffer): void {
    this.#arrived = Buffer.concat([this.#arrived, bytes]);
    while (this.#arrived.length >= requestBytes) {
      this.#request?.(this.#arrived.subarray(0, requestBytes));
      this.#arrived = this.#arrived.subarray(requestBytes);
    }
  }
}
