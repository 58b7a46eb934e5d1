// The driver's page of the demo: the real process, on loopback, beside the station of the demo.
import { type ChildProcess, spawn } from "node:child_process";
import net from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../../../config/schema.js";
import { dayMs } from "../../core/time/time.js";

const host = "127.0.0.1";
const program = fileURLToPath(new URL("../../cli.js", import.meta.url));

export type DemoPage = {
  readonly config: NonNullable<Config["page"]>;
  /** Where a browser on this machine finds it. */
  readonly address: string;
  readonly display: string;
  /** Starts the page's process, once the station's socket is about to be there. */
  start(): void;
  close(): void;
};

/** A page at ports that are free now; its socket lies in the demo's folder. */
export async function demoPage(folder: string): Promise<DemoPage> {
  const [port, display] = await freePorts();
  const address = `http://${host}:${port}`;
  const socket = join(folder, "page.sock");
  let child: ChildProcess | undefined;
  return {
    // On a machine's own loopback no phone could open a code: reach says so, and none is shown.
    config: {
      listen: { host, port },
      reach: "lan",
      address,
      trustedProxies: [],
      display,
      socket,
      links: 30 * dayMs,
      stop: true,
    },
    address: `${address}/`,
    display: `http://${host}:${display}/display`,
    start: () => {
      child = spawn(process.execPath, [program, "page", "--socket", socket], { stdio: "ignore" });
      // Without it the demo goes on.
      child.on("error", () => undefined);
    },
    close: () => void child?.kill("SIGTERM"),
  };
}

/** Two ports that nobody listens at. */
async function freePorts(): Promise<[number, number]> {
  const servers = [net.createServer(), net.createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, host, () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}
