// The agent's side of the opener (pins/opener.c), a program beside it that opens the contactors when the agent hangs or
// dies. Before a contactor closes, it stands in a list as closed; while one is closed, a heartbeat counts on; and the
// opener answers with the number of the list that it watches. All in the folder that systemd makes for the service, in
// memory: nothing of it outlives a restart of the machine.
import { accessSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Clock, MonoMs } from "../../driver.js";
import type { OpenOrder } from "./gpio-port.js";

/** The opener takes eight looks, one each 90 ms, at a heartbeat that stands still (pins/opener.c). */
const beatEveryMs = 200;
/** The opener answers within milliseconds; on a machine that is busy with its start, later. */
const answerWithinMs = 3_000;
/** A loop that was held up for longer is lost, whatever files it reads and writes; the opener gives a disk as long. */
const heldUpAtMostMs = 9_000;
const folderOfTheService = "/run/chargetill";

/** What the driver of one contactor tells: `closing` before it closes, `opened` after it has opened. */
export interface ContactorWatch {
  closing(): void;
  opened(): void;
}

type Listed = { readonly order: string; closed: boolean };

export class OpenerLink {
  readonly #listed: Listed[] = [];
  #heartbeat: number | undefined;
  #serial = 0;
  readonly #started = startedAt();
  #beats = 0;
  #writtenMonoMs: MonoMs = 0;
  /** When the loop turned last. */
  #turnMonoMs: MonoMs = 0;
  /** Why the list could not be written. */
  #unwritten: string | undefined;
  #cancelBeat: (() => void) | undefined;

  private constructor(
    private readonly folder: string,
    private readonly clock: Clock,
  ) {}

  /**
   * The link of a process that systemd started, and has told its folder; also of a command where that folder is there
   * and may be written. Else undefined, as on a checkout.
   */
  static open(clock: Clock, told = process.env["RUNTIME_DIRECTORY"]): OpenerLink | undefined {
    if (told !== undefined) return new OpenerLink(told, clock);
    try {
      accessSync(folderOfTheService, constants.W_OK);
      return new OpenerLink(folderOfTheService, clock);
    } catch {
      return undefined;
    }
  }

  /** Lists a contactor, as open, for as long as this process lives. */
  contactor(order: OpenOrder): ContactorWatch {
    const words = orderWords(order);
    const listed = this.#listed.find((known) => known.order === words) ?? { order: words, closed: false };
    if (!this.#listed.includes(listed)) {
      this.#listed.push(listed);
      this.#write();
    }
    const mark = (closed: boolean): void => {
      if (listed.closed === closed) return;
      listed.closed = closed;
      this.#write();
    };
    return {
      closing: () => {
        mark(true);
        this.#beat();
      },
      opened: () => mark(false),
    };
  }

  /** Something moves, though no timer may fire meanwhile: an fsync has returned, a file was read. */
  progressed(): void {
    if (this.#closed > 0 && this.clock.now().monoMs - this.#turnMonoMs < heldUpAtMostMs) this.#count();
  }

  /**
   * Why nobody can be believed to watch; undefined where the opener has answered, or may do so yet. While a contactor
   * is closed, each call has the opener answer anew.
   */
  trouble(): string | undefined {
    if (this.#unwritten !== undefined) return `the list of contactors cannot be written (${this.#unwritten})`;
    if (this.#answered() === this.#serial) {
      if (this.#closed > 0) this.#write();
      return undefined;
    }
    return this.clock.now().monoMs - this.#writtenMonoMs < answerWithinMs
      ? undefined
      : "the opener does not answer: should the agent hang, a contactor stays closed until the watchdog ends it";
  }

  /** Beats no more. The list stays: whatever is still closed is opened by it. */
  close(): void {
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
  }

  get #closed(): number {
    return this.#listed.filter(({ closed }) => closed).length;
  }

  #answered(): number | undefined {
    try {
      return Number(readFileSync(join(this.folder, "opener"), "utf8"));
    } catch {
      return undefined;
    }
  }

  /**
   * Without a list, systemd opens the contactors by the config (ExecStopPost); an old one must not stand in for the one
   * that could not be written.
   */
  #write(): void {
    this.#serial += 1;
    this.#writtenMonoMs = this.clock.now().monoMs;
    const lines = [
      "chargetill-pins 1",
      `serial ${this.#serial}`,
      `agent ${process.pid} ${this.#started}`,
      `closed ${this.#closed}`,
      ...this.#listed.map(({ order }) => order),
      "end",
    ];
    const path = join(this.folder, "contactors");
    try {
      writeFileSync(`${path}.new`, `${lines.join("\n")}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      this.#unwritten = undefined;
    } catch (error) {
      this.#unwritten = error instanceof Error ? error.message : String(error);
      rmSync(path, { force: true });
    }
  }

  /** Counts on for as long as a contactor is closed. */
  #beat(): void {
    if (this.#cancelBeat !== undefined) return;
    this.#turnMonoMs = this.clock.now().monoMs;
    this.#count();
    this.#cancelBeat = this.clock.at(this.clock.now().monoMs + beatEveryMs, () => {
      this.#cancelBeat = undefined;
      if (this.#closed > 0) this.#beat();
    });
  }

  #count(): void {
    this.#beats += 1;
    try {
      this.#heartbeat ??= openSync(join(this.folder, "heartbeat"), "w", 0o600);
      writeSync(this.#heartbeat, `${this.#beats}\n`, 0);
    } catch (error) {
      // A heartbeat that does not come is what the opener acts on.
      this.#unwritten = error instanceof Error ? error.message : String(error);
    }
  }
}

const orderWords = (order: OpenOrder): string =>
  order.kind === "sysfs"
    ? `sysfs ${order.number} ${order.high ? "high" : "low"}`
    : `chip ${order.label} ${order.line} ${order.high ? "high" : "low"}`;

/** When this process was started, in the kernel's ticks (proc(5), field 22): a process number comes again. */
function startedAt(): string {
  const afterName = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1) ?? "";
  return afterName.split(" ")[19] ?? "0";
}
