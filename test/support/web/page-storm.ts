// Clients that mean the page harm, or only come all at once: from many addresses and from one, that ask, fuzz, guess,
// send slowly, and never read. What they are told is searched for what they may not know.
import http from "node:http";
import net from "node:net";
import { random } from "../random.js";

export type StormTarget = { readonly port: number; readonly host: string };

export type Storm = {
  readonly clients: number;
  /** All from one loopback address, or each from its own. */
  readonly from: "one" | "many";
  readonly seed: number;
  /** Texts that no answer may hold. */
  readonly secrets: readonly string[];
  /** How long those stay that send slowly or never read. */
  readonly lastsMs: number;
};

export type StormResult = {
  /** Answers by their status; 0 = cut off. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly leaks: readonly string[];
};

/** An address of this machine's own for each client; Linux answers to all of 127.0.0.0/8. */
const addressOf = (client: number): string =>
  `127.${1 + Math.floor(client / 62_500)}.${Math.floor(client / 250) % 250}.${1 + (client % 250)}`;

const paths = ["/", "/c/1", "/c/2", "/receipt", "/locations.json", "/tariffs.json", "/checkpoint", "/verify"];

type Try = (at: StormTarget, localAddress: string, draw: () => number) => Promise<{ status: number; text: string }>;

/** One request by Node's client; a cut is status 0. */
const asked =
  (make: (at: StormTarget, draw: () => number) => http.RequestOptions & { readonly body?: string }): Try =>
  (at, localAddress, draw) =>
    new Promise((resolve) => {
      const { body, ...options } = make(at, draw);
      const request = http.request({ host: "127.0.0.1", port: at.port, agent: false, localAddress, ...options });
      request.on("error", () => resolve({ status: 0, text: "" }));
      request.on("response", (response) => {
        let text = "";
        response.setEncoding("latin1");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("close", () =>
          resolve({ status: response.statusCode ?? 0, text: JSON.stringify(response.headers) + text }),
        );
      });
      request.end(body);
    });

const printable = (draw: () => number, length: number): string =>
  Array.from({ length }, () => String.fromCharCode(33 + Math.floor(draw() * 93))).join("");
const picked = <T>(list: readonly T[], draw: () => number): T => list[Math.floor(draw() * list.length)] as T;
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const reads = asked(({ host }, draw) => ({ path: picked(paths, draw), headers: { host } }));
const fuzzes = asked(({ host }, draw) => ({
  path: `/${encodeURI(printable(draw, 1 + Math.floor(draw() * 200)))}`,
  method: picked(["GET", "HEAD", "POST", "PUT", "TRACE", "OPTIONS"], draw),
  headers: { host, "x-odd": printable(draw, 50), cookie: printable(draw, 200), range: "bytes=0-1,-5" },
}));
const rebinds = asked((_, draw) => ({ path: picked(paths, draw), headers: { host: `${printable(draw, 3)}.example` } }));
const posts = asked(({ host }, draw) => ({
  path: "/c/1",
  method: "POST",
  headers: {
    host,
    origin: picked(["http://evil.example", "null", "https://station.test.evil.example"], draw),
    "content-type": "application/x-www-form-urlencoded",
  },
  body: "four=6E80",
}));
const guessesLink = asked(({ host }, draw) => ({
  path: `/r/${Array.from({ length: 22 }, () => picked([...base64url], draw)).join("")}${picked(["", ".json", ".pdf"], draw)}`,
  headers: { host },
}));
const guessesCard = asked(({ host }, draw) => ({
  path: "/c/1",
  method: "POST",
  headers: { host, origin: `http://${host}`, "content-type": "application/x-www-form-urlencoded" },
  body: `four=${Math.floor(draw() * 0x5fff)
    .toString(16)
    .padStart(4, "0")}`,
}));

/** Raw bytes on a socket that is then left alone: half a head, a head without its end, garbage, or nothing is read. */
const stalls =
  (lastsMs: number): Try =>
  (at, localAddress, draw) =>
    new Promise((resolve) => {
      const socket = net.connect({ host: "127.0.0.1", port: at.port, localAddress });
      let text = "";
      const begun = [
        `GET / HTTP/1.1\r\nHost: ${at.host}\r\nX-A: `,
        `GET ${"/a".repeat(6_000)} HTTP/1.1\r\n`,
        `POST /c/1 HTTP/1.1\r\nHost: ${at.host}\r\nContent-Length: 1000\r\n\r\nfour=`,
        `GET / HTTP/1.1\r\nHost: ${at.host}\r\nHost: evil.example\r\n\r\n`,
        `GET / HTTP/1.1\r\nHost:\r\n\r\n`,
        `GET / HTTP/1.0\r\n\r\n`,
        `\x16\x03\x01\x02\x00${printable(draw, 100)}`,
      ];
      const isUnread = draw() < 0.3;
      socket.setEncoding("latin1");
      if (isUnread) socket.pause();
      else socket.on("data", (chunk: string) => (text += chunk));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text }));
      const asks = `GET /locations.json HTTP/1.1\r\nHost: ${at.host}\r\n\r\n`;
      socket.write(isUnread ? asks.repeat(50) : picked(begun, draw));
      const drip = setInterval(() => socket.writable && socket.write("x"), 1_000);
      setTimeout(() => {
        clearInterval(drip);
        socket.destroy();
      }, lastsMs);
    });

/** Lets the storm rage; answers what came of it. */
export async function pageStorm(
  at: StormTarget,
  { clients, from, seed, secrets, lastsMs }: Storm,
): Promise<StormResult> {
  const draw = random(seed);
  const kinds: readonly Try[] = [reads, reads, fuzzes, rebinds, posts, guessesLink, guessesCard, stalls(lastsMs)];
  const statuses = new Map<number, number>();
  const leaks: string[] = [];
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const kind = kinds[client % kinds.length] ?? reads;
      const { status, text } = await kind(at, from === "one" ? "127.0.0.9" : addressOf(client), draw);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      for (const secret of secrets) if (text.includes(secret)) leaks.push(`client ${client}: ${secret}`);
    }),
  );
  return { statuses, leaks };
}
