// How fast 10 000 offline sessions drain, beside a bare loop of the same requests to the same server, and whether memory stays flat.
// Run it alone with `node dist/test/bench/sync.js`; the server lives in a worker so that it does not blur the comparison.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import http from "node:http";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { makeCdr, wireText } from "../../agent/core/cdr.js";
import { Outbox } from "../../agent/sync/outbox.js";
import { Disk } from "../../agent/ledger/disk.js";
import { Table } from "../../agent/ledger/table.js";
import { emptyOutbox, parseOutboxState, type OutboxItems, type OutboxState, type OutboxStore } from "../../agent/sync/outbox-state.js";
import { Backend } from "../../drivers/bench/backend.js";
import { settlement } from "../settlement-sample.js";
import { HandClock } from "../sync/hand-clock.js";
import { token, TokenFile, uplinkTo } from "../sync/uplink-bench.js";

const sessions = 10_000;
const ocmf = `OCMF|${"x".repeat(1_500)}|y`;

class Backlog implements OutboxItems {
  readonly #body = wireText(makeCdr(settlement, { ocmf, publicKeySpkiHex: "30".repeat(91) }, { version: "2.2.1" }));
  constructor(readonly count: number) {}
  last(): number {
    return this.count;
  }
  get(number: number): { number: number; id: string; body: string } {
    return { number, id: `cdr-${number}`, body: this.#body.replace(settlement.cdrId, `cdr-${number}`) };
  }
}

class InMemory implements OutboxStore {
  state: OutboxState | null = null;
  read(): OutboxState | null {
    return this.state;
  }
  write(state: OutboxState): void {
    this.state = state;
  }
}

/** The outbox's own table on this disk: each state lasts before the next send. */
class OnDisk implements OutboxStore {
  readonly #table: Table<{ state: OutboxState }>;
  constructor(folder: string) {
    this.#table = Table.open(new Disk(), join(folder, "uplink-bench.json"), (value) => ({ state: parseOutboxState((value as { state: unknown }).state) }), { state: emptyOutbox }, { steps: true });
  }
  read(): OutboxState {
    return this.#table.data.state;
  }
  write(state: OutboxState): void {
    this.#table.update(() => ({ state }));
  }
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** `lasting` is called before each request: what a loop must write that forgets nothing. */
async function bare(url: string, items: Backlog, lasting: () => void = () => {}): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { Authorization: `Token ${Buffer.from(token).toString("base64")}`, "Content-Type": "application/json" };
  const started = performance.now();
  for (let number = 1; number <= items.count; number += 1) {
    const { id, body } = items.get(number);
    lasting();
    await new Promise<void>((resolve, reject) => {
      const request = http.request(url, { method: "POST", agent, headers: { ...headers, "Idempotency-Key": id, "Content-Length": Buffer.byteLength(body) } }, (response) => {
        response.resume();
        response.on("end", resolve);
      });
      request.on("error", reject);
      request.end(body);
    });
  }
  agent.destroy();
  return items.count / ((performance.now() - started) / 1_000);
}

/** A loop that writes the number of each CDR down, lastingly, before it sends it: the least that an outbox can do. */
async function bareOnDisk(url: string, items: Backlog, folder: string): Promise<number> {
  const file = openSync(join(folder, "bare"), "a");
  const line = Buffer.alloc(200, ".");
  try {
    return await bare(url, items, () => {
      writeSync(file, line);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
  }
}

async function drained(url: string, items: Backlog, store: OutboxStore, tokenFile: string): Promise<{ rate: number; grownBytes: number }> {
  let heapAtTenth = 0;
  const outbox: Outbox = new Outbox({
    uplink: uplinkTo(url, tokenFile), items, store, clock: new HandClock(), random: Math.random, backoff: { first: 100, most: 1_000 },
    onChange: (status) => {
      if (status.sending === items.count / 10) heapAtTenth = heapUsed();
    },
    onFailure: (error) => {
      throw error;
    },
  });
  const started = performance.now();
  const status = await outbox.now();
  const rate = items.count / ((performance.now() - started) / 1_000);
  if (status.waiting > 0 || status.parked.length > 0) throw new Error(`not drained: ${JSON.stringify(status)}`);
  const grownBytes = heapUsed() - heapAtTenth;
  await outbox.stop();
  return { rate, grownBytes };
}

/** Prints one line per measurement; throws where the backlog does not drain, memory grows or the rate is under 0.7 of the bare loop's. */
export async function syncBench(): Promise<void> {
  const tokenFile = new TokenFile();
  const server = new Worker(fileURLToPath(import.meta.url));
  const url = await new Promise<string>((resolve) => server.once("message", resolve));
  const items = new Backlog(sessions);
  try {
    await bare(url, new Backlog(500));
    const first = await bare(url, items);
    const memory = await drained(url, items, new InMemory(), tokenFile.path);
    const second = await bare(url, items);
    const disk = await drained(url, items, new OnDisk(dirname(tokenFile.path)), tokenFile.path);
    const base = (first + second) / 2;
    const floor = await bareOnDisk(url, items, dirname(tokenFile.path));
    const ratio = memory.rate / base;
    console.log(`sync: bare loop           ${base.toFixed(0)} CDRs/s (${first.toFixed(0)} and ${second.toFixed(0)})`);
    console.log(`sync: outbox              ${memory.rate.toFixed(0)} CDRs/s, ratio ${ratio.toFixed(2)}, heap grown ${(memory.grownBytes / 1024).toFixed(0)} KiB over the last ${sessions * 0.9}`);
    console.log(`sync: bare, 1 fdatasync   ${floor.toFixed(0)} CDRs/s`);
    console.log(`sync: outbox with fsync   ${disk.rate.toFixed(0)} CDRs/s, ratio ${(disk.rate / base).toFixed(2)} to the bare loop, ${(disk.rate / floor).toFixed(2)} to the one with a fdatasync per CDR, heap grown ${(disk.grownBytes / 1024).toFixed(0)} KiB`);
    if (memory.grownBytes > 2 * 1024 * 1024) throw new Error("memory is not flat");
    if (ratio < 0.7) throw new Error("the outbox is slower than 0.7 of a bare loop");
  } finally {
    await server.terminate();
    tokenFile.remove();
  }
}

if (!isMainThread) {
  const backend = await Backend.open({ token, keepPosts: false });
  parentPort?.postMessage(backend.url);
} else if (process.argv[1] === fileURLToPath(import.meta.url)) await syncBench();
