// A disk that is full, read-only or slow while a car charges: the contactor opens, nothing is sold that could not be
// settled, and sales go on unaided when the disk is well again.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { WorldAct } from "../../../drivers/bench/world.js";
import { audit } from "../../support/street/books.js";
import { Street, type StreetOptions } from "../../support/street/street.js";

const tap = (uid: string): WorldAct => ({ do: "present", reader: "front", uids: [uid], forMs: 2_500 });
/** Two cars, one after the other; the first one's disk trouble is up to the test. */
const twoCars: StreetOptions = {
  scenarioMs: 560_000,
  startsAt: Date.UTC(2026, 10, 24, 12, 0, 0),
  agenda: (startMs) =>
    (
      [
        [4, { do: "plug", connector: 1, powerW: 10_000, wantsWh: 30_000 }],
        [8, tap(scenarioCards.ada)],
        [250, { do: "unplug", connector: 1 }],
        [420, { do: "plug", connector: 1, powerW: 9_000, wantsWh: 30_000 }],
        [424, tap(scenarioCards.ben)],
        [540, { do: "unplug", connector: 1 }],
      ] satisfies [number, WorldAct][]
    ).map(([seconds, act]) => ({ monoMs: startMs + seconds * 1_000, act })),
};
/** Does something so many seconds of bench time after this agent's start. */
const after = (seconds: number, work: () => void): Parameters<Street["live"]>[0] => ({
  during: (bench) => void bench.clock.at(bench.clock.now().monoMs + seconds * 1_000, work),
});
const coilsAreOpen = (street: Street): void => assert.equal(Object.values(street.world.coils).filter(Boolean), []);
const reasons = (street: Street): string[] => audit(street).sales.map(({ sale }) => sale.stop.reason);

const test = suite("a disk in trouble");

test("on a disk that others filled the room kept for it settles the session at once; nothing more is sold until that room is there again", async () => {
  const street = await Street.open(twoCars);
  try {
    const full = await street.live(after(60, () => street.files.takeRest()));
    assert.equal(full, { how: "exit", code: 75 });
    coilsAreOpen(street);
    street.restarted();
    street.files.takeRest();
    const settling = await street.live({ untilMs: street.world.clock.monoMs + 30_000 });
    assert.is(settling.how, "scenario-over");
    assert.equal(reasons(street), ["Reboot"]);
    assert.match(street.agent?.snapshot().closed ?? "", /full|closing/);
    assert.not.ok(street.files.allFiles().includes("/state/reserve"), "its room is spent");
    // Others make room again: it is taken anew, and the next car is served.
    street.restarted();
    street.goOn(() => [], 500_000);
    const again = await street.live();
    assert.is(again.how, "scenario-over", JSON.stringify(again));
    assert.equal(reasons(street), ["Reboot", "EVDisconnected"]);
    assert.ok(street.files.allFiles().includes("/state/reserve"));
  } finally {
    await street.close();
  }
});

test("on a disk that others took all inodes of the session is settled too, and nothing more is sold until there are some", async () => {
  const street = await Street.open(twoCars);
  try {
    street.files.inodes = 10_000;
    const taken = await street.live(after(60, () => street.files.takeRestOfInodes()));
    coilsAreOpen(street);
    assert.equal(taken, { how: "exit", code: 75 });
    street.restarted();
    street.files.takeRestOfInodes();
    const settling = await street.live({ untilMs: street.world.clock.monoMs + 30_000 });
    assert.is(settling.how, "scenario-over", JSON.stringify(settling));
    assert.is(reasons(street).length, 1, "begun before, and settled");
    assert.match(JSON.stringify(street.agent?.snapshot().faults), /inodes free, and with less than 128/);
    street.restarted();
    street.goOn(() => [], 500_000);
    const again = await street.live();
    assert.is(again.how, "scenario-over", JSON.stringify(again));
    assert.is(reasons(street).length, 2);
  } finally {
    await street.close();
  }
});

test("the room that is kept settles every session that runs, at as many connectors as there are", async () => {
  const connectors = 44;
  const uid = (id: number): string => (0x10000000 + id).toString(16).toUpperCase();
  const everyMs = 3_500;
  const chargedMs = 2 * 60_000;
  const street = await Street.open({
    scenarioMs: connectors * everyMs + 2 * chargedMs,
    startsAt: Date.UTC(2026, 10, 24, 12, 0, 0),
    change: (config) => {
      const [model] = config.connectors;
      if (model === undefined) throw new Error("the demo's config has no connector");
      const { indicator: _lamp, contactor: _contactor, ...rest } = model;
      return {
        ...config,
        tokens: Array.from({ length: connectors }, (_, index) => ({
          uid: uid(index + 1),
          contractId: `DE-CTL-${index + 1}`,
          valid: true,
          whitelist: "ALWAYS" as const,
        })),
        connectors: Array.from({ length: connectors }, (_, index) => ({
          ...rest,
          id: index + 1,
          evseId: `DE*CTL*E${String(index + 1).padStart(4, "0")}`,
          meter: { ...rest.meter, unit: index + 1, poll: 15_000 },
          contactor: { gpio: 2 * index, activeLow: false },
          plug: { gpio: 2 * index + 1, activeLow: false },
        })),
      };
    },
    agenda: (startMs) =>
      Array.from({ length: connectors }, (_, index) => index + 1).flatMap((id) => {
        const at = startMs + 1_000 + id * everyMs;
        return [
          { monoMs: at, act: { do: "plug", connector: id, powerW: 7_000, wantsWh: 50_000 } },
          { monoMs: at + 1_000, act: tap(uid(id)) },
        ] as const;
      }),
  });
  try {
    const full = await street.live(after((connectors * everyMs + chargedMs) / 1_000, () => street.files.takeRest()));
    assert.equal(full, { how: "exit", code: 75 });
    assert.is(street.seen.began.size, connectors);
    street.restarted();
    street.files.takeRest();
    const settling = await street.live({ untilMs: street.world.clock.monoMs + 5 * 60_000 });
    assert.is(settling.how, "scenario-over");
    assert.equal(
      reasons(street),
      Array.from({ length: connectors }, () => "Reboot"),
    );
  } finally {
    await street.close();
  }
});

test("a file system that turns read-only opens the contactor; the agent stays alive, sells nothing, and sells again after the remount", async () => {
  const street = await Street.open(twoCars);
  try {
    const readOnly = await street.live(after(60, () => (street.files.readOnly = true)));
    assert.equal(readOnly, { how: "exit", code: 75 });
    coilsAreOpen(street);
    street.restarted();
    street.files.readOnly = true;
    const waiting = await street.live(after(120, () => (street.files.readOnly = false)));
    assert.is(waiting.how, "scenario-over", JSON.stringify(waiting));
    assert.ok(
      street.seen.event.some((one) => one.type === "fault" && one.code === "disk/failed" && /EROFS/.test(one.message)),
    );
    assert.equal(reasons(street), ["Reboot", "EVDisconnected"]);
  } finally {
    await street.close();
  }
});

test("a disk that takes three seconds for each fsync doubles nothing and loses nothing", async () => {
  const street = await Street.open(twoCars);
  try {
    const ended = await street.live({ during: (bench) => (street.files.slow = () => bench.clock.hold(3_000)) });
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    assert.equal(reasons(street), ["EVDisconnected", "EVDisconnected"]);
  } finally {
    await street.close();
  }
});

test.run();
