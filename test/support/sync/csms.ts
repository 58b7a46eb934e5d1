// A strict CSMS on this machine (every message is held against the official schemas), behind a line that can be cut at
// any step.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";
import net from "node:net";
import { createRPCError, createValidator, RPCServer } from "ocpp-rpc";

/** Where the line is cut, or what the CSMS does instead of answering. */
export type Mood =
  | { readonly at: "connect"; readonly how: "refused" | "cut-upgrade" | "login-page" | 401 | 404 | 503 }
  | {
      readonly at: Step;
      readonly how:
        | "lost-request"
        | "lost-answer"
        | "half-answer"
        | "silent"
        | "InternalError"
        | "FormatViolation"
        | "NotImplemented";
    };

export type Step = "BootNotification" | "Started" | "Updated" | "Ended" | "Payment";

export type Got = {
  readonly protocol: string;
  readonly action: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly text: string;
};

type Client = {
  readonly protocol?: string;
  handle(handler: (call: { method: string; params: Record<string, unknown> }) => unknown): void;
  on(event: string, listener: (what: { error?: unknown }) => void): void;
  call(method: string, params: object): Promise<unknown>;
};

/**
 * The package names the schemas of 2.1 as its standard does (BootNotificationRequest), but looks for them by the names
 * of 2.0.1 (…req, …conf).
 */
function validatorOf21(): ReturnType<typeof createValidator> {
  const path = createRequire(import.meta.url).resolve("ocpp-rpc/lib/schemas/ocpp2_1.json");
  const schemas = JSON.parse(readFileSync(path, "utf8")) as { readonly $id: string }[];
  // Its enumerations carry a keyword that only objects may have, of which ajv would complain aloud.
  const enumeration = /"additionalProperties":false,"enum"/g;
  return createValidator(
    "ocpp2.1",
    schemas.map(
      (schema) =>
        JSON.parse(
          JSON.stringify({
            ...schema,
            $id: schema.$id.replace(/Request$/, ".req").replace(/Response$/, ".conf"),
          }).replace(enumeration, '"enum"'),
        ) as object,
    ),
  );
}
const validators = [validatorOf21()];

const open = new Set<Csms>();

/** Closes what a test has left open. */
export async function closeAll(): Promise<void> {
  for (const csms of open) await csms.close();
}

const never = new Promise<never>(() => {});

export class Csms {
  /** Every message that the CSMS took in, in order, copies included. */
  readonly got: Got[] = [];
  /** What broke a schema or the frame, from either side. */
  readonly violations: string[] = [];
  mood: Mood | undefined;
  /** Answers by action; what is not here is answered well. */
  answers: Record<string, (payload: Readonly<Record<string, unknown>>) => unknown> = {};
  connections = 0;
  /** Whom it lets in by the password of basic auth. */
  isWelcome: (password: string | undefined) => boolean = () => true;
  /** The passwords that were shown, in order, those that were refused too. */
  readonly passwords: (string | undefined)[] = [];
  client: Client | undefined;
  #nextTransaction = 100;
  #port = 0;
  #half = false;
  #cutUpgrade = false;
  #backPort = 0;
  readonly #sockets = new Set<Socket>();
  readonly #waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];
  readonly #line: net.Server;

  private constructor(
    private readonly server: RPCServer,
    private readonly back: { close(): void; closeAllConnections(): void },
  ) {
    this.#line = net.createServer((socket) => this.#connected(socket));
  }

  static async open(protocols: readonly string[]): Promise<Csms> {
    const server = new RPCServer({
      protocols: [...protocols],
      strictMode: true,
      strictModeValidators: validators,
      pingIntervalMs: 0,
    });
    const back = await server.listen(0, "127.0.0.1");
    const csms = new Csms(server, back);
    csms.#backPort = (back.address() as AddressInfo).port;
    server.auth((accept, reject, { password }) => {
      const { mood } = csms;
      csms.passwords.push(password?.toString());
      if (!csms.isWelcome(password?.toString())) return reject(401, "wrong password");
      if (mood?.at === "connect" && typeof mood.how === "number") reject(mood.how, "no");
      else accept({});
    });
    server.on("client", (client: Client) => csms.#serve(client));
    await new Promise<void>((resolve) => csms.#line.listen(0, "127.0.0.1", resolve));
    open.add(csms);
    csms.#port = (csms.#line.address() as AddressInfo).port;
    return csms;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/csms`;
  }

  /** Cuts every connection that stands. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  of(action: string): Got[] {
    return this.got.filter((one) => one.action === action);
  }

  /** Resolves when `holds`, looked at after each message. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ holds, resolve }));
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    this.cut();
    await new Promise((resolve) => this.#line.close(resolve));
    this.back.closeAllConnections();
    await this.server.close({ force: true });
  }

  #connected(socket: Socket): void {
    const { mood } = this;
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    if (mood?.at === "connect" && mood.how === "refused") return void socket.destroy();
    if (mood?.at === "connect" && mood.how === "login-page")
      return void socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
    this.#cutUpgrade = mood?.at === "connect" && mood.how === "cut-upgrade";
    const inner = net.connect(this.#backPort, "127.0.0.1");
    this.#sockets.add(inner);
    inner.on("error", () => {});
    socket.pipe(inner);
    inner.on("data", (chunk: Buffer) => {
      if (this.#cutUpgrade || this.#half) {
        this.#half = false;
        socket.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => this.cut());
      } else socket.write(chunk);
    });
    inner.on("close", () => {
      this.#sockets.delete(inner);
      socket.destroy();
    });
    socket.on("close", () => inner.destroy());
  }

  #serve(client: Client): void {
    this.connections += 1;
    this.client = client;
    client.on("strictValidationFailure", ({ error }) => this.violations.push(String(error)));
    client.on("badMessage", ({ error }) => this.violations.push(`bad message: ${String(error)}`));
    client.handle(({ method, params }) => this.#answer(client.protocol ?? "", method, params));
  }

  #answer(protocol: string, action: string, payload: Record<string, unknown>): unknown {
    const { mood } = this;
    const step = stepOf(action, payload);
    const hit = mood !== undefined && mood.at !== "connect" && mood.at === step ? mood : undefined;
    if (hit?.how === "lost-request") {
      this.cut();
      return never;
    }
    if (hit?.how === "InternalError" || hit?.how === "FormatViolation" || hit?.how === "NotImplemented") {
      const how = protocol === "ocpp1.6" && hit.how === "FormatViolation" ? "FormationViolation" : hit.how;
      throw createRPCError(how, "by mood");
    }
    this.got.push({ protocol, action, payload, text: JSON.stringify(payload) });
    setImmediate(() => this.#look());
    if (hit?.how === "lost-answer") {
      this.cut();
      return never;
    }
    if (hit?.how === "silent") return never;
    if (hit?.how === "half-answer") this.#half = true;
    return this.answers[action]?.(payload) ?? this.#well(protocol, action);
  }

  #look(): void {
    for (const waiter of [...this.#waiters]) {
      if (!waiter.holds()) continue;
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve();
    }
  }

  #well(protocol: string, action: string): unknown {
    const currentTime = new Date(Date.UTC(2026, 2, 2, 10)).toISOString();
    switch (action) {
      case "BootNotification":
        return { currentTime, interval: 300, status: "Accepted" };
      case "Heartbeat":
        return { currentTime };
      case "Authorize":
        return protocol === "ocpp1.6" ? { idTagInfo: { status: "Accepted" } } : { idTokenInfo: { status: "Accepted" } };
      case "StartTransaction":
        return { transactionId: (this.#nextTransaction += 1), idTagInfo: { status: "Accepted" } };
      default:
        return {};
    }
  }
}

export function stepOf(action: string, payload: Readonly<Record<string, unknown>>): Step | undefined {
  if (action === "BootNotification") return action;
  if (action === "NotifySettlement") return "Payment";
  if (action === "TransactionEvent") return payload["eventType"] as Step;
  return action === "StartTransaction"
    ? "Started"
    : action === "StopTransaction"
      ? "Ended"
      : action === "MeterValues"
        ? "Updated"
        : undefined;
}
