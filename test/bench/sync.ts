// How fast 10 000 offline sessions drain, beside a bare loop of the same requests to the same server, and whether
// memory stays flat. The loops take turns of a few hundred sessions each, and the median turn counts, so that a machine
// or a disk that is busy for a while is busy for all of them and one that stalls once spoils nothing.
// Run it alone with `node dist/test/bench/sync.js`; the server lives in a worker so that it does not blur the
// comparison.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import http from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { makeCdr, wireText } from "../../agent/core/cdr/cdr.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { Table } from "../../agent/ledger/store/table.js";
import { Outbox } from "../../agent/sync/outbox.js";
import {
  emptyOutbox,
  type OutboxItems,
  type OutboxState,
  type OutboxStore,
  parseOutboxState,
} from "../../agent/sync/outbox-state.js";
import { Backend } from "../../drivers/bench/backend.js";
import { settlement } from "../support/sample-settlement.js";
import { TokenFile, token, uplinkTo } from "../support/sync/uplink-bench.js";
import { HandClock } from "../support/time/hand-clock.js";

const sessions = 10_000;
const turns = 20;
/** After so many turns the heap is measured. */
const heapTurns = [2, 10, turns];
const ocmf = `OCMF|${"x".repeat(1_500)}|y`;

class Backlog implements OutboxItems {
  readonly #body = wireText(makeCdr(settlement, { ocmf, publicKeySpkiHex: "30".repeat(91) }, { version: "2.2.1" }));
  count = 0;
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
    this.#table = Table.open(
      new Disk(),
      join(folder, "uplink-bench.json"),
      (value) => ({ state: parseOutboxState((value as { state: unknown }).state) }),
      { state: emptyOutbox },
      { steps: true },
    );
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

/** One of the loops that are compared: sends so many more sessions. */
type Loop = { readonly send: (more: number) => Promise<void>; readonly close: () => Promise<void> };

/** The same requests and nothing else. `lasting` is called before each: what a loop must write that forgets nothing. */
function bareLoop(url: string, lasting: () => void = () => {}): Loop {
  const items = new Backlog();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const headers = {
    Authorization: `Token ${Buffer.from(token).toString("base64")}`,
    "Content-Type": "application/json",
  };
  const post = ({ id, body }: { id: string; body: string }): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        url,
        {
          method: "POST",
          agent,
          headers: { ...headers, "Idempotency-Key": id, "Content-Length": Buffer.byteLength(body) },
        },
        (response) => {
          response.resume();
          response.on("end", resolve);
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  return {
    send: async (more) => {
      for (const last = items.count + more; items.count < last; ) {
        const item = items.get((items.count += 1));
        lasting();
        await post(item);
      }
    },
    close: () => Promise.resolve(agent.destroy()),
  };
}

/** A loop that writes the number of each CDR down, lastingly, before it sends it: the least that an outbox can do. */
function bareOnDisk(url: string, folder: string): Loop {
  const file = openSync(join(folder, "bare"), "a");
  const line = Buffer.alloc(200, ".");
  const loop = bareLoop(url, () => {
    writeSync(file, line);
    fdatasyncSync(file);
  });
  return {
    send: loop.send,
    close: async () => {
      closeSync(file);
      await loop.close();
    },
  };
}

function outboxLoop(url: string, store: OutboxStore, tokenFile: string): Loop {
  const items = new Backlog();
  const outbox = new Outbox({
    uplink: uplinkTo(url, tokenFile),
    items,
    store,
    clock: new HandClock(),
    random: Math.random,
    backoff: { first: 100, most: 1_000 },
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    send: async (more) => {
      items.count += more;
      const status = await outbox.now();
      if (status.waiting > 0 || status.parked.length > 0) throw new Error(`not drained: ${JSON.stringify(status)}`);
    },
    close: () => outbox.stop(),
  };
}

/**
 * Prints one line per measurement; throws where the backlog does not drain, memory grows or the rate is under 0.7 of
 * the bare loop's.
 */
export async function syncBench(): Promise<void> {
  const tokenFile = new TokenFile();
  const folder = dirname(tokenFile.path);
  const server = new Worker(fileURLToPath(import.meta.url));
  const url = await new Promise<string>((resolve) => server.once("message", resolve));
  const loops = {
    bare: bareLoop(url),
    memory: outboxLoop(url, new InMemory(), tokenFile.path),
    floor: bareOnDisk(url, folder),
    disk: outboxLoop(url, new OnDisk(folder), tokenFile.path),
  };
  const turnsMs: Record<keyof typeof loops, number[]> = { bare: [], memory: [], floor: [], disk: [] };
  try {
    for (const loop of Object.values(loops)) await loop.send(500);
    const heapBefore = heapUsed();
    const heaps: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      if (heapTurns.includes(turn)) heaps.push(heapUsed());
      for (const name of Object.keys(loops) as (keyof typeof loops)[]) {
        const started = performance.now();
        await loops[name].send(sessions / turns);
        turnsMs[name].push(performance.now() - started);
      }
    }
    heaps.push(heapUsed());
    const grownKiB = ((heaps.at(-1) ?? 0) - heapBefore) / 1024;
    const shown = heapTurns.map((turn, index) => {
      const kib = ((heaps[index] ?? 0) / 1024).toFixed(0);
      return `${kib} KiB at ${(turn * sessions) / turns}`;
    });
    const median = (values: readonly number[]): number =>
      [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
    const rate = (name: keyof typeof loops): string => (sessions / turns / (median(turnsMs[name]) / 1_000)).toFixed(0);
    /** How fast one loop is beside another, turn by turn. */
    const beside = (name: keyof typeof loops, other: keyof typeof loops): number =>
      median(turnsMs[name].map((ms, turn) => (turnsMs[other][turn] ?? Number.NaN) / ms));
    const ratio = beside("memory", "bare");
    console.log(`sync: bare loop           ${rate("bare")} CDRs/s`);
    console.log(`sync: outbox              ${rate("memory")} CDRs/s, ratio ${ratio.toFixed(2)}`);
    console.log(`sync: bare, 1 fdatasync   ${rate("floor")} CDRs/s`);
    console.log(
      `sync: outbox with fsync   ${rate("disk")} CDRs/s, ratio ${beside("disk", "bare").toFixed(2)} to the bare loop, ${beside("disk", "floor").toFixed(2)} to the one with a fdatasync per CDR`,
    );
    console.log(`sync: heap ${shown.join(", ")}`);
    console.log(`sync: heap grown by ${grownKiB.toFixed(0)} KiB over ${sessions} CDRs in each`);
    if (grownKiB > 2 * 1024) throw new Error("memory is not flat");
    if (ratio < 0.7) throw new Error("the outbox is slower than 0.7 of a bare loop");
  } finally {
    for (const loop of Object.values(loops)) await loop.close();
    await server.terminate();
    tokenFile.remove();
  }
}

if (!isMainThread) {
  const backend = await Backend.open({ token, keepPosts: false });
  parentPort?.postMessage(backend.url);
} else if (process.argv[1] === fileURLToPath(import.meta.url)) await syncBench();
