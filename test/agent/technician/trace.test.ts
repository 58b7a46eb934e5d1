// A recording of the bench, with faults in it, played again through the drivers: the same readings, the same faults,
// the same taps.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../agent/core/failure.js";
import { parseTrace, TraceRecorder } from "../../../agent/technician/trace-file.js";
import { TraceSessions } from "../../../agent/technician/trace-sessions.js";
import { loadConfig } from "../../../config/load.js";
import type { Config } from "../../../config/schema.js";
import { type Bench, firstWorld, openBench } from "../../../drivers/bench/bench.js";
import { withCrc } from "../../../drivers/bench/rtu-bus.js";
import type { PlayedEvent } from "../../../drivers/bench/trace/played-event.js";
import { playTrace } from "../../../drivers/bench/trace/trace-player.js";
import { type CardTap, DeviceError, sleep } from "../../../drivers/driver.js";
import { closePins, type Machine, openMachine } from "../../../drivers/machine/open-machine.js";
import { benchStation, root } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { untilAnswers } from "../../support/cli/started-agent.js";
import { freshFolder, RunningCommand } from "../../support/command.js";

function demoConfig(): Config {
  const read = loadConfig(join(root, "config", "demo.yaml"));
  if (!read.ok) throw new Error("the demo's config cannot be read");
  const { config } = read.loaded;
  return {
    ...config,
    connectors: config.connectors.map((one) =>
      one.id === 1 ? { ...one, button: { gpio: 25, activeLow: true, does: "select" } } : one,
    ),
  };
}

type Recorded = { readonly text: string; readonly told: readonly string[] };

/** A bench of which the drivers are used by hand: what they told, and the recording of it. */
async function recorded(
  limits: { readonly bytes?: number; readonly withUids?: boolean },
  work: (machine: Machine, bench: Bench, told: string[]) => Promise<void>,
): Promise<Recorded> {
  const config = demoConfig();
  const setting = { seed: 1, speed: 0, scenario: "quiet" } as const;
  const bench = openBench(config, setting, {
    saved: () => firstWorld(config, setting),
    save: () => undefined,
    close: () => undefined,
  });
  // What is told is compared with the recording frame by frame.
  const machine = await openMachine(config, { ...bench, meterRepeats: 0 });
  const recorder = new TraceRecorder(machine, config, {
    ms: 3_600_000,
    bytes: limits.bytes ?? 1_000_000,
    withUids: limits.withUids === true,
  });
  machine.start();
  const told: string[] = [];
  try {
    await work(machine, bench, told);
  } finally {
    await machine.close();
  }
  recorder.stop();
  const lines: string[] = [];
  for (let ended = false; !ended; ) {
    const taken = recorder.take();
    lines.push(...taken.lines);
    ended = taken.ended;
  }
  return { text: `${lines.join("\n")}\n`, told };
}

async function played({ text }: Recorded): Promise<readonly PlayedEvent[]> {
  const { header, entries } = parseTrace("trace", text);
  return playTrace(header, entries);
}

const connector = (id: number): Config["connectors"][number] => {
  const found = demoConfig().connectors.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no connector ${id}`);
  return found;
};

const traces = suite("a recorded trace");

traces("gives the same readings and the same faults again, meter by meter", async () => {
  const recording = await recorded({}, async (machine, bench, told) => {
    const meters = [1, 2].map((id) => ({ id, meter: machine.meter(connector(id)) }));
    const faults = [
      { kind: "cut", bytes: 6 },
      { kind: "twice-at-once" },
      { kind: "silent" },
      { kind: "wrong-crc" },
      { kind: "exception", code: 4 },
      { kind: "fragmented" },
      { kind: "late" },
      { kind: "all-ones" },
    ] as const;
    for (let round = 0; round < 2 * faults.length; round += 1) {
      const fault = faults[Math.floor(round / 2)];
      if (round % 2 === 1 && fault !== undefined) bench.rtu.get("rs485")?.inject(1 + (round % 4 === 1 ? 0 : 1), fault);
      for (const { id, meter } of meters)
        try {
          const { energyMilliWh, powerW } = await meter.read();
          told.push(`${id} ${energyMilliWh} ${powerW}`);
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          told.push(`${id} ${error.code}: ${error.message.replace(/^.*?: /, "")}`);
        }
      await sleep(machine.clock, 1_000);
    }
  });
  const heard = await played(recording);
  const again = heard.flatMap((one) =>
    one.heard === "reading"
      ? [`${one.connector} ${one.energyMilliWh} ${one.powerW}`]
      : one.heard === "fault"
        ? [`${/meter (\d)/.exec(one.device)?.[1] ?? "?"} ${one.code}: ${one.message.replace(/^.*?: /, "")}`]
        : [],
  );
  for (const code of ["meter/garbled", "meter/timeout", "meter/exception", "meter/implausible"])
    assert.ok(
      recording.told.some((line) => line.includes(code)),
      `${code} was among them: ${recording.told.join("\n")}`,
    );
  assert.equal(again, recording.told);
  assert.not.ok(heard.some((one) => one.heard === "strayed"));
});

traces("loses its port where it was lost, and finds it again", async () => {
  const recording = await recorded({}, async (machine, bench, told) => {
    const meter = machine.meter(connector(1));
    for (const happen of [undefined, "vanish", "restore"] as const) {
      if (happen === "vanish") bench.rtu.get("rs485")?.inject(1, { kind: "vanish" });
      if (happen === "restore") bench.rtu.get("rs485")?.restore();
      told.push(
        await meter.read().then(
          ({ energyMilliWh }) => String(energyMilliWh),
          (error: unknown) => (error instanceof DeviceError ? error.code : String(error)),
        ),
      );
    }
  });
  assert.is(recording.told[1], "port/lost");
  const again = (await played(recording)).flatMap((one) =>
    one.heard === "reading" ? [String(one.energyMilliWh)] : one.heard === "fault" ? [one.code] : [],
  );
  assert.equal(again, recording.told);
});

/** Cards and cables of half a minute, as the drivers told them. */
const cardsAndPins = async (machine: Machine, bench: Bench, told: string[]): Promise<void> => {
  const { clock } = machine;
  const pins = machine.pins(connector(1));
  const { contactor, plug, button } = pins;
  const key = connector(1).button;
  if (button === undefined || key === undefined) throw new Error("connector 1 has no button");
  const over = new AbortController();
  const plugs = (async () => {
    for await (const { plugged } of plug.plugs(over.signal)) told.push(`plug ${plugged}`);
  })();
  const presses = (async () => {
    for await (const { pressed } of button.presses(over.signal)) told.push(`pressed ${pressed}`);
  })();
  const reader = await machine.reader("front");
  const taps = (async () => {
    for await (const tap of reader.taps(over.signal)) told.push(tapLine(tap));
  })().catch((error: unknown) => void told.push(error instanceof DeviceError ? error.code : String(error)));
  const field = bench.fields.get("front");
  const at = async (ms: number, work: () => void): Promise<void> => {
    await sleep(clock, ms);
    work();
  };
  await at(3_000, () => bench.board.driveActive(connector(1).plug, true));
  await at(1_000, () => field?.present([Buffer.from("04A23B1C5D6E80", "hex")]));
  await at(1_500, () => field?.clear());
  await at(200, () => bench.board.driveActive(key, true));
  await at(300, () => bench.board.driveActive(key, false));
  await at(0, () => contactor.set(true));
  await at(4_000, () => field?.present([Buffer.from("9F3C77E1", "hex"), Buffer.from("04A23B1C5D6E80", "hex")]));
  await at(3_000, () => field?.clear());
  await at(4_000, () => contactor.set(false));
  await at(1_000, () => field?.present([Buffer.from("9F3C77E1", "hex")]));
  await at(1_500, () => field?.chip("dead"));
  await at(3_000, () => bench.board.driveActive(connector(1).plug, false));
  await sleep(clock, 2_000);
  over.abort();
  await Promise.all([plugs, presses, taps]);
  await reader.close();
  closePins(pins);
};
const tapLine = (tap: CardTap): string => (tap.kind === "card" ? `card ${tap.uid}` : `refused: ${tap.why}`);
const cardsAndPlugs = (heard: readonly PlayedEvent[]): string[] =>
  heard.flatMap((one) =>
    one.heard === "tap"
      ? [one.tap]
      : one.heard === "plug" && one.connector === 1
        ? [`plug ${one.plugged}`]
        : one.heard === "button"
          ? [`pressed ${one.button === "pressed"}`]
          : one.heard === "fault"
            ? [one.code]
            : [],
  );

traces("gives the same taps, refusals, plug changes, presses and the same lost reader again", async () => {
  const recording = await recorded({ withUids: true }, cardsAndPins);
  assert.equal(recording.told, [
    "plug false",
    "plug true",
    "card 04A23B1C5D6E80",
    "pressed true",
    "refused: several-cards",
    "card 9F3C77E1",
    "reader/lost",
    "plug false",
  ]);
  const heard = await played(recording);
  assert.equal(cardsAndPlugs(heard), recording.told);
  assert.equal(
    heard.flatMap((one) =>
      one.heard === "contactor" && one.part === "coil" && one.connector === 1 ? [one.closed] : [],
    ),
    [false, true, false],
  );
});

traces("holds no card's number unless that was asked for, and tells the cards apart all the same", async () => {
  const recording = await recorded({}, cardsAndPins);
  assert.not.match(recording.text, /04A23B1C5D6E80|9F3C77E1/i);
  assert.equal(
    cardsAndPlugs(await played(recording)).filter((line) => line.startsWith("card")),
    ["card F0000000016E80", "card F00277E1"],
  );
});

traces(
  "of a card that nobody could read, of a phone, and of a meter that no map describes, says just that",
  async () => {
    const reader = (entry: object): string => JSON.stringify({ ms: 1_000, reader: "front", ...entry });
    const file = (...entries: string[]): string =>
      [
        JSON.stringify({
          trace: "chargetill trace 1",
          version: "0.1.0",
          station: "CT-1",
          at: "2026-11-24T12:00:00.000Z",
          cardNumbers: "whole",
          ports: { rs485: { path: "/dev/ttyUSB0", baud: 9600, parity: "none", stopBits: 1 } },
          meters: [{ connector: 1, port: "rs485", unit: 1, model: "of-another-time", timeoutMs: 1_000 }],
          readers: { front: { pollMs: 250, debounceMs: 2_000 } },
          pins: [],
        }),
        ...entries,
        JSON.stringify({ ms: 4_000, reader: "front", detection: "none" }),
        JSON.stringify({ ms: 5_000, end: "time" }),
      ].join("\n");
    const taps = async (entry: object): Promise<string[]> =>
      cardsAndPlugs(await played({ text: file(reader(entry)), told: [] }));
    assert.equal(await taps({ detection: "unreadable" }), ["refused: unreadable"]);
    assert.equal(await taps({ detection: "card", uid: "08A1B2C3" }), ["refused: random-uid"]);
    // Unit 1 is asked for two input registers from 0 on and answers 0x0102 and 0x0304.
    const out = JSON.stringify({ ms: 100, port: "rs485", out: "01040000000271cb" });
    const answer = JSON.stringify({
      ms: 120,
      port: "rs485",
      in: withCrc(Buffer.from("01040401020304", "hex")).toString("hex"),
    });
    const [first] = await played({ text: file(out, answer), told: [] });
    assert.equal(first, {
      ms: 120,
      heard: "registers",
      port: "rs485",
      unit: 1,
      request: "4 0x0000+2",
      values: [
        { register: "0x0000", value: "0102", unit: "" },
        { register: "0x0001", value: "0304", unit: "" },
      ],
    });
  },
);

traces("ends at its size, and says so", async () => {
  const recording = await recorded({ bytes: 4_000 }, async (machine) => {
    const meter = machine.meter(connector(1));
    for (let round = 0; round < 100; round += 1) await meter.read();
  });
  assert.ok(recording.text.length < 4_500, String(recording.text.length));
  assert.match(recording.text, /"end":"size"\}\n$/);
});

traces("that is torn, or none at all, is refused at its line", async () => {
  const folder = freshFolder();
  const recording = await recorded({}, async (machine) => void (await machine.meter(connector(1)).read()));
  const refusal = (name: string, text: string): unknown => {
    try {
      return parseTrace(name, text);
    } catch (error) {
      return error instanceof Failure ? `${error.code} ${error.message}` : error;
    }
  };
  assert.match(
    String(refusal("torn.jsonl", recording.text.slice(0, -20))),
    /^usage\/invalid torn\.jsonl:\d+: not valid JSON: the file is torn, or not a trace/,
  );
  assert.match(
    String(refusal("other.json", "{}")),
    /^usage\/invalid other\.json:1: not the header of a "chargetill trace 1"/,
  );
  const cut = join(folder, "cut.jsonl");
  writeFileSync(cut, `${recording.text.split("\n").slice(0, -3).join("\n")}\n`);
  const without = await chargetill("trace", "replay", cut);
  assert.is(without.code, 1);
  assert.match(without.out, /the recording has no end: the file is truncated/);
});

traces.run();

const live = suite("looking into a running agent");

live("its log level is turned for a time and falls back by itself; a trace of it is taken and played", async () => {
  const { config, folder } = benchStation({ quiet: false, speed: 200 });
  const agent = new RunningCommand(["run", "--config", config]);
  const wrong = await chargetill("log", "level", "debug", "for", "25h", "--config", config);
  assert.is(wrong.code, 2);
  assert.match(wrong.err, /"25h" is not a time from 1s to 24h/);
  await agent.until(/"type":"started"/);
  await untilAnswers(agent, config);
  const turned = await chargetill("log", "level", "debug", "for", "2m", "--json", "--config", config);
  assert.is(turned.code, 0, turned.err);
  const { level, was } = JSON.parse(turned.out) as { level: string; was: string };
  assert.equal([level, was], ["debug", "info"]);
  await agent.until(/"level":20,.*rs485: out /);
  const out = join(folder, "trace.jsonl");
  const made = await chargetill("trace", "record", "--for", "3m", "--out", out, "--config", config);
  assert.is(made.code, 0, made.err);
  // The recording took longer than the level was to last.
  assert.match(
    (await chargetill("log", "level", "--config", config)).out,
    /the agent logs at level info, as the config says/,
  );
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  const { header, entries } = parseTrace(out, readFileSync(out, "utf8"));
  assert.equal(entries.at(-1), { ms: 180_000, end: "time" });
  const heard = await playTrace(header, entries);
  assert.ok(heard.filter((one) => one.heard === "reading").length > 10);
  assert.not.ok(heard.some((one) => one.heard === "strayed"));
});

live("no other level, and no time but from a second to a day, is taken; asked without one it only tells", async () => {
  const config = demoConfig();
  const bench = openBench(
    config,
    { seed: 1, speed: 0, scenario: "quiet" },
    {
      saved: () => firstWorld(config, { seed: 1, speed: 0, scenario: "quiet" }),
      save: () => undefined,
      close: () => undefined,
    },
  );
  const machine = await openMachine(config, bench);
  const set: string[] = [];
  const watch = new TraceSessions(config, machine, {
    level: () => "info",
    set: (level) => void set.push(level),
    debug: () => undefined,
  });
  const refusals = [
    { level: "loud", ms: 60_000 },
    { level: "debug" },
    { level: "debug", ms: 86_400_001 },
    { level: "debug", ms: 999 },
  ].map((wish) => watch.answer({ do: "log-level", ...wish })?.ok);
  assert.equal([refusals, set], [[false, false, false, false], []]);
  assert.equal(watch.answer({ do: "log-level" }), { ok: true, value: { level: "info", was: "info", untilMs: null } });
  assert.is(watch.answer({ do: "trace-take" })?.ok, false);
  assert.is(watch.answer({ do: "status" }), undefined);
  watch.close();
  await machine.close();
});

live("without an agent the devices are asked from here, and the state folder is left to the next one", async () => {
  const { config, folder } = benchStation({ speed: 60 });
  const out = join(folder, "trace.jsonl");
  const made = await chargetill("trace", "record", "--for", "2s", "--out", out, "--json", "--config", config);
  assert.is(made.code, 0, made.err);
  const replayed = await chargetill("trace", "replay", out, "--readings");
  assert.is(replayed.code, 0, replayed.err);
  assert.match(replayed.out, /READING of connector 1: \d+\.\d{3} kWh, 0 W/);
  assert.match(replayed.out, /connector 2 {2}PLUG out/);
});

live.run();
