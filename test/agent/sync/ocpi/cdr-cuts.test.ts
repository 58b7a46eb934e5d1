// Fifty sessions as real CDRs with signed readings, over a line that is cut within every part of request and answer of
// each of them, and an agent that dies at every write. What a backend that keeps everything holds afterwards is compared
// with what was sold, worked out on paper.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { copyFor, makeCopies } from "../../../../agent/core/cdr/cdr-copies.js";
import { advance, beginRating } from "../../../../agent/core/rating/rating.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt, openChain } from "../../../../agent/core/receipt/receipt.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { Outbox } from "../../../../agent/sync/outbox.js";
import type { OutboxItem, OutboxItems } from "../../../../agent/sync/outbox-state.js";
import { Backend } from "../../../../drivers/bench/backend.js";
import {
  chainOf,
  occasion,
  reading,
  settlement,
  signer,
  startMs,
  tariff,
  timeZone,
} from "../../../support/sample-receipt.js";
import { type Cut, CutLine } from "../../../support/sync/cut-line.js";
import { Store } from "../../../support/sync/outbox-bench.js";
import { TokenFile, token, uplinkTo } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("CDRs over a line that is cut");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());

const hourMs = 3_600_000;
const parsed = parseTariff(tariff);
if (!parsed.ok) throw new Error("the tariff of the tests cannot be read");
const sold = parsed.tariff;

/**
 * Receipt 1 opens the chain; receipt n sells n kWh in an hour, at 0.50 a kWh and 1.00 to start, both before 19 % tax.
 */
class Sales implements OutboxItems {
  readonly issued: Issued[] = [openChain(occasion, signer, sha256)];
  readonly #items: OutboxItem[] = [];

  sell(): number {
    const number = this.issued.length + 1;
    const [from, to] = [1_000_000_000, 1_000_000_000 + number * 1_000_000];
    const first = { atMs: startMs, energyMilliWh: from, powerW: number * 1_000, activity: "charging" } as const;
    const rated = advance(beginRating(sold, { timeZone, clockTrusted: true }, first), {
      ...first,
      atMs: startMs + hourMs,
      energyMilliWh: to,
    });
    const sale = settlement(number, {
      begin: reading(startMs, from),
      boundaryReadings: [],
      end: reading(startMs + hourMs, to),
      endMs: startMs + hourMs,
      price: bill(rated),
      periods: periods(rated),
      samples: [first, { ...first, atMs: startMs + hourMs, energyMilliWh: to }],
    });
    const issued = issueReceipt(sale, chainOf(this.issued), signer, sha256);
    this.issued.push(issued);
    const copy = copyFor(makeCopies(sale, { ocmf: issued.ocmf, publicKeySpkiHex: signer.spkiHex }, ["2.2.1"]), {
      version: "2.2.1",
      acceptUnknownTime: false,
    });
    if (copy === null) throw new Error("no copy");
    this.#items.push({ number, id: sale.cdrId, ...copy });
    return number;
  }
  last(): number {
    return this.issued.length;
  }
  get(number: number): OutboxItem | null {
    return this.#items[number - 2] ?? null;
  }
}

type OpenUplink = { readonly outbox: Outbox; readonly failures: unknown[] };

function openUplink(url: string, book: Sales, store: Store, clock = new HandClock()): OpenUplink {
  const failures: unknown[] = [];
  const uplink = uplinkTo(url, tokenFile.path, { timeout: 60_000 });
  return {
    outbox: new Outbox({
      uplink,
      items: book,
      store,
      clock,
      random: () => 0.5,
      backoff: { first: 100, most: 1_000 },
      onFailure: (error) => failures.push(error),
    }),
    failures,
  };
}

type Cdr = {
  readonly end_date_time: string;
  readonly total_energy: number;
  readonly total_cost: unknown;
  readonly charging_periods: readonly {
    readonly dimensions: readonly { readonly type: string; readonly volume: number }[];
  }[];
  readonly signed_data: { readonly signed_values: readonly { readonly signed_data: string }[] };
};

/** What a backend that dedupes by id must hold of every sale, and what it may have seen on the way. */
function proven(backend: Backend, book: Sales, acknowledgedAt: ReadonlyMap<string, number>): void {
  assert.is(backend.cdrs.size, book.last() - 1);
  for (let number = 2; number <= book.last(); number += 1) {
    const { id, body } = book.get(number) ?? { id: "", body: "" };
    assert.is(backend.cdrs.get(id), body);
    const copies = backend.posts.map((post, index) => ({ ...post, index })).filter((post) => post.id === id);
    for (const copy of copies) assert.equal([copy.body, copy.key, copy.headers["x-correlation-id"]], [body, id, id]);
    const last = acknowledgedAt.get(id);
    if (last !== undefined)
      assert.ok(
        copies.every(({ index }) => index < last),
        `${id} went again after its acknowledgement`,
      );
    const cdr = JSON.parse(body) as Cdr;
    assert.is(cdr.end_date_time, new Date(startMs + hourMs).toISOString());
    assert.is(cdr.total_energy, number);
    // In tenths of a cent, which a CDR bears exactly: 500 a kWh and 1000 to start, and 595 and 1190 with tax.
    assert.equal(cdr.total_cost, {
      excl_vat: (500 * number + 1_000) / 1_000,
      incl_vat: (595 * number + 1_190) / 1_000,
    });
    assert.equal(
      cdr.charging_periods.flatMap(({ dimensions }) =>
        dimensions.filter(({ type }) => type === "ENERGY").map(({ volume }) => volume),
      ),
      [number],
    );
    assert.is(
      Buffer.from(cdr.signed_data.signed_values.at(-1)?.signed_data ?? "", "base64").toString(),
      book.issued[number - 1]?.ocmf,
    );
  }
}

/**
 * The places of a cut, once it is known how long request and answer are: from before the first byte to behind all but
 * the last one.
 */
function cutsIn(up: number, down: number, bodyLength: number): readonly Cut[] {
  const head = up - bodyLength;
  return [
    "refused",
    ...[0, 1, Math.round(head / 2), head - 1, head, head + 1, head + Math.round(bodyLength / 2), up - 1].map(
      (bytes) => ({ up: bytes }),
    ),
    ...[1, 12, Math.round(down / 2), down - 1].map((bytes) => ({ down: bytes })),
  ];
}

for (const restarts of [false, true])
  test(`50 sessions, the line cut within every part of each exchange${restarts ? ", the agent restarted after every cut" : ""}: each is there, closed, with its kWh, price and signed readings, and none goes after its acknowledgement`, async () => {
    const backend = await Backend.open({ token });
    const line = await CutLine.open(backend.url);
    const book = new Sales();
    const store = new Store();
    let { outbox, failures } = openUplink(line.url, book, store);
    const acknowledgedAt = new Map<string, number>();
    let cuts = 0;
    for (let sold = 0; sold < 50; sold += 1) {
      const number = book.sell();
      const cutAt = async (cut: Cut): Promise<void> => {
        await line.cutAt(cut);
        await outbox.now();
        assert.is.not(outbox.stateOf(number), "acked", `${number} after ${JSON.stringify(cut)}`);
        cuts += 1;
        if (!restarts) return;
        // The process dies: nothing lives on but what was written.
        await outbox.stop();
        assert.equal(failures, []);
        ({ outbox, failures } = openUplink(line.url, book, store));
      };
      // The whole request arrives and nothing comes back; from it we know how long both are.
      await cutAt({ down: 0 });
      for (const cut of cutsIn(line.up, line.down, Buffer.byteLength(book.get(number)?.body ?? ""))) await cutAt(cut);
      await line.cutAt(undefined);
      const status = await outbox.now();
      assert.equal([status.waiting, status.reachability, outbox.stateOf(number)], [0, "online", "acked"]);
      acknowledgedAt.set(book.get(number)?.id ?? "", backend.posts.length);
    }
    await outbox.stop();
    // Nobody has anything left to say, also not after a restart.
    const all = backend.posts.length;
    const again = openUplink(line.url, book, store);
    assert.is((await again.outbox.now()).waiting, 0);
    await again.outbox.stop();
    assert.equal(
      [backend.posts.length, [...failures, ...again.failures], store.read()?.open, store.read()?.parked],
      [all, [], [], []],
    );
    proven(backend, book, acknowledgedAt);
    assert.is(cuts, 50 * 14);
    await line.close();
    await backend.close();
  });

test("a backlog of 50, the line cut in another part of each exchange: order holds, and each is there once after dedupe", async () => {
  const backend = await Backend.open({ token });
  const line = await CutLine.open(backend.url);
  const book = new Sales();
  for (let sold = 0; sold < 50; sold += 1) book.sell();
  const store = new Store();
  let { outbox, failures } = openUplink(line.url, book, store);
  await line.cutAt({ down: 0 });
  await outbox.now();
  const cuts = cutsIn(line.up, line.down, Buffer.byteLength(book.get(2)?.body ?? ""));
  let turn = 0;
  while (outbox.status().waiting > 0) {
    // Well for as long as a few receipts take, then cut at the next place.
    await line.cutAt(undefined);
    const pushed = outbox.now();
    await backend.received(Math.min(backend.arrived + 1 + (turn % 3), backend.arrived + outbox.status().waiting));
    await line.cutAt(cuts[turn % cuts.length] ?? "refused");
    await pushed;
    await outbox.now();
    await outbox.stop();
    ({ outbox, failures } = openUplink(line.url, book, store));
    turn += 1;
  }
  assert.ok(turn >= cuts.length, `${turn} cuts`);
  const firsts = [...new Set(backend.posts.map(({ id }) => id))];
  assert.equal(
    firsts,
    Array.from({ length: 50 }, (_, index) => `cdr-${index + 2}`),
  );
  proven(backend, book, new Map());
  assert.equal([failures, store.read()?.open, store.read()?.parked], [[], [], []]);
  await outbox.stop();
  await line.close();
  await backend.close();
});

for (const done of [false, true])
  test(`the agent dies at each write of its state, the write ${done ? "done" : "not done"}: at most the receipt whose acknowledgement was not kept goes twice`, async () => {
    const book = new Sales();
    for (let sold = 0; sold < 6; sold += 1) book.sell();
    for (let fatal = 1; fatal <= 7; fatal += 1) {
      const backend = await Backend.open({ token });
      const store = new Store();
      let left = fatal;
      const write = store.write.bind(store);
      store.write = (state) => {
        left -= 1;
        if (left === 0 && done) write(state);
        if (left === 0) throw new Error("power cut");
        write(state);
      };
      const first = openUplink(backend.url, book, store);
      await first.outbox.now();
      assert.is(first.failures.length, 1);
      await first.outbox.stop();
      const sent = backend.posts.length;
      const kept = store.read()?.lastAck?.number ?? 1;
      const second = openUplink(backend.url, book, store);
      await second.outbox.now();
      await second.outbox.stop();
      proven(backend, book, new Map());
      // What was kept as acknowledged before the crash does not go again after it.
      assert.ok(backend.posts.slice(sent).every(({ id }) => Number(id.slice(4)) > kept));
      assert.ok(backend.posts.length <= book.last());
      await backend.close();
    }
  });

test.run();
