// Whatever an input does, an hour of it writes a bounded number of lines and bytes: to the disk, and to the log.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventLine } from "../../../agent/station/events.js";
import type { ConnectorConfig } from "../../../config/schema.js";
import type { Bench } from "../../../drivers/bench/bench.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import { random } from "../../support/random.js";
import { sampled } from "../../support/runner/sweep.js";
import { Street } from "../../support/street/street.js";

const hourMs = 3_600_000;
const mostBytes = 1_000_000;
const blockBytes = 4_096;
const button = { gpio: 40, activeLow: true };
const ada = Buffer.from(scenarioCards.ada, "hex");

/** Nobody is there, a car waits for a card, or it charges. */
type Scene = "free" | "plugged" | "charging";
type Input = {
  /** What the world does to it, on or off. */
  readonly set: (bench: Bench, connector: ConnectorConfig, isOn: boolean) => void;
  readonly scenes: readonly Scene[];
  readonly does?: "select" | "stop";
};

const plug: Input = {
  set: ({ board }, connector, isOn) => board.driveActive(connector.plug, isOn),
  scenes: ["free", "charging"],
};
const select: Input = { set: ({ board }, _, isOn) => board.driveActive(button, isOn), scenes: ["plugged"] };

const inputs: Readonly<Record<string, Input>> = {
  "the plug contact": plug,
  "a button that selects": select,
  "a button that stops": { ...select, scenes: ["plugged", "charging"], does: "stop" },
  "the feedback of the contactor": {
    set: ({ board }, { contactor: { feedback } }, isOn) => {
      if (feedback !== undefined) board.driveActive(feedback, isOn);
    },
    scenes: ["free", "charging"],
  },
  "a card at the reader": {
    set: ({ fields }, _, isOn) => fields.get("front")?.present(isOn ? [ada] : []),
    scenes: ["free", "plugged"],
  },
  "the supply of the reader": {
    set: ({ fields }, _, isOn) => fields.get("front")?.chip(isOn ? "well" : "dead"),
    scenes: ["free"],
  },
};

/** Bytes of the log as pino writes it: one line of JSON for each event. */
const logBytes = ({ seen }: Street): number =>
  seen.event.reduce(
    (sum, event) =>
      sum + Buffer.byteLength(`${JSON.stringify({ level: 30, time: event.at, ...event, msg: eventLine(event) })}\n`),
    0,
  );

type Hour = { readonly bytes: number; readonly lines: number; readonly faults: ReadonlySet<string> };

/** So much time of edges that are `fromMs` to `toMs` apart. */
async function chatter(
  { set, does = "select" }: Input,
  [fromMs, toMs]: readonly [number, number],
  scene: Scene,
  forMs = hourMs,
): Promise<Hour> {
  const next = random(7);
  const street = await Street.open({
    scenarioMs: forMs,
    agenda: () => [],
    change: (config) => ({
      ...config,
      uplinks: [],
      connectors: config.connectors.slice(0, 1).map((one) => ({ ...one, button: { ...button, does } })),
    }),
  });
  // What an agent writes once, when it starts, is not the input's.
  let atStart = { bytes: 0, syncs: 0, log: 0 };
  const written = (): typeof atStart => {
    const { bytesWritten = 0, syncs = 0 } = street.agentDisk ?? {};
    return { bytes: bytesWritten - atStart.bytes, syncs: syncs - atStart.syncs, log: logBytes(street) - atStart.log };
  };
  try {
    const [connector] = street.loaded.config.connectors;
    if (connector === undefined) throw new Error("the demo has a connector");
    await street.live({
      untilMs: street.endMs,
      during: (bench) => {
        const field = bench.fields.get("front");
        if (scene !== "free") bench.board.driveActive(connector.plug, true);
        if (scene === "charging") {
          bench.clock.at(bench.clock.now().monoMs + 1_000, () => field?.present([ada]));
          bench.clock.at(bench.clock.now().monoMs + 3_000, () => field?.present([]));
        }
        let isOn = false;
        const edge = (): void => {
          isOn = !isOn;
          set(bench, connector, isOn);
          bench.clock.at(bench.clock.now().monoMs + fromMs + Math.round(next() * (toMs - fromMs)), edge);
        };
        bench.clock.at(bench.clock.now().monoMs + 5_000, () => {
          atStart = written();
          edge();
        });
      },
    });
    const faults = new Set(street.seen.event.flatMap((event) => (event.type === "fault" ? [event.code] : [])));
    const { bytes, syncs, log } = written();
    return {
      // While nobody charges, each write that must last is counted as a whole block of the card.
      bytes: Math.max(bytes, scene === "charging" ? 0 : syncs * blockBytes) + log,
      lines: street.seen.event.length,
      faults,
    };
  } finally {
    await street.close();
  }
}

const test = suite("an hour of chatter");

const gaps = [
  [60, 100],
  [1, 1_100],
  [1_100, 1_100],
] as const;
const hours = Object.entries(inputs).flatMap(([name, input]) =>
  input.scenes.flatMap((scene) => gaps.map((gapsMs) => ({ name, input, scene, gapsMs }))),
);
for (const { name, input, scene, gapsMs } of sampled(hours, 4))
  test(`on ${name} (${scene}), with edges each ${gapsMs.join(" to ")} ms, writes at most 1 MB`, async () => {
    const { bytes, lines } = await chatter(input, gapsMs, scene);
    assert.ok(bytes <= mostBytes, `${bytes} bytes, ${lines} lines`);
  });

for (const [name, input] of sampled(Object.entries(inputs), 2))
  test(`on ${name}, with edges each millisecond, writes no more in five minutes than their share`, async () => {
    const { bytes } = await chatter(input, [1, 1], input.scenes[0] ?? "free", hourMs / 12);
    assert.ok(bytes <= mostBytes / 12, `${bytes} bytes`);
  });

test("on the plug contact is a fault with a name", async () => {
  const { faults } = await chatter(plug, [60, 100], "free", 60_000);
  assert.equal([...faults], ["plug/unsteady"]);
});

test("on a button is a fault with a name", async () => {
  const { faults } = await chatter(select, [60, 100], "free", 60_000);
  assert.equal([...faults], ["button/unsteady"]);
});

test.run();
