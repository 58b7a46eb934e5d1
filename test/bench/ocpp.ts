// How fast 10 000 offline sessions drain to a CSMS in each version of OCPP, beside a bare loop of the same CALLs to the
// same server, and whether memory stays flat. Run it alone with `node dist/test/bench/ocpp.js`; the server lives in a
// worker so that it does not blur the comparison.

import { hash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { WebSocket, WebSocketServer } from "ws";
import { wireJson } from "../../agent/core/json/json-text.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { Table } from "../../agent/ledger/store/table.js";
import { OcppUplink } from "../../agent/sync/ocpp/ocpp-uplink.js";
import { type Dialect, dialects } from "../../agent/sync/ocpp/rpc/frame.js";
import { completedTransaction } from "../../agent/sync/ocpp/transactions/completed-transaction.js";
import { endedEvent, startedEvent } from "../../agent/sync/ocpp/transactions/transaction-2x.js";
import { startTransaction, stopTransaction } from "../../agent/sync/ocpp/transactions/transaction-16.js";
import {
  noTransactions,
  parseTransactionsTable,
  type TransactionsState,
  type TransactionsStore,
} from "../../agent/sync/ocpp/transactions/transactions-state.js";
import { Outbox } from "../../agent/sync/outbox.js";
import {
  emptyOutbox,
  type OutboxItem,
  type OutboxItems,
  type OutboxState,
  type OutboxStore,
  parseOutboxTable,
} from "../../agent/sync/outbox-state.js";
import { ocppConfig, SalesBook, unlasting } from "../support/sync/ocpp-bench.js";
import { HandClock } from "../support/time/hand-clock.js";

const sessions = 10_000;
const callsEach = 2;
/** Where the heap is measured, as parts of the sessions; and at the end. */
const heapMarks = [0.1, 0.5];
/** So many sessions are told by the outbox, then by each loop, in turn. */
const turn = 250;
const template = "session-2";

/** One real receipt under many names: what reads it does not look at the signature. */
class Backlog implements OutboxItems {
  readonly #jws: readonly string[];
  readonly #payload: string;
  constructor(readonly count: number) {
    const book = new SalesBook();
    const [head = "", payload = "", signature = ""] = (book.get(book.sell())?.body ?? "").split(".");
    this.#jws = [head, signature];
    this.#payload = Buffer.from(payload, "base64url").toString("utf8");
  }
  last(): number {
    return this.count;
  }
  get(number: number): OutboxItem {
    const payload = Buffer.from(
      this.#payload.replace(`"sessionId":"${template}"`, `"sessionId":"session-x${number}"`),
      "utf8",
    ).toString("base64url");
    return { number, id: `cdr-${number}`, body: `${this.#jws[0]}.${payload}.${this.#jws[1]}` };
  }
}

/**
 * Stops after each so many sends until `between` is over: what is compared takes turns, so that a busy machine is busy
 * for both.
 */
class TurnClock extends HandClock {
  pausedMs = 0;
  #sends = 0;
  constructor(
    private readonly every: number,
    private readonly between: () => Promise<void>,
  ) {
    super();
  }
  override async busy<T>(work: Promise<T>): Promise<T> {
    const result = await super.busy(work);
    this.#sends += 1;
    if (this.#sends % this.every === 0) {
      const from = performance.now();
      await this.between();
      this.pausedMs += performance.now() - from;
    }
    return result;
  }
}

type Stores = { readonly outbox: OutboxStore; readonly transactions: TransactionsStore };

function inMemory(): Stores {
  const kept: { outbox: OutboxState | null; transactions: TransactionsState } = {
    outbox: null,
    transactions: noTransactions,
  };
  return {
    outbox: { read: () => kept.outbox, write: (state) => void (kept.outbox = state) },
    transactions: { read: () => kept.transactions, write: (state) => void (kept.transactions = state) },
  };
}

/** The tables that the agent has, on this disk: each state lasts before the next send. */
function onDisk(folder: string): Stores {
  const disk = new Disk();
  const outbox = Table.open<{ readonly state: OutboxState }>(
    disk,
    join(folder, "uplink-bench.json"),
    parseOutboxTable,
    { state: emptyOutbox },
    { steps: true },
  );
  const transactions = Table.open<{ readonly state: TransactionsState }>(
    disk,
    join(folder, "ocpp-bench.json"),
    parseTransactionsTable,
    { state: noTransactions },
    { steps: true },
  );
  return {
    outbox: { read: () => outbox.data.state, write: (state) => void outbox.update(() => ({ state })) },
    transactions: {
      read: () => transactions.data.state,
      write: (state) => void transactions.update(() => ({ state })),
    },
  };
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

async function drained(
  url: string,
  dialect: Dialect,
  items: Backlog,
  stores: Stores,
  between = new TurnClock(Number.POSITIVE_INFINITY, () => Promise.resolve()),
): Promise<{ rate: number; heaps: readonly number[] }> {
  const heaps: number[] = [];
  const clock = new HandClock();
  const fail = (error: unknown): never => {
    throw error;
  };
  const config = ocppConfig(url, { versions: [dialect.slice(4) as "1.6" | "2.0.1" | "2.1"] });
  const uplink = new OcppUplink({
    config,
    ...unlasting(config, clock),
    identity: "till-1",
    party: { countryCode: "DE", partyId: "ABC" },
    version: "0.1.0",
    connectors: [1],
    clock,
    random: Math.random,
    store: stores.transactions,
    feed: () => undefined,
    handlers: () => ({}),
    tariffKnown: () => true,
    takeTariff: () => ({ wanted: false }),
    deauthorise: () => {},
    limit: () => {},
    note: () => {},
    die: fail,
  });
  const outbox: Outbox = new Outbox({
    uplink,
    items,
    store: stores.outbox,
    clock: between,
    random: Math.random,
    backoff: { first: 100, most: 1_000 },
    onChange: ({ sending }) => {
      const mark = heapMarks[heaps.length];
      if (sending !== undefined && mark !== undefined && sending >= mark * items.count) heaps.push(heapUsed());
    },
    onFailure: fail,
  });
  const started = performance.now();
  const status = await outbox.now();
  const rate = (items.count * callsEach) / ((performance.now() - started - between.pausedMs) / 1_000);
  if (status.waiting > 0 || status.parked.length > 0) throw new Error(`not drained: ${JSON.stringify(status)}`);
  heaps.push(heapUsed());
  await outbox.stop();
  return { rate, heaps };
}

/** The CALLs of one session, as they were sent: what the loop sends again under other names. */
async function recorded(url: string, dialect: Dialect): Promise<readonly string[]> {
  const texts: string[] = [];
  const items = new Backlog(1);
  const { transactions, outbox } = inMemory();
  await drained(url, dialect, items, {
    outbox,
    transactions: {
      read: transactions.read,
      write: (state) => {
        for (const { pending } of state.open)
          if (pending !== null && !texts.includes(`"${pending.action}",${pending.text}`))
            texts.push(`"${pending.action}",${pending.text}`);
        transactions.write(state);
      },
    },
  });
  if (texts.length !== callsEach) throw new Error(`a session is told in ${texts.length} CALLs`);
  return texts;
}

type Made = (item: OutboxItem) => readonly string[];

/** What a loop needs that only sends: one session's CALLs under other names. */
const copied =
  (texts: readonly string[]): Made =>
  ({ number }) =>
    texts.map((text) => text.replaceAll("session-x1", `session-x${number}`));

/** What a loop needs that keeps no books either, but makes each CALL from its receipt. */
function madeIn(dialect: Dialect): Made {
  return ({ body }) => {
    const completed = completedTransaction(body);
    if (completed === undefined) throw new Error("the receipt is not a sale");
    const ending = { digest: () => hash("sha256", body), tariffKnown: true, withKey: true, without: [] };
    if (dialect === "ocpp1.6")
      return [
        `"StartTransaction",${wireJson(startTransaction(completed.beginning, undefined))}`,
        `"StopTransaction",${wireJson(stopTransaction(completed, 7, ending))}`,
      ];
    const started = startedEvent(
      completed.beginning,
      { dialect, tariffKnown: true, cost: true },
      { seqNo: 0, offline: true },
      undefined,
    );
    const ended = endedEvent(completed, ending, dialect, { seqNo: 1, offline: true });
    return [started, ended].map((event) => `"TransactionEvent",${wireJson(event)}`);
  };
}

/** A loop that sends and waits for the answer, over a line of its own. */
class Bare {
  #answered = (): void => {};
  #ms = 0;
  #calls = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on("message", () => this.#answered());
  }

  static async open(url: string, dialect: Dialect): Promise<Bare> {
    const socket = new WebSocket(`${url}/bare`, [dialect], { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return new Bare(socket);
  }

  /** CALLs in a second, of all that were sent so far. */
  get rate(): number {
    return this.#calls / (this.#ms / 1_000);
  }

  /** `lasting` is called before each CALL: what a loop must write that forgets nothing. */
  async send(items: Backlog, from: number, to: number, made: Made, lasting: () => void = () => {}): Promise<void> {
    const started = performance.now();
    for (let number = from; number <= to; number += 1) {
      const item = items.get(number);
      for (const [index, text] of made(item).entries()) {
        lasting();
        const answer = new Promise<void>((resolve) => (this.#answered = resolve));
        this.socket.send(`[2,"${item.id}-${index}",${text}]`);
        await answer;
      }
    }
    this.#ms += performance.now() - started;
    this.#calls += (to - from + 1) * callsEach;
  }

  close(): void {
    this.socket.terminate();
  }
}

/** Writes down that a CALL is sent, lastingly: the least that an outbox can do. */
function lastingIn(folder: string): { write(): void; close(): void } {
  const file = openSync(join(folder, "bare"), "a");
  const line = Buffer.alloc(200, ".");
  return {
    write: () => {
      writeSync(file, line);
      fdatasyncSync(file);
    },
    close: () => closeSync(file),
  };
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;

/**
 * Prints one line per measurement; throws where the backlog does not drain, memory grows or the rate is under 0.7 of
 * the bare loop's.
 */
export async function ocppBench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "chargetill-bench-"));
  const server = new Worker(fileURLToPath(import.meta.url));
  const url = await new Promise<string>((resolve) => server.once("message", resolve));
  const items = new Backlog(sessions);
  const failed: string[] = [];
  try {
    for (const dialect of dialects) {
      const [sends, makes] = [copied(await recorded(url, dialect)), madeIn(dialect)];
      const [ready, made] = [await Bare.open(url, dialect), await Bare.open(url, dialect)];
      // Once for the compiler.
      const warm = await Bare.open(url, dialect);
      await warm.send(items, 1, turn, makes);
      warm.close();
      await drained(url, dialect, new Backlog(2 * turn), inMemory());
      let from = 1;
      const { rate, heaps } = await drained(
        url,
        dialect,
        items,
        inMemory(),
        new TurnClock(turn, async () => {
          await ready.send(items, from, from + turn - 1, sends);
          await made.send(items, from, from + turn - 1, makes);
          from += turn;
        }),
      );
      console.log(`${dialect}: bare, ready-made CALLs   ${ready.rate.toFixed(0)} CALLs/s`);
      console.log(`${dialect}: bare, from the receipts  ${made.rate.toFixed(0)} CALLs/s`);
      console.log(
        `${dialect}: outbox                   ${rate.toFixed(0)} CALLs/s (${(rate / callsEach).toFixed(0)} sessions/s), ` +
          `ratio ${(rate / made.rate).toFixed(2)} (${(rate / ready.rate).toFixed(2)} to ready-made ones)`,
      );
      const [first = 0] = heaps;
      const shown = [...heapMarks, 1].map((mark, index) => `${kib(heaps[index] ?? 0)} at ${mark * sessions}`);
      console.log(`${dialect}: heap                     ${shown.join(", ")}`);
      if ((heaps.at(-1) ?? 0) - first > 2 * 1024 * 1024) failed.push(`${dialect}: memory is not flat`);
      if (rate / made.rate < 0.7) failed.push(`${dialect}: the outbox is slower than 0.7 of a bare loop`);
      for (const bare of [ready, made]) bare.close();
    }
    const [newest] = dialects;
    const few = new Backlog(sessions / 10);
    const lasting = lastingIn(folder);
    const bare = await Bare.open(url, newest);
    let from = 1;
    const disk = await drained(
      url,
      newest,
      few,
      onDisk(folder),
      new TurnClock(turn / 10, async () => {
        await bare.send(few, from, from + turn / 10 - 1, madeIn(newest), lasting.write);
        from += turn / 10;
      }),
    );
    console.log(`${newest}: bare, 1 fdatasync a CALL ${bare.rate.toFixed(0)} CALLs/s`);
    console.log(
      `${newest}: outbox with fsync        ${disk.rate.toFixed(0)} CALLs/s, ratio ${(disk.rate / bare.rate).toFixed(2)} (${few.count} sessions)`,
    );
    lasting.close();
    bare.close();
    if (failed.length > 0) throw new Error(failed.join("; "));
  } finally {
    await server.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (!isMainThread) {
  // Answers each CALL well, and looks at no schema: the strict server of the tests would be slower than what is
  // measured.
  const answers: Readonly<Record<string, object>> = {
    BootNotification: { currentTime: new Date().toISOString(), interval: 300, status: "Accepted" },
    StartTransaction: { transactionId: 7, idTagInfo: { status: "Accepted" } },
  };
  const sockets = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      const [, id, action] = JSON.parse((data as Buffer).toString("utf8")) as [number, string, string];
      socket.send(JSON.stringify([3, id, answers[action] ?? {}]));
    });
  });
  sockets.on("listening", () =>
    parentPort?.postMessage(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}/csms`),
  );
} else if (process.argv[1] === fileURLToPath(import.meta.url)) await ocppBench();
