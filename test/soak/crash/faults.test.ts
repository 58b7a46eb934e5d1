// Devices, disk and clock fail while a car charges: the contactor opens, the session is settled to what is certain, and
// the receipt says why.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Agent } from "../../../agent/app/agent.js";
import { kwhExact } from "../../../agent/core/number/energy-text.js";
import type { SalePayload } from "../../../agent/core/receipt/receipt-payload.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import type { AgentEvent } from "../../../agent/station/events.js";
import { directionFault } from "../../../agent/technician/device-requests.js";
import { loadMeterMap } from "../../../config/meter-map.js";
import type { Bench } from "../../../drivers/bench/bench.js";
import type { MeterValues } from "../../../drivers/bench/rtu-image.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { WorldAct } from "../../../drivers/bench/world.js";
import { type AuditOptions, audit } from "../../support/street/books.js";
import { finish } from "../../support/street/cuts.js";
import { Street, type StreetOptions } from "../../support/street/street.js";

const powerW = 10_000;
const lostAfterMs = 20_000;
const silenceMs = 400;
const tap = (uid: string, forMs = 2_500): WorldAct => ({ do: "present", reader: "front", uids: [uid], forMs });
/** A car that comes, charges and goes away after four minutes; the rest is up to the test. */
const visit = (...more: readonly (readonly [number, WorldAct])[]): StreetOptions => ({
  scenarioMs: 260_000,
  startsAt: Date.UTC(2026, 10, 24, 12, 0, 0),
  // Silence is waited for in real time.
  change: (config) => ({
    ...config,
    connectors: config.connectors.map((one) => ({ ...one, meter: { ...one.meter, timeout: silenceMs } })),
  }),
  agenda: (startMs) =>
    [
      [4, { do: "plug", connector: 1, powerW, wantsWh: 30_000 }] as const,
      [8, tap(scenarioCards.ada)] as const,
      ...more,
      [250, { do: "unplug", connector: 1 }] as const,
    ].map(([seconds, act]) => ({ monoMs: startMs + seconds * 1_000, act })),
});

/** What happens to the bench so many seconds after the start. */
type Happening = readonly [number, (bench: Bench, agent: Agent) => void];
type Told = {
  readonly street: Street;
  readonly sales: readonly SalePayload[];
  readonly faults: string[];
  readonly event: readonly AgentEvent[];
};

async function told(
  scenario: StreetOptions,
  happenings: readonly Happening[],
  options: AuditOptions = {},
): Promise<Told> {
  const street = await Street.open(scenario);
  try {
    const during = (bench: Bench, agent: Agent): void => {
      const { monoMs } = bench.clock.now();
      for (const [seconds, happen] of happenings) bench.clock.at(monoMs + seconds * 1_000, () => happen(bench, agent));
    };
    const ended = await street.live({ during });
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    const { sales } = audit(street, options);
    const { event } = street.seen;
    const faults = event.flatMap((one) =>
      one.type === "fault" ? [`+${one.code}`] : one.type === "recovered" ? [`-${one.code}`] : [],
    );
    return { street, sales, faults, event };
  } finally {
    await street.close();
  }
}

/** Lets the meter of connector 1 tell other values than the true ones. */
const meterTells =
  (change: (values: MeterValues) => Partial<MeterValues>): Happening[1] =>
  ({ rtu, world }) => {
    const serial = String(23_000_000 + 31 * 64 + 1);
    rtu.get("rs485")?.attach(1, loadMeterMap("eastron-sdm630-v2"), () => {
      const values = { ...world.meterValues(1), serial };
      return { ...values, ...change(values) };
    });
  };
/** What may flow between the last good reading and the open contactor: the limit, a poll before it and one after. */
const unbilledAtMost = (powerW * 1.03 * (lostAfterMs + 3 * 5_000)) / 3_600 + 1_000;

/** From now on its register stands, and its power has the other sign. */
const backwards: Happening[1] = (bench, agent) => {
  const { energyMilliWh } = bench.world.meterValues(1);
  meterTells(({ powerW: trueW }) => ({ energyMilliWh, powerW: -trueW }))(bench, agent);
};

const meters = suite("a meter that fails while a car charges");

const broken: readonly {
  readonly what: string;
  readonly happen: Happening[1];
  readonly code: RegExp;
  readonly unbilled?: number;
}[] = [
  {
    what: "falls silent",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "silent" }, 10_000),
    code: /meter\/timeout/,
  },
  {
    what: "answers too late",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "slow", ms: silenceMs + 50 }, 10_000),
    code: /meter\/timeout/,
  },
  {
    what: "answers the question before",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "late" }, 10_000),
    code: /meter\/(timeout|garbled)/,
  },
  {
    what: "sends wrong checksums",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "wrong-crc" }, 10_000),
    code: /meter\/garbled/,
  },
  {
    what: "cuts its answers",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "cut", bytes: 4 }, 10_000),
    code: /meter\/garbled/,
  },
  {
    what: "answers with exceptions",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "exception", code: 4 }, 10_000),
    code: /meter\/exception/,
  },
  {
    what: "tells no numbers",
    happen: ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "all-ones" }, 10_000),
    code: /meter\/implausible/,
  },
  {
    what: "jumps ahead",
    happen: meterTells(({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh + 50_000_000 })),
    code: /meter\/implausible/,
  },
  {
    what: "runs backwards",
    happen: meterTells(({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh - 5_000_000 })),
    code: /meter\/implausible/,
  },
  { what: "starts at zero again", happen: meterTells(() => ({ energyMilliWh: 0 })), code: /meter\/implausible/ },
  {
    what: "is another one after a silence",
    happen: (bench, agent) => {
      meterTells(() => ({ serial: "99000001" }))(bench, agent);
      bench.rtu.get("rs485")?.inject(1, { kind: "silent" });
    },
    code: /meter\/serial-changed/,
  },
  { what: "loses its adapter", happen: ({ rtu }) => rtu.get("rs485")?.vanish(), code: /port\/(lost|missing)/ },
  {
    what: "goes on telling one register",
    happen: ({ rtu }) => rtu.get("rs485")?.freeze(1),
    code: /meter\/stale/,
    unbilled: 200_000 + 40_000,
  },
];
for (const { what, happen, code, unbilled = 0 } of broken)
  meters(`that ${what} opens the contactor and is billed to its last good reading`, async () => {
    const { street, sales, faults, event } = await told(visit(), [[60, happen]], {
      unbilledAtMost: unbilledAtMost + unbilled,
    });
    assert.is(sales.length, 1);
    const [sold] = sales;
    if (sold === undefined) return;
    const { stop, finish: end } = sold.sale;
    assert.is(stop.reason, "MeterFault", stop.detail);
    assert.match(
      stop.detail,
      /no good meter value for \d+ s: .*; no end reading could be had: billed to the last good reading/,
    );
    assert.match(faults.join(" "), code);
    assert.ok(faults.length <= 6, `told once, not at every look: ${faults.join(" ")}`);
    assert.ok(
      Date.parse(end.at) <= Date.UTC(2026, 10, 24, 12, unbilled > 0 ? 3 : 1, 0),
      `the last good reading is not stamped anew: ${end.at}`,
    );
    const stopped = event.find((one) => one.type === "stopping");
    assert.ok(
      stopped !== undefined &&
        stopped.at <= Date.UTC(2026, 10, 24, 12, 1, 0) + lostAfterMs + 12_000 + (unbilled > 0 ? 100_000 : 0),
    );
    assert.equal(Object.values(street.world.coils).filter(Boolean), []);
  });

meters("that spikes once loses nothing: the next good reading counts", async () => {
  const { sales, faults } = await told(visit(), [
    [60, meterTells(({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh + 50_000_000 }))],
    [66, meterTells(() => ({}))],
  ]);
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
  assert.equal(faults, ["+meter/implausible", "-meter/implausible"]);
});

meters(
  "that tells an old value sells nothing to the next driver, who later pays for no energy but the own",
  async () => {
    const rtuOf = (bench: Bench) => bench.rtu.get("rs485");
    const scenario: StreetOptions = {
      ...visit(),
      scenarioMs: 460_000,
      agenda: (startMs) =>
        (
          [
            [4, { do: "plug", connector: 1, powerW, wantsWh: 30_000 }],
            [8, tap(scenarioCards.ada)],
            [100, { do: "unplug", connector: 1 }],
            [150, { do: "plug", connector: 1, powerW, wantsWh: 30_000 }],
            [155, tap(scenarioCards.ben)],
            [300, tap(scenarioCards.ben)],
            [450, { do: "unplug", connector: 1 }],
          ] as const satisfies readonly (readonly [number, WorldAct])[]
        ).map(([seconds, act]) => ({ monoMs: startMs + seconds * 1_000, act })),
    };
    let registerThen = 0;
    const { sales, faults, event } = await told(
      scenario,
      [
        [96, (bench) => rtuOf(bench)?.freeze(1)],
        [200, (bench) => rtuOf(bench)?.thaw(1)],
        [290, ({ world }) => void (registerThen = world.meterValues(1).energyMilliWh)],
      ],
      // The first driver's last seconds, which the meter did not tell.
      { unbilledAtMost: (powerW * 1.03 * 10_000) / 3_600 + 1_000 },
    );
    assert.is(sales.length, 2);
    assert.match(sales[0]?.sale.stop.detail ?? "", /the meter still showed \d+ W after the contactor opened/);
    assert.is(sales[1]?.sale.begin.registerKwh, kwhExact(Math.floor(registerThen / 1_000) * 1_000));
    assert.equal(faults, ["+meter/power-while-open", "-meter/power-while-open"]);
    const refused = event.find((one) => one.type === "tap" && !one.accepted);
    assert.match(
      refused?.type === "tap" ? refused.answer : "",
      /no session can start: the meter shows \d+ W while the contactor is open/,
    );
  },
);

meters(
  "that is wired backwards ends the session with its fault, and nothing runs on the driver's account",
  async () => {
    // A car that asks for no power, until an idle fee runs; then it charges, and the meter shows -10 kW.
    const backwardsFromS = 90;
    const { sales, faults } = await told(
      {
        ...visit(),
        change: (config) => ({
          ...(visit().change?.(config) ?? config),
          timing: { ...config.timing, journalReading: 10_000, idleAfter: 10_000, idleGrace: 0 },
        }),
      },
      [
        [20, meterTells(() => ({ powerW: 0 }))],
        [backwardsFromS, backwards],
      ],
      { unbilledAtMost: powerW * 60 },
    );
    const sale = sales[0]?.sale;
    assert.is(sale?.stop.reason, "MeterFault");
    assert.match(sale?.stop.detail ?? "", /wired backwards, and what the car takes is not counted/);
    assert.ok(faults.includes("+meter/backwards"), faults.join(" "));
    const idle = sale?.price.lines.filter(({ dimension }) => dimension === "PARKING_TIME") ?? [];
    assert.is(idle.length, 1, "idle before, by the meter's word");
    assert.ok(
      (idle[0]?.toMs ?? 0) <= Date.UTC(2026, 10, 24, 12, 0, 0) + backwardsFromS * 1_000,
      "and not under the fault",
    );
  },
);

/** Two cars, one after the other. */
const twoVisits = (): StreetOptions =>
  visit(
    [60, { do: "unplug", connector: 1 }],
    [120, { do: "plug", connector: 1, powerW, wantsWh: 5_000 }],
    [124, tap(scenarioCards.ben)],
  );
const refusals = (event: readonly AgentEvent[]): string[] =>
  event.flatMap((one) => (one.type === "tap" && !one.accepted ? [one.answer] : []));

meters("that was wired backwards in one session shows 0 W after it, and sells nothing in the next", async () => {
  const { sales, faults, event } = await told(twoVisits(), [[30, backwards]], {
    unbilledAtMost: Number.POSITIVE_INFINITY,
  });
  assert.is(sales.length, 1);
  assert.ok(faults.includes("+meter/backwards") && !faults.includes("-meter/backwards"), faults.join(" "));
  assert.match(refusals(event).join("\n"), /wired backwards/);
});

meters("that is set back between two sessions sells nothing in the second", async () => {
  const setBack = meterTells(({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh - 260_000_000 }));
  const { sales, faults, event } = await told(twoVisits(), [[90, setBack]]);
  assert.is(sales.length, 1);
  assert.equal(faults, ["+meter/register-fell"]);
  assert.match(refusals(event).join("\n"), /its last receipt ends at/);
});

meters("that is wired backwards in one phase is named by its phase to who looks, as its sum looks well", async () => {
  const looks: unknown[] = [];
  const turned = meterTells(({ powerW: trueW }) => ({
    powerW: trueW / 3,
    phasePowersW: [trueW / 3, -trueW / 3, trueW / 3],
  }));
  const look: Happening[1] = ({ clock }, agent) =>
    void clock.busy(
      agent
        .answer({ do: "meter-look", connector: 1, phases: true })
        .then((answer) => looks.push(answer.ok && answer.value)),
    );
  const { faults } = await told(visit(), [
    [30, turned],
    [60, look],
  ]);
  assert.equal(faults, []);
  const [seen] = looks as readonly Parameters<typeof directionFault>[0][];
  assert.ok(seen !== undefined, "the meter was looked at");
  assert.match(directionFault(seen, 11_000) ?? "", /^phase 2 is wired backwards/);
});

meters("that is disturbed for one frame or two is asked again, and nobody hears of it", async () => {
  const { sales, faults } = await told(visit(), [
    [7, ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "wrong-crc" }, 1)],
    [60, ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "silent" }, 2)],
  ]);
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
  assert.equal(faults, []);
});

meters("that failed is asked anew when a card is tapped, before the driver is turned away", async () => {
  // Between sessions it is looked at each 15 s; the card comes at 8 s.
  const silent = (bench: Bench): void => bench.rtu.get("rs485")?.inject(1, { kind: "silent" }, 10_000);
  const { sales, faults } = await told({ ...visit(), wire: silent }, [[7, ({ rtu }) => rtu.get("rs485")?.clear()]]);
  assert.equal(faults, ["+meter/timeout", "-meter/timeout"]);
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
});

meters("that tells one false register at the begin is looked at again, and the whole session is billed", async () => {
  // The car comes at 4 s, its card at 8 s: the first look of the begin is 200 kWh too high.
  let looks = 0;
  const { sales } = await told(visit(), [
    [7, meterTells(({ energyMilliWh }) => (looks++ < 5 ? { energyMilliWh: energyMilliWh + 200_000_000 } : {}))],
  ]);
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
  assert.ok(Number(sales[0]?.sale.energyKwh) > 0.5, sales[0]?.sale.energyKwh);
});

meters("that is silent for a moment loses nothing", async () => {
  const { sales, faults } = await told(visit(), [
    [60, ({ rtu }) => rtu.get("rs485")?.inject(1, { kind: "silent" }, 3)],
  ]);
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
  assert.equal(faults, ["+meter/timeout", "-meter/timeout"]);
});

meters.run();

const pins = suite("contactor, plug and cards");

pins("a contactor that does not close ends the session, which costs nothing", async () => {
  const { sales, faults } = await told(visit(), [[1, ({ world }) => world.stick(1, "open")]]);
  assert.equal(
    sales.map(({ sale }) => [sale.stop.reason, sale.energyKwh, sale.price.due.gross]),
    [["ContactorFault", "0.000", "0.00"]],
  );
  assert.ok(faults.includes("+contactor/not-closing"));
});

pins("a welded contactor is a fault that stands, and nothing more is sold there", async () => {
  const { sales, faults, event } = await told(
    visit(
      [100, tap(scenarioCards.ada)],
      [120, { do: "unplug", connector: 1 }],
      [130, { do: "plug", connector: 1, powerW, wantsWh: 5_000 }],
      [140, tap(scenarioCards.ben)],
    ),
    [[60, ({ world }) => world.stick(1, "closed")]],
    { unbilledAtMost: Number.POSITIVE_INFINITY },
  );
  assert.is(sales.length, 1);
  assert.ok(faults.includes("+contactor/welded") && !faults.includes("-contactor/welded"), faults.join(" "));
  assert.ok(
    event.some((one) => one.type === "tap" && !one.accepted && /switch off the supply/.test(one.answer)),
    "the driver is told",
  );
});

pins("a card held for a minute is one tap", async () => {
  const scenario = visit();
  const { sales, event } = await told(
    {
      ...scenario,
      agenda: (startMs) =>
        scenario
          .agenda(startMs)
          .map(({ monoMs, act }) => ({ monoMs, act: act.do === "present" ? { ...act, forMs: 60_000 } : act })),
    },
    [],
  );
  assert.is(event.filter((one) => one.type === "tap").length, 1);
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
});

pins("two cards at once start and stop nothing", async () => {
  const { sales, event } = await told(
    visit([100, { do: "present", reader: "front", uids: [scenarioCards.ada, scenarioCards.ben], forMs: 5_000 }]),
    [],
  );
  assert.ok(event.some((one) => one.type === "tap" && /hold only one to the reader/.test(one.answer)));
  assert.is(sales[0]?.sale.stop.reason, "EVDisconnected");
});

pins("a reader that dies and comes back stops nothing, also with a card on it", async () => {
  const { sales, faults } = await told(visit([62, tap(scenarioCards.ada, 90_000)]), [
    [60, ({ fields }) => fields.get("front")?.chip("dead")],
    [90, ({ fields }) => fields.get("front")?.chip("well")],
  ]);
  assert.equal(faults, ["+reader/lost", "+reader/missing", "-reader/lost", "-reader/missing"]);
  // The card that was laid down meanwhile is a tap when the reader is back: it is the one that stops its session.
  assert.is(sales[0]?.sale.stop.reason, "Local");
});

pins("a pin that fails while it is driven brings the process down, and the next start settles", async () => {
  const street = await Street.open(visit([100, tap(scenarioCards.ada)]));
  try {
    const ended = await street.live({
      during: (bench) => void bench.clock.at(bench.clock.now().monoMs + 60_000, () => bench.board.break(17, true)),
    });
    assert.equal(ended, { how: "exit", code: 75 });
    street.restarted();
    await finish(street);
  } finally {
    await street.close();
  }
});

pins.run();

const disk = suite("a disk that is full, ill or slow");

disk("that is full sells nothing, and says so at the tap", async () => {
  const street = await Street.open({ ...visit(), wishes: { capacityBytes: 4 * 1024 * 1024 } });
  try {
    await street.live({ untilMs: street.endMs });
    assert.ok(
      street.seen.event.some((one) => one.type === "tap" && !one.accepted && /the disk is full/.test(one.answer)),
    );
    assert.is(street.seen.began.size, 0);
  } finally {
    await street.close();
  }
});

disk(
  "that fills up opens the contactor of a running session, is no crash loop, and the session is settled when a byte can be written",
  async () => {
    const street = await Street.open(visit());
    try {
      const full = await street.live({
        during: (bench) => void bench.clock.at(bench.clock.now().monoMs + 60_000, () => street.files.fill(true)),
      });
      assert.equal(full, { how: "exit", code: 75 });
      assert.equal(Object.values(street.world.coils).filter(Boolean), []);
      street.restarted();
      street.files.fill(true);
      const waiting = await street.live({
        during: (bench) => void bench.clock.at(bench.clock.now().monoMs + 90_000, () => street.files.fill(false)),
      });
      assert.is(waiting.how, "scenario-over", JSON.stringify(waiting));
      const { sales } = audit(street);
      assert.equal(
        sales.map(({ sale }) => sale.stop.reason),
        ["Reboot"],
      );
    } finally {
      await street.close();
    }
  },
);

for (const code of ["EIO", "EROFS"] as const)
  disk(
    `that turns ${code} under a running session opens the contactor, asks for 75, and the session is settled when it is well again`,
    async () => {
      const street = await Street.open(visit());
      try {
        const ill = await street.live({
          during: (bench) => void bench.clock.at(bench.clock.now().monoMs + 60_000, () => (street.disk.code = code)),
        });
        assert.equal(ill, { how: "exit", code: 75 });
        assert.equal(Object.values(street.world.coils).filter(Boolean), []);
        street.restarted();
        const waiting = await street.live({
          during: (bench) =>
            void bench.clock.at(bench.clock.now().monoMs + 90_000, () => (street.disk.code = undefined)),
        });
        assert.is(waiting.how, "scenario-over", JSON.stringify(waiting));
        assert.equal(
          audit(street).sales.map(({ sale }) => sale.stop.reason),
          ["Reboot"],
        );
      } finally {
        await street.close();
      }
    },
  );

disk("that takes a second and a half for every fsync sells more slowly, and no mWh is missing", async () => {
  const street = await Street.open(visit());
  try {
    street.disk.slowMs = 1_500;
    const ended = await street.live();
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    assert.equal(
      audit(street).sales.map(({ sale }) => sale.stop.reason),
      ["EVDisconnected"],
    );
  } finally {
    await street.close();
  }
});

disk.run();

const clocks = suite("a clock that cannot be trusted, or jumps");
const hourMs = 3_600_000;
const lengthMs = ({ sale }: SalePayload): number => Date.parse(sale.end) - Date.parse(sale.start);

clocks("unset at boot: nothing is sold, and the driver is told why", async () => {
  const street = await Street.open(visit());
  try {
    street.world = { ...street.world, clock: { ...street.world.clock, at: 0, trust: "unsynced" } };
    const ended = await street.live();
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    assert.is(street.seen.began.size, 0);
    // At the tap itself: "accepted" and then a mere note is how it once was.
    assert.ok(
      street.seen.event.some((one) => one.type === "tap" && !one.accepted && /the clock is not set/.test(one.answer)),
    );
  } finally {
    await street.close();
  }
});

clocks(
  "unset after a power cut: what was last in force is sold on, by the kWh alone, and the receipt says so",
  async () => {
    const street = await Street.open({ ...visit(), scenarioMs: 240_000 });
    try {
      await street.live({ untilMs: street.before.clock.monoMs + 2_000 });
      street.powerCut("hard");
      const ended = await street.live({
        during: ({ clock }) => clock.adjust({ stepMs: -clock.now().at, trust: "unsynced" }),
      });
      assert.is(ended.how, "scenario-over", JSON.stringify(ended));
      const payload = payloadOf([...street.seen.receipts.values()].at(-1) ?? "");
      if (payload?.kind !== "sale") throw new Error("nothing was sold");
      const { sale } = payload;
      // Its date is not known: by the standard the CDR waits, parked with the reason.
      assert.equal(
        street.agent?.snapshot().uplinks[0]?.parked.map(({ reason }) => reason),
        ["clock"],
      );
      assert.match(sale.price.timeRule, /clock not trusted/);
      assert.equal([sale.startClock, sale.endClock], ["unsynced", "unsynced"]);
      assert.is(
        sale.price.lines.some(({ dimension }) => dimension === "TIME" || dimension === "PARKING_TIME"),
        false,
      );
    } finally {
      await street.close();
    }
  },
);

clocks(
  "unset after a power cut in a session: it is settled by the kWh until then, and the receipt says that the length of the outage is not known",
  async () => {
    const street = await Street.open(visit());
    try {
      await street.live({ untilMs: street.before.clock.monoMs + 100_000 });
      street.powerCut("hard", 3 * hourMs);
      street.world = { ...street.world, clock: { ...street.world.clock, at: 0, trust: "unsynced" } };
      const ended = await street.live({ untilMs: street.world.clock.monoMs + 60_000 });
      assert.is(ended.how, "scenario-over", JSON.stringify(ended));
      const payload = payloadOf([...street.seen.receipts.values()].at(-1) ?? "");
      if (payload?.kind !== "sale") throw new Error("nothing was sold");
      const { sale } = payload;
      assert.is(sale.stop.reason, "PowerLoss");
      assert.equal(
        sale.interruptions.map(({ from, to }) => [from.slice(0, 10), to]),
        [["2026-11-24", null]],
      );
      assert.equal([sale.startClock, sale.finish.clock, sale.endClock], ["synced", "unsynced", "unsynced"]);
      // Its start is known: the CDR goes out, from there to the last time that is known.
      assert.equal(street.agent?.snapshot().uplinks[0]?.parked, []);
      const text = street.files
        .peek(street.files.allFiles().findLast((path) => path.endsWith(".txt")) ?? "")
        .toString();
      assert.match(text, /Issued +1970-01-01 .*clock NOT SET/);
      assert.match(text, /Duration +not known/);
      assert.match(text, /Interruptions +2026-11-24 13:01:\d\d \+01:00 to the end: power cut/);
    } finally {
      await street.close();
    }
  },
);

clocks("set during a session: it is dated anew by the monotonic clock and pays the lower price", async () => {
  const street = await Street.open({ ...visit(), scenarioMs: 240_000 });
  try {
    await street.live({ untilMs: street.before.clock.monoMs + 2_000 });
    street.powerCut("hard");
    let offMs = 0;
    const ended = await street.live({
      during: ({ clock }) => {
        offMs = clock.now().at;
        clock.adjust({ stepMs: -offMs, trust: "unsynced" });
        clock.at(clock.now().monoMs + 45_000, () => clock.adjust({ stepMs: offMs, trust: "synced" }));
      },
    });
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    const sale = audit(street, {}).sales[0]?.sale;
    assert.ok(sale !== undefined);
    assert.match(sale.price.timeRule, /clock set during the session/);
    assert.equal([sale.startClock, sale.endClock], ["holdover", "synced"]);
    assert.is(sale.start.slice(0, 10), "2026-11-24");
  } finally {
    await street.close();
  }
});

for (const [what, stepMs] of [
  ["an hour ahead", hourMs],
  ["an hour back", -hourMs],
  ["a second back", -1_000],
  ["forty days back", -40 * 24 * hourMs],
] as const)
  clocks(`stepped ${what} during a session: it lasts as long as it lasted`, async () => {
    const plain = await told(visit(), []);
    const stepped = await told(visit(), [[60, ({ clock }) => clock.adjust({ stepMs })]]);
    assert.equal(stepped.sales.map(lengthMs), plain.sales.map(lengthMs));
    assert.equal(
      stepped.sales.map(({ sale }) => sale.price.due),
      plain.sales.map(({ sale }) => sale.price.due),
    );
    assert.equal(stepped.faults, []);
  });

// 2^31 seconds after 1970 end on 19 January 2038, 03:14:08.
for (const [what, startsAt] of [
  ["is set back", Date.UTC(2026, 9, 25, 0, 58, 0)],
  ["is set forward", Date.UTC(2026, 2, 29, 0, 58, 0)],
  ["outgrows 32 bits", Date.UTC(2038, 0, 19, 3, 12, 0)],
] as const)
  clocks(`local time ${what} during a session: the time that passed is billed`, async () => {
    const { sales } = await told({ ...visit(), startsAt }, []);
    assert.ok(sales.every((sale) => Math.abs(lengthMs(sale) - 240_000) < 10_000));
  });

clocks.run();
