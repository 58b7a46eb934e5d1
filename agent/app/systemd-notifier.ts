// Tells systemd how we are (sd_notify(3)), by its own small program: Node has no datagram sockets of AF_UNIX.
// Without NOTIFY_SOCKET nothing happens. A ping is sent only for real progress, which the caller proves.
import { execFile, spawnSync } from "node:child_process";

/** What may be told: READY=1, STATUS=..., STOPPING=1, WATCHDOG=1. */
type Assignment = `${string}=${string}`;

/** The program and the clock, in which a test puts its own. */
export type NotifierParts = {
  readonly enabled: boolean;
  /** Runs systemd-notify; `done` hears why it failed, or nothing. */
  readonly send: (assignments: readonly Assignment[], done: (failure?: string) => void) => void;
  readonly later: (ms: number, work: () => void) => void;
  /** systemd could not be told, and it is not tried again. */
  readonly failed: (words: string) => void;
};

const program = "systemd-notify";
const timeoutMs = 5_000;
/** What systemd did not get is sent again after a second, two, four and then every eight: for some two minutes. */
const firstRetryMs = 1_000;
const longestRetryMs = 8_000;
const mostTries = 18;

const systemdParts: NotifierParts = {
  enabled: process.env["NOTIFY_SOCKET"] !== undefined,
  send: (assignments, done) =>
    void execFile(program, [...assignments], { timeout: timeoutMs }, (error, _out, err) =>
      done(error === null ? undefined : `${error.message.trim()} ${err.trim()}`.trim()),
    ),
  later: (ms, work) => void setTimeout(work, ms).unref(),
  failed: (words) => void process.stderr.write(`${words}\n`),
};

const nameOf = (assignment: Assignment): string => assignment.slice(0, assignment.indexOf("="));

export class SystemdNotifier {
  readonly #parts: NotifierParts;
  /** By name, in the order in which the names came: of one name only the newest value counts. */
  readonly #waiting = new Map<string, Assignment>();
  #running = false;
  /** Messages that failed one after the other. */
  #failures = 0;

  constructor(parts: Partial<NotifierParts> = {}) {
    this.#parts = { ...systemdParts, ...parts };
  }

  /**
   * Sends assignments such as READY=1, one message at a time. What comes meanwhile waits, each name with its newest
   * value; nothing that waits is dropped. What systemd did not get is sent again, with the next word or after a pause.
   */
  tell(...assignments: readonly Assignment[]): void {
    if (!this.#parts.enabled) return;
    for (const assignment of assignments) this.#waiting.set(nameOf(assignment), assignment);
    this.#send();
  }

  /**
   * Sends at once and waits for it, for when nothing else runs: `tell` would be heard only when the loop turns again.
   */
  tellNow(assignment: Assignment): void {
    if (this.#parts.enabled) spawnSync(program, [assignment], { timeout: timeoutMs, stdio: "ignore" });
  }

  #send(): void {
    if (this.#running || this.#waiting.size === 0) return;
    const assignments = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#running = true;
    this.#parts.send(assignments, (failure) => {
      this.#running = false;
      this.#failures = failure === undefined ? 0 : this.#failures + 1;
      // A ping is not repeated: it would report progress of earlier, and the next one comes soon.
      const lost = failure === undefined ? [] : assignments.filter((assignment) => nameOf(assignment) !== "WATCHDOG");
      if (failure === undefined || lost.length === 0) return this.#send();
      if (this.#failures < mostTries) return this.#sendAgain(lost);
      this.#parts.failed(
        `systemd was not told ${lost.join(", ")}: ${program} failed ${this.#failures} times (${failure}); ` +
          "check that systemd is installed and that the unit says NotifyAccess=all",
      );
      this.#failures = 0;
      this.#send();
    });
  }

  #sendAgain(lost: readonly Assignment[]): void {
    for (const assignment of lost)
      if (!this.#waiting.has(nameOf(assignment))) this.#waiting.set(nameOf(assignment), assignment);
    const pauseMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1));
    this.#parts.later(pauseMs, () => this.#send());
  }
}

/** The service's line in `systemctl status`: told where it is another one than was told last. */
export class SystemdStatus {
  #told: string | undefined;

  /** `line` is undefined while there is nothing to tell. */
  constructor(
    private readonly send: (word: `STATUS=${string}`) => void,
    private readonly line: () => string | undefined,
  ) {}

  tell(): void {
    const line = this.line();
    if (line === undefined || line === this.#told) return;
    this.#told = line;
    this.send(`STATUS=${line}`);
  }
}
