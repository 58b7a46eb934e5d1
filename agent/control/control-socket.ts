// The unix socket through which commands reach the running agent: one JSON line asks, one JSON line answers.
// Guarded by its file's owner and mode; bounded in length and time, so that no client can hold the agent up.

import { chmodSync, unlinkSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import type { LoadedConfig } from "../../config/load.js";
import { Failure } from "../core/failure.js";
import { deepestJson, parseBoundedJson } from "../core/json/bounded-json.js";
import { sha256Hex } from "../ledger/store/digest.js";
import { errorCode } from "../ledger/store/disk.js";

const longestLine = 1024 * 1024;
/** Ten thousand cards have some eighty thousand. */
const mostValues = 200_000;
const askTimeoutMs = 15_000;
const mostClients = 16;

/** `do` names the command; the rest are its arguments. */
export type ControlRequest = { readonly do: string; readonly [argument: string]: unknown };
export type ControlAnswer =
  | { readonly ok: true; readonly value: unknown }
  /** `fault`: the code of the device trouble that it is. */
  | { readonly ok: false; readonly why: string; readonly fault?: string };

/** The refusal as a Failure agent/refused; `faultOf` tells the device's code again. */
export const refusedBy = ({ why, fault }: Extract<ControlAnswer, { readonly ok: false }>): Failure =>
  new Failure("agent/refused", why, fault === undefined ? {} : { cause: { fault } });

/** The code of the device trouble for which a request was refused. */
export function faultOf({ cause }: Failure): string | undefined {
  return typeof cause === "object" && cause !== null && "fault" in cause ? String(cause.fault) : undefined;
}

/** Where the control socket lies in a state folder, unless the config names another place. */
export const socketIn = (folder: string): string => join(folder, "control.sock");

/** Where the control socket of a config's agent lies. */
export function socketPath(loaded: LoadedConfig): string {
  return loaded.config.socket ?? socketIn(loaded.config.state);
}

/**
 * Where the agent of that socket is reached while its state folder takes none: a disk that turned read-only is the very
 * thing that one asks about. It lies in the folder that systemd makes for the service, on no disk.
 */
export function spareSocketPath(path: string): string {
  return join(process.env["RUNTIME_DIRECTORY"] ?? "/run/chargetill", `${sha256Hex(path).slice(0, 16)}.sock`);
}

export class ControlSocket {
  private constructor(
    readonly path: string,
    private readonly server: net.Server,
    private readonly clients: ReadonlySet<net.Socket>,
  ) {}

  /**
   * Listens at `path` (mode 0660). The state folder's lock is held, so a socket that lies there is a dead one and is
   * removed. A request whose answer throws is refused with its words, and `failed` hears what was thrown.
   */
  static async open(
    path: string,
    answer: (request: ControlRequest) => Promise<ControlAnswer>,
    failed: (error: unknown) => void,
  ): Promise<ControlSocket> {
    try {
      unlinkSync(path);
    } catch (cause) {
      if (errorCode(cause) !== "ENOENT")
        throw new Failure("disk/failed", `${path}: the old socket cannot be removed`, { cause });
    }
    const clients = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      clients.add(socket);
      socket.on("close", () => clients.delete(socket));
      serve(socket, answer, failed);
    });
    server.maxConnections = mostClients;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) =>
        reject(
          new Failure("disk/failed", `${path}: the control socket cannot be opened (${cause.message})`, { cause }),
        ),
      );
      server.listen(path, resolve);
    });
    chmodSync(path, 0o660);
    return new ControlSocket(path, server, clients);
  }

  /** Listens no more; clients that still wait are not waited for. The socket's file goes with it. */
  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function serve(
  socket: net.Socket,
  answer: (request: ControlRequest) => Promise<ControlAnswer>,
  failed: (error: unknown) => void,
): void {
  let text = "";
  socket.setEncoding("utf8");
  socket.setTimeout(askTimeoutMs, () => socket.destroy());
  // Who sends a byte now and then is never idle, and would keep one of the few places for ever.
  const tooSlow = setTimeout(() => socket.destroy(), askTimeoutMs);
  socket.on("close", () => clearTimeout(tooSlow));
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: string) => {
    text += chunk;
    const end = text.indexOf("\n");
    if (end < 0 && text.length <= longestLine) return;
    clearTimeout(tooSlow);
    // One line is all that is heard: what follows is dropped and fills no memory.
    socket.removeAllListeners("data");
    socket.resume();
    const reply = (value: ControlAnswer): void => void socket.end(`${JSON.stringify(value)}\n`);
    const read = parseBoundedJson(text.slice(0, end), { values: mostValues, depth: deepestJson });
    if (!read.ok) return reply({ ok: false, why: `expected one line of JSON: ${read.why}` });
    const request = read.value;
    if (typeof request !== "object" || request === null || typeof (request as ControlRequest).do !== "string")
      return reply({ ok: false, why: 'expected {"do": "…"}' });
    answer(request as ControlRequest).then(reply, (error: unknown) => {
      reply({ ok: false, why: error instanceof Error ? error.message : String(error) });
      failed(error);
    });
  });
}

/**
 * Asks the running agent. Throws Failure agent/unreachable when none answers at `path` or beside it, agent/refused when
 * it says no.
 */
export async function askAgent(path: string, request: ControlRequest): Promise<unknown> {
  try {
    return await askAt(path, request);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    // What is said where nobody answers names the socket that one knows.
    return await askAt(spareSocketPath(path), request).catch((spare: unknown) =>
      Promise.reject(isAbsent(spare) ? error : spare),
    );
  }
}

/** Whether nobody listens there. */
export function isAbsent(error: unknown): boolean {
  const code = error instanceof Failure ? errorCode(error.cause) : undefined;
  return code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTDIR";
}

function askAt(path: string, request: ControlRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(askTimeoutMs, () => socket.destroy(new Error("no answer in time")));
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > longestLine) socket.destroy(new Error("the answer is too long"));
    });
    socket.on("error", (cause) => reject(unreachable(path, cause)));
    socket.on("close", () => {
      if (!text.includes("\n")) return reject(unreachable(path));
      const answer = JSON.parse(text) as ControlAnswer;
      if (answer.ok) resolve(answer.value);
      else reject(refusedBy(answer));
    });
  });
}

function unreachable(path: string, cause?: Error): Failure {
  const code = errorCode(cause);
  const why =
    code === "ENOENT" || code === "ECONNREFUSED"
      ? "no agent runs there; the service is started by: systemctl start chargetill"
      : code === "EACCES"
        ? "this user may not speak to it: use sudo, or join the group chargetill"
        : (cause?.message ?? "it ended without an answer");
  return new Failure("agent/unreachable", `${path}: ${why}`, { cause });
}
