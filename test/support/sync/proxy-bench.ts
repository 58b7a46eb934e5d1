// A small HTTP proxy on this machine that knows CONNECT alone, and says no in the ways in which proxies do.
import net, { type AddressInfo } from "node:net";

export type ProxyMood = "well" | "garbage" | "cut" | number;

export class LoopbackProxy {
  /** The places that were asked for, in order. */
  readonly asked: string[] = [];
  mood: ProxyMood = "well";
  credentials: string | undefined;
  readonly #sockets = new Set<net.Socket>();
  readonly #server = net.createServer((socket) => this.#serve(socket));

  static async open(): Promise<LoopbackProxy> {
    const proxy = new LoopbackProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: net.Socket): net.Socket {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    return socket;
  }

  #serve(socket: net.Socket): void {
    this.#keep(socket).once("data", (bytes) => {
      const head = bytes.toString("latin1");
      const [, host = "", port = ""] = /^CONNECT ([^ ]+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
      this.asked.push(`${host}:${port}`);
      const wanted =
        this.credentials === undefined ||
        head.includes(`Proxy-Authorization: Basic ${Buffer.from(this.credentials).toString("base64")}\r\n`);
      if (this.mood === "garbage") return void socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n");
      if (this.mood === "cut") return void socket.destroy();
      if (typeof this.mood === "number" || !wanted)
        return void socket.end(`HTTP/1.1 ${wanted ? this.mood : 407} No\r\nContent-Length: 0\r\n\r\n`);
      const beyond = this.#keep(net.connect(Number(port), host));
      beyond.once("connect", () => {
        socket.write("HTTP/1.1 200 Connection established\r\nVia: loopback\r\n\r\n");
        socket.pipe(beyond).pipe(socket);
      });
      beyond.once("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    });
  }
}
