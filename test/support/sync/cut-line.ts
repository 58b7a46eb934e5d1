// A line between an uplink and its backend that is cut after so many bytes, this way or that: every step of an exchange
// can be its last.

import type { AddressInfo } from "node:net";
import net from "node:net";

/** `up` = bytes of the request that still pass, `down` = bytes of the answer. */
export type Cut = { readonly up: number } | { readonly down: number } | "refused";

export class CutLine {
  /** What went over the line in the exchange that began last, forwarded or not. */
  up = 0;
  down = 0;
  #cut: Cut | undefined;
  #port = 0;
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>();
  readonly #server: net.Server;

  private constructor(readonly target: URL) {
    this.#server = net.createServer((near) => this.#join(near));
  }

  static async open(target: string): Promise<CutLine> {
    const line = new CutLine(new URL(target));
    await line.#listen();
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.target.pathname}`;
  }

  /** How the exchanges from now on end; undefined = well. Counting begins anew. */
  async cutAt(cut: Cut | undefined): Promise<void> {
    this.#cut = cut;
    this.up = this.down = 0;
    if (cut === "refused") await this.#stopListening();
    else if (!this.#server.listening) await this.#listen();
  }

  async close(): Promise<void> {
    await this.#stopListening();
  }

  #listen(): Promise<void> {
    return new Promise((resolve) =>
      this.#server.listen(this.#port, "127.0.0.1", () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      }),
    );
  }

  async #stopListening(): Promise<void> {
    const closed = this.#server.listening
      ? new Promise<void>((resolve) => this.#server.close(() => resolve()))
      : undefined;
    for (const pair of this.#pairs) this.#break(pair);
    await closed;
  }

  #join(near: net.Socket): void {
    const far = net.connect(Number(this.target.port), this.target.hostname);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on("error", () => this.#break(pair));
      socket.on("close", () => this.#break(pair));
    }
    // Each connection counts for itself: a request that is sent again on another one is cut at the same place.
    let [up, down] = [0, 0];
    let of = this.#cut;
    const passed = (chunk: Buffer, way: "up" | "down"): Buffer => {
      if (of !== this.#cut) [of, up, down] = [this.#cut, 0, 0];
      const before = way === "up" ? up : down;
      if (way === "up") up += chunk.length;
      else down += chunk.length;
      [this.up, this.down] = [up, down];
      const limit =
        of === undefined || of === "refused"
          ? undefined
          : way === "up"
            ? "up" in of
              ? of.up
              : undefined
            : "down" in of
              ? of.down
              : undefined;
      return limit === undefined ? chunk : chunk.subarray(0, Math.max(0, limit - before));
    };
    const forward = (from: net.Socket, to: net.Socket, way: "up" | "down"): void => {
      from.on("data", (chunk: Buffer) => {
        const part = passed(chunk, way);
        if (part.length === chunk.length) return void to.write(part);
        // What still passes arrives before the end does.
        if (part.length === 0) this.#break(pair);
        else to.write(part, () => this.#break(pair));
      });
    };
    forward(near, far, "up");
    forward(far, near, "down");
  }

  #break(pair: readonly [net.Socket, net.Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }
}
