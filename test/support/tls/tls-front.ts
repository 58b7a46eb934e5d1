// TLS in front of a CSMS that speaks in the open: who comes is asked for a certificate, and what is inside is passed on.
import { connect } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";

/** `ca` = by whom clients are known. All are PEM. */
export type FrontCertificate = { readonly key: string; readonly cert: string; readonly ca?: string };

const open = new Set<TlsFront>();

/** Closes what a test has left open. */
export async function closeFronts(): Promise<void> {
  for (const front of open) await front.close();
}

export class TlsFront {
  /** Common names of the certificates that were shown and trusted, "" = none was. */
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();

  private constructor(target: string, certificate: FrontCertificate) {
    const { port } = new URL(target);
    this.#server = createServer({ ...certificate, requestCert: true, rejectUnauthorized: false });
    this.#server.on("secureConnection", (socket) => {
      socket.on("error", () => undefined);
      if (!this.isWelcome(socket)) return void socket.destroy();
      const { subject } = socket.getPeerCertificate();
      this.seen.push(subject === undefined ? "" : String(subject.CN));
      this.#sockets.add(socket);
      const inner = connect(Number(port), "127.0.0.1");
      inner.on("error", () => undefined);
      inner.on("close", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        inner.destroy();
      });
      socket.pipe(inner).pipe(socket);
    });
  }

  /** Whom it lets in. */
  isWelcome: (socket: TLSSocket) => boolean = () => true;

  static async open(target: string, certificate: FrontCertificate): Promise<TlsFront> {
    const front = new TlsFront(target, certificate);
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    open.add(front);
    return front;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not open");
    return `wss://127.0.0.1:${address.port}/csms`;
  }

  /** From now on it shows this certificate, and knows clients by this authority. */
  show(certificate: FrontCertificate): void {
    this.#server.setSecureContext(certificate);
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
