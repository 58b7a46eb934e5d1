// Tells systemd how we are (sd_notify(3)), by its own small program: Node has no datagram sockets of AF_UNIX.
// Without NOTIFY_SOCKET nothing happens. A ping is sent only for real progress, which the caller proves.
import { execFile, spawnSync } from "node:child_process";

export class SystemdNotifier {
  #running = false;
  #next: readonly string[] | undefined;

  constructor(readonly enabled = process.env["NOTIFY_SOCKET"] !== undefined) {}

  /** Sends assignments such as READY=1; one at a time, the newest waits, older ones that waited are dropped. */
  tell(...assignments: readonly string[]): void {
    if (!this.enabled) return;
    if (this.#running) {
      this.#next = assignments;
      return;
    }
    this.#running = true;
    execFile("systemd-notify", [...assignments], { timeout: 5_000 }, () => {
      this.#running = false;
      const next = this.#next;
      this.#next = undefined;
      if (next !== undefined) this.tell(...next);
    });
  }

  /**
   * Sends at once and waits for it, for when nothing else runs: `tell` would be heard only when the loop turns again.
   */
  tellNow(assignment: string): void {
    if (this.enabled) spawnSync("systemd-notify", [assignment], { timeout: 5_000, stdio: "ignore" });
  }
}
