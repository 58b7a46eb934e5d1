// TLS of OpenSSL's own server in front of a CSMS that speaks in the open: a client certificate that is not of its
// authority is refused within the handshake, by an alert. Node's server hangs up there without a word.
import { type ChildProcess, spawn } from "node:child_process";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

/** Turns of the event loop until OpenSSL listens. */
const mostTurns = 200_000;

const open = new Set<AlertingFront>();

/** Closes what a test has left open. */
export async function closeAlertingFronts(): Promise<void> {
  for (const front of open) await front.close();
}

export class AlertingFront {
  /** Handshakes that were begun. */
  begun = 0;
  /** Those that came through, and a request after them. */
  through = 0;
  readonly #servers = new Set<ChildProcess>();
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: string,
    /** Where the certificate `server` and the authority `ours` are. */
    private readonly folder: string,
    private readonly version: string,
  ) {
    server.on("connection", (socket) => void this.#serve(socket));
  }

  /** `version` as in `openssl s_server`: -tls1_2 or -tls1_3. */
  static async open(target: string, folder: string, version: string): Promise<AlertingFront> {
    const front = new AlertingFront(createServer(), target, folder, version);
    await new Promise<void>((resolve) => front.server.listen(0, "127.0.0.1", resolve));
    open.add(front);
    return front;
  }

  get url(): string {
    return `wss://127.0.0.1:${(this.server.address() as AddressInfo).port}/csms`;
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.kill();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A server of its own for each connection, so that nothing of one is left over for the next. */
  async #serve(client: Socket): Promise<void> {
    this.#keep(client);
    this.begun += 1;
    // OpenSSL takes no name of 32 characters or more.
    const name = `front-${(this.server.address() as AddressInfo).port}-${this.begun}`;
    const { folder: cwd, version } = this;
    const asks = ["-Verify", "1", "-verify_return_error", "-CAfile", "ours.pem"];
    const shows = ["-key", "server.key", "-cert", "server.pem"];
    const server = spawn(
      "openssl",
      ["s_server", "-unix", name, "-naccept", "1", "-quiet", version, ...asks, ...shows],
      {
        cwd,
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    this.#servers.add(server);
    server.on("exit", () => this.#servers.delete(server));
    server.stdin.on("error", () => undefined);
    client.on("close", () => server.kill());
    server.stdout.once("data", (first: Buffer) => {
      this.through += 1;
      const inner = this.#keep(connect(Number(new URL(this.target).port), "127.0.0.1"));
      inner.on("close", () => server.kill());
      inner.write(first);
      server.stdout.pipe(inner).pipe(server.stdin);
    });
    const outer = await connected(join(this.folder, name), server);
    if (outer === undefined) return void client.destroy();
    this.#keep(outer);
    client.pipe(outer).pipe(client);
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** Undefined = nobody listens there. */
async function connected(path: string, server: ChildProcess): Promise<Socket | undefined> {
  for (let turns = 0; turns < mostTurns && server.exitCode === null; turns += 1) {
    const socket = connect(path);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return socket;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return undefined;
}
