// Whatever a receiver, or a gateway before it, does to one CDR alone: it is told or parked for a stated reason, and the
// others go on after its bounded tries. What it does to all of them parks nothing.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Outbox } from "../../../../agent/sync/outbox.js";
import { Book, Store } from "../../../support/sync/outbox-bench.js";
import { TokenFile, uplinkTo } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("a receiver's oddities at one CDR");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());

type Kind = {
  readonly name: string;
  readonly answer: (response: ServerResponse) => void;
  /** Why it is parked. */
  readonly parked: RegExp;
};

const ok = (response: ServerResponse): void =>
  void response.end('{"status_code":1000,"timestamp":"2026-03-02T10:00:00Z"}');
const said =
  (status: number, body: string): Kind["answer"] =>
  (response) =>
    void response.writeHead(status).end(body);
const isPoison = /failed on this receipt 5 times or more .*, but answered to receipt \d+/;
const isLost = /lost the line at this receipt 10 times or more .* answered to receipt \d+; it may have arrived/;

const kinds: readonly Kind[] = [
  { name: "the connection is cut", answer: ({ socket }) => void socket?.destroy(), parked: isLost },
  {
    name: "the answer is cut",
    answer: (response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write('{"status_', () => response.socket?.destroy());
    },
    parked: isLost,
  },
  { name: "no answer in time", answer: () => {}, parked: isLost },
  { name: "HTTP 401", answer: said(401, ""), parked: isPoison },
  { name: "HTTP 403 of a gateway", answer: said(403, "<html>request blocked</html>"), parked: isPoison },
  { name: "HTTP 404", answer: said(404, ""), parked: isPoison },
  { name: "HTTP 405", answer: said(405, ""), parked: isPoison },
  { name: "HTTP 410", answer: said(410, ""), parked: isPoison },
  { name: "a page instead of an envelope", answer: said(200, "<html>blocked</html>"), parked: isPoison },
  { name: "nothing", answer: said(200, ""), parked: isPoison },
  { name: "{}", answer: said(200, "{}"), parked: isPoison },
  { name: "a redirect", answer: said(302, ""), parked: isPoison },
  { name: "an unknown hub member", answer: said(200, '{"status_code":4001}'), parked: isPoison },
  { name: "HTTP 500", answer: said(500, ""), parked: isPoison },
  { name: "a server error in an envelope", answer: said(200, '{"status_code":3000}'), parked: isPoison },
  { name: "HTTP 422", answer: said(422, "bad tariff"), parked: /^HTTP 422 "bad tariff"$/ },
];

/** The receiver: CDR 2 is answered by the kind at hand, so often; or all are. */
class Receiver {
  answer: Kind["answer"] = ok;
  isFor: (id: string) => boolean = (id) => id === "cdr-2";
  readonly #server = createServer((request, response) => {
    request.resume().on("end", () => {
      this.asked += 1;
      const id = String(request.headers["idempotency-key"]);
      (this.isFor(id) ? this.answer : ok)(response);
    });
  });
  asked = 0;

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/cdrs`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

type Scene = {
  readonly receiver: Receiver;
  readonly outbox: Outbox;
  readonly book: Book;
  /** Lets time pass, from one thing that is due to the next; says whether it came to hold. */
  drive(holds: () => boolean, turns: number): Promise<boolean>;
};

async function inScene(play: (scene: Scene) => Promise<void>): Promise<void> {
  const receiver = new Receiver();
  const clock = new HandClock();
  const book = new Book(14);
  const uplink = uplinkTo(await receiver.open(), tokenFile.path, { timeout: 5_000 }, clock);
  const outbox = new Outbox({
    uplink,
    items: book,
    store: new Store(),
    clock,
    random: () => 0.5,
    backoff: { first: 100, most: 1_000 },
    onFailure: (error) => {
      throw error;
    },
  });
  const drive = async (holds: () => boolean, turns: number): Promise<boolean> => {
    for (let turn = 0; turn < turns && !holds(); turn += 1) {
      const { asked } = receiver;
      const { sending } = outbox.status();
      // Until it was asked, and has answered or is not going to.
      for (let calm = 0; calm < 20 && outbox.status().sending !== undefined; calm += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        if (receiver.asked !== asked || outbox.status().sending !== sending) calm = 0;
        if (receiver.asked !== asked) break;
      }
      for (let calm = 0; calm < 8; calm += 1) await new Promise((resolve) => setImmediate(resolve));
      if (!holds()) clock.advance(clock.nextMs ?? 0);
    }
    return holds();
  };
  try {
    await play({ receiver, outbox, book, drive });
  } finally {
    await outbox.stop();
    await receiver.close();
  }
}

for (const { name, answer, parked } of kinds) {
  test(`${name}, for ever, at one CDR: it is parked for a stated reason, and the others are told`, () =>
    inScene(async ({ receiver, outbox, drive }) => {
      receiver.answer = answer;
      outbox.kick();
      assert.ok(await drive(() => outbox.status().waiting === 0, 400), JSON.stringify(outbox.status()));
      assert.equal(
        outbox.status().parked.map(({ number }) => number),
        [2],
      );
      assert.match(outbox.status().parked[0]?.reason ?? "", parked);
    }));

  if (name !== "HTTP 422")
    test(`${name}, at every CDR, and then well: nothing is parked, and all are told`, () =>
      inScene(async ({ receiver, outbox, drive }) => {
        receiver.answer = answer;
        receiver.isFor = () => true;
        outbox.kick();
        await drive(() => false, 60);
        assert.equal(outbox.status().parked, []);
        receiver.answer = ok;
        assert.ok(await drive(() => outbox.status().waiting === 0, 200), JSON.stringify(outbox.status()));
        assert.equal(outbox.status().parked, []);
      }));
}

test.run();
