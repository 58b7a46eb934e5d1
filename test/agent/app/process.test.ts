// The process as systemd sees it: a mistake of ours ends it with contactors open, and a device that hangs ends its
// pings.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { watchdogLimitMs } from "../../../agent/app/watchdog.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import type { ConnectorConfig } from "../../../config/schema.js";
import type { WorldState } from "../../../drivers/bench/world.js";
import { WorldFile } from "../../../drivers/bench/world-file.js";
import { freshFolder, RunningCommand } from "../../support/command.js";
import { Yard } from "../../support/load/yard.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..", "..");

/** A station of its own on the bench, without a backend, whose car begins to charge after some seconds. */
function station(): { readonly config: string; readonly state: string } {
  const folder = freshFolder();
  const config = join(folder, "station.yaml");
  const state = join(folder, "state");
  const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
  writeFileSync(
    config,
    demo
      .replace("/var/lib/chargetill-demo", state)
      .replace("speed: 1,", "speed: 300,")
      .replace("tariffs/standard.json", join(root, "config", "tariffs", "standard.json"))
      .replace(/^uplinks:[\s\S]*$/m, ""),
  );
  return { config, state };
}

const mistakes = suite("a mistake of ours");

for (const [what, signal, words] of [
  ["an exception that nobody caught", "SIGUSR2", /a mistake of ours that nobody caught/],
  ["an assert that does not hold", "SIGURG", /a promise of ours that was broken/],
] as const)
  mistakes(
    `${what} ends the process with contactors open and a code that says so, and the next start settles`,
    async () => {
      const { config, state } = station();
      const agent = new RunningCommand(["run", "--config", config], {
        NODE_OPTIONS: `--import=${join(here, "..", "..", "support", "mistake-child.js")}`,
      });
      await agent.until(/"type":"price-changed"/);
      assert.ok(
        coils(state).some((closed) => closed),
        "the contactor is closed while the car charges",
      );
      agent.kill(signal);
      const { code, err, out } = await agent.ended;
      assert.is(code, 70, out.slice(-300));
      assert.match(err, words);
      // Once `disk/failed`, which sent a technician for another card.
      assert.match(out, /"type":"fault".*"code":"agent\/defect"/);
      assert.not.match(out, /disk\/failed/);
      assert.equal(
        coils(state).filter((closed) => closed),
        [],
      );
      const next = new RunningCommand(["run", "--config", config]);
      await next.until(/"type":"receipt"/);
      next.kill("SIGTERM");
      assert.is((await next.ended).code, 0);
      const { jws } = JSON.parse(readFileSync(join(state, "receipts", "receipt-000002.json"), "utf8")) as {
        jws: string;
      };
      const receipt = payloadOf(jws);
      assert.is(receipt?.kind === "sale" ? receipt.sale.stop.reason : undefined, "Reboot");
    },
  );

const coils = (state: string): readonly boolean[] =>
  Object.values(new WorldFile<WorldState>(join(state, "bench.world")).saved()?.coils ?? {});

mistakes.run();

const watchdog = suite("the watchdog");
const minuteMs = 60_000;

/** A yard whose time goes on while a request waits, as the world's does, and what systemd was told by which minute. */
async function watched(options: {
  readonly connectors: number;
  readonly timeoutMs: number;
}): Promise<{ yard: Yard; pings: number[] }> {
  const pings: number[] = [];
  let now = (): number => 0;
  const yard = await Yard.open({
    connectors: options.connectors,
    metersPerLine: options.connectors,
    mayFault: true,
    change: (config) => ({
      ...config,
      connectors: config.connectors.map((one) => ({ ...one, meter: { ...one.meter, timeout: options.timeoutMs } })),
    }),
    impatient: true,
    notifier: { tell: (...words) => void (words.includes("WATCHDOG=1") && pings.push(now())) },
  });
  const { clock } = yard.bench;
  const startMs = clock.now().monoMs;
  now = () => Math.floor((clock.now().monoMs - startMs) / minuteMs);
  return { yard, pings };
}

watchdog("is fed while the meter's loop turns, and not by a timer: a loop that hangs starves it", async () => {
  const { yard, pings } = await watched({ connectors: 1, timeoutMs: 15_000 });
  try {
    await yard.pass(5 * minuteMs);
    assert.ok(pings.length >= 29, `${pings.length} pings in five minutes`);
    // Its time-out is one of real seconds, which here are longer than any test: the request hangs.
    for (const bus of yard.bench.rtu.values()) bus.inject(1, { kind: "silent" }, 1_000);
    await yard.pass(30 * minuteMs);
    assert.ok(
      pings.every((minute) => minute < 8),
      `the last ping came in minute ${pings.at(-1)}`,
    );
  } finally {
    await yard.close();
  }
});

watchdog(
  "is fed where nothing can be sold: a fault that only a person can mend is no reason to be killed",
  async () => {
    const { yard, pings } = await watched({ connectors: 1, timeoutMs: 60 });
    try {
      for (const bus of yard.bench.rtu.values()) bus.vanish();
      const before = pings.length;
      await yard.pass(10 * minuteMs);
      assert.ok(pings.length - before >= 58, `${pings.length - before} pings in ten minutes`);
    } finally {
      await yard.close();
    }
  },
);

watchdog("waits for a line full of silent meters, which is slow and not hung", () => {
  const meters = (count: number, timeout: number) =>
    Array.from({ length: count }, () => ({ meter: { port: "rs485", timeout } as ConnectorConfig["meter"] }));
  const other = { meter: { port: "another", timeout: 15_000 } as ConnectorConfig["meter"] };
  // A silent meter holds the line for its time-out and a second of rest, and, where it was just lost, for two repeats.
  for (const [count, timeout] of [
    [32, 1_000],
    [4, 15_000],
    [64, 15_000],
  ] as const) {
    const all = meters(count, timeout);
    const [first] = all;
    assert.ok(first !== undefined && watchdogLimitMs(first, [...all, other]) > 60_000 + 3 * count * (timeout + 1_000));
  }
  assert.is(
    watchdogLimitMs(meters(1, 1_000)[0] ?? other, [...meters(1, 1_000), other]),
    68_000,
    "a single meter's hang is seen after a minute all the same",
  );
});

watchdog.run();
