// A button at a connector, from the contact to the receipt: at a small station where every answer can be seen, and on the
// bench with the real drivers.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StationEvent } from "../../../agent/core/station/station-event.js";
import type { Config } from "../../../config/schema.js";
import { stuckAfterMs } from "../../../drivers/gpio/gpio-button.js";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";
import { Street } from "../../support/street/street.js";

const ada = "04A23B1C5D6E80";
const ben = "9F3C77E1";

/** Both connectors with a button: the first selects, the second may stop where a test says so. */
const withButtons =
  (second: "select" | "stop" = "select") =>
  (config: Config): Config => ({
    ...config,
    connectors: config.connectors.map((one) => ({
      ...one,
      button: { gpio: 24 + one.id * 8, activeLow: true, does: one.id === 2 ? second : "select" },
    })),
  });

const pressed = suite("a button at a connector");
const stationWith = (second: "select" | "stop" = "select"): TestStation =>
  new TestStation(testStationConfig(withButtons(second)));
const press = async (station: TestStation, connector: number): Promise<void> => {
  station.services.station.buttonHandler.heard(connector, { pressed: true, stuck: false, moment: station.clock.now() });
  await station.clock.pass(100);
};
const pressAnswers = (station: TestStation): string[] =>
  station.event.flatMap((event) =>
    event.type === "press" ? [`${event.connector} ${event.accepted ? "yes" : "no"}: ${event.answer}`] : [],
  );
const words = (station: TestStation): readonly StationEvent["type"][] =>
  station.files
    .peek("/state/journal/segment-00000001.jsonl")
    .toString("utf8")
    .match(/(?<="type":")(ConnectorChosen|ChoiceLapsed|CardWaits|CardLapsed|CardAccepted|StopRequested)/g) as never;

pressed("of two cars that wait, the card starts the one whose button was pressed, and its lamp said so", async () => {
  const station = stationWith();
  await station.plug(2);
  await station.plug(1);
  await press(station, 2);
  assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["waiting-for-card", "chosen"]);
  await station.tap(ada);
  assert.equal([station.session(1).state, station.session(2).state], ["occupied", "charging"]);
  assert.is(station.outlet(1).shown, "waiting-for-card");
  assert.equal(pressAnswers(station), ["2 yes: chosen: hold your card to the reader"]);
  assert.equal(station.answers(), ["accepted: connector 2 starts"]);
  await station.close();
});

pressed(
  "a card that was tapped after the press waits for that connector alone, and its lamp is the one that asks for the plug",
  async () => {
    const station = stationWith();
    await press(station, 2);
    assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["available", "chosen"]);
    await station.tap(ada);
    assert.equal(station.answers(), ["accepted: plug in the car at connector 2"]);
    assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["available", "waiting-for-plug"]);
    await station.plug(1);
    assert.is(station.session(1).state, "occupied");
    await station.plug(2);
    assert.is(station.session(2).state, "charging");
    await station.close();
  },
);

pressed("a card that waits already is given to the connector that is pressed after it", async () => {
  const station = stationWith();
  await station.tap(ada);
  assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["waiting-for-plug", "waiting-for-plug"]);
  await press(station, 2);
  assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["available", "waiting-for-plug"]);
  await station.plug(1);
  await station.plug(2);
  assert.equal([station.session(1).state, station.session(2).state], ["occupied", "charging"]);
  await station.close();
});

pressed("a card that waits, held again after the button of a car that was there before, starts that car", async () => {
  const station = stationWith();
  await press(station, 2);
  await station.tap(ada);
  await station.plug(1);
  await press(station, 1);
  assert.is(station.session(1).state, "occupied", "a press starts nothing by itself");
  assert.is(station.outlet(1).shown, "chosen");
  await station.tap(ada);
  assert.is(station.session(1).state, "charging");
  assert.is(station.services.station.stationState().waiting.size, 0);
  assert.equal(words(station), ["ConnectorChosen", "CardWaits", "ConnectorChosen", "CardLapsed", "CardAccepted"]);
  await station.close();
});

pressed(
  "while a card waits for its chosen connector, another driver's card starts the car beside it, and the first one goes on waiting",
  async () => {
    const station = stationWith();
    await press(station, 2);
    await station.tap(ada);
    await station.plug(1);
    await station.tap(ben);
    await station.plug(2);
    assert.equal(
      [station.session(1), station.session(2)].map((session) =>
        session.state === "charging" ? session.sale.opening.acceptance.token.uid : session.state,
      ),
      [ben, ada],
    );
    await station.close();
  },
);

pressed("a choice lapses after the time of an authorisation, and a refused card does not end it", async () => {
  const station = stationWith();
  await station.plug(1);
  await press(station, 2);
  await station.tap("04DEADBEEF1234");
  await station.clock.pass(station.config.timing.authorisation - 300);
  assert.is(station.outlet(2).shown, "chosen");
  await station.clock.pass(300);
  assert.is(station.outlet(2).shown, "available");
  await station.tap(ada);
  assert.is(station.session(1).state, "charging");
  assert.equal(words(station), ["ConnectorChosen", "ChoiceLapsed", "CardAccepted"]);
  await station.close();
});

pressed("a restart forgets a choice, and says so in the journal", async () => {
  const station = stationWith();
  await press(station, 2);
  const next = await station.again();
  await next.clock.pass(100);
  assert.is(next.outlet(2).shown, "available");
  assert.equal(words(next), ["ConnectorChosen", "ChoiceLapsed"]);
  await next.close();
});

pressed("pressed a hundred times it is written down a few times", async () => {
  const station = stationWith();
  for (let times = 0; times < 100; times += 1) await press(station, 2);
  assert.is(words(station).length, 1);
  await station.close();
});

pressed("a button that selects ends nothing, whatever runs there; the lamp answers", async () => {
  const station = stationWith();
  await station.plug(1);
  await station.tap(ada);
  await station.clock.pass(10_000);
  await press(station, 1);
  assert.is(station.session(1).state, "charging");
  assert.is(station.outlet(1).closed, true);
  assert.is(station.outlet(1).shown, "refused");
  assert.equal(pressAnswers(station), ["1 no: in use"]);
  await station.clock.pass(station.config.timing.refusalShown);
  assert.is(station.outlet(1).shown, "suspended", "the car here asks for no power");
  await station.close();
});

pressed(
  "a button that may stop ends its own connector's session as the driver's word, and that is on the receipt",
  async () => {
    const station = stationWith("stop");
    await press(station, 2);
    for (const connector of [1, 2]) {
      await station.plug(connector);
      await station.tap(connector === 1 ? ada : ben);
    }
    await press(station, 2);
    await station.charge(2, 100);
    await station.clock.pass(60_000);
    assert.is(station.session(2).state, "charging", "it had only just begun");
    await press(station, 2);
    assert.is(station.outlet(2).closed, false);
    await station.clock.pass(5_000);
    assert.equal([station.session(1).state, station.session(2).state], ["charging", "finishing"]);
    await press(station, 2);
    assert.equal(pressAnswers(station), [
      "2 no: nothing to stop",
      "2 no: the session has only just begun",
      "2 yes: connector 2 stops",
      "2 no: the session is over: unplug the car first",
    ]);
    assert.equal(
      station.event.flatMap((event) =>
        event.type === "stopping" ? [[event.connector, event.reason, event.detail]] : [],
      ),
      [[2, "Local", "stopped by button"]],
    );
    await station.close();
  },
);

pressed("a button of a connector that is out of order chooses nothing", async () => {
  const station = stationWith();
  station.services.remote.setOperative(2, false, "csms");
  await press(station, 2);
  assert.equal(pressAnswers(station), ["2 no: out of order: taken out of service by csms"]);
  assert.is(station.services.station.stationState().chosen.size, 0);
  await station.close();
});

pressed(
  "a button that is stuck is a fault of its own, which keeps nobody from charging, and is over when it is let go",
  async () => {
    const station = stationWith();
    const heard = (stuck: boolean): void =>
      station.services.station.buttonHandler.heard(1, { pressed: false, stuck, moment: station.clock.now() });
    heard(true);
    await station.plug(1);
    await station.tap(ada);
    assert.is(station.session(1).state, "charging");
    heard(false);
    assert.equal(
      station.event.flatMap((event) =>
        event.type === "fault" || event.type === "recovered" ? [`${event.type} ${event.code} ${event.device}`] : [],
      ),
      ["fault button/stuck button 1", "recovered button/stuck button 1"],
    );
    await station.close();
  },
);

pressed.run();

const onTheBench = suite("a button on the bench");
const minute = 60_000;

/**
 * The street's scenario with buttons, power cut at `cutMs` into it where one is wanted; answers the receipts' connectors
 * and stop details, and what was told.
 */
async function scenario(
  second: "select" | "stop",
  agenda: Parameters<typeof Street.open>[0]["agenda"],
  cutMs?: number,
): Promise<{ receipts: string[]; told: string[] }> {
  const street = await Street.open({ agenda, scenarioMs: 30 * minute, change: withButtons(second) });
  try {
    if (cutMs !== undefined) {
      await street.live({ untilMs: street.before.clock.monoMs + cutMs });
      street.restarted();
    }
    assert.is((await street.live()).how, "scenario-over");
    const { event } = street.seen;
    return {
      receipts: event.flatMap((one) => (one.type === "receipt" ? [`${one.connector}: ${one.kwh} kWh`] : [])),
      told: event.flatMap((one) =>
        one.type === "press"
          ? [`press ${one.connector} ${one.accepted}`]
          : one.type === "session-began"
            ? [`began ${one.connector}`]
            : one.type === "stopping"
              ? [`stopping ${one.connector} ${one.detail}`]
              : one.type === "fault" || one.type === "recovered"
                ? [`${one.type} ${one.code}`]
                : [],
      ),
    };
  } finally {
    await street.close();
  }
}
const tapOf = (uid: string) => ({ do: "present", reader: "front", uids: [uid], forMs: 1_500 }) as const;

const choosing = (startMs: number) => [
  { monoMs: startMs + 20_000, act: { do: "plug", connector: 2, powerW: 7_000, wantsWh: 20_000 } as const },
  { monoMs: startMs + 30_000, act: { do: "plug", connector: 1, powerW: 7_000, wantsWh: 20_000 } as const },
  { monoMs: startMs + 40_000, act: { do: "press", connector: 2, forMs: 200 } as const },
  { monoMs: startMs + 50_000, act: tapOf(ada) },
  { monoMs: startMs + 10 * minute, act: tapOf(ada) },
];

onTheBench("the card starts the car whose button was pressed, through real contacts", async () => {
  const { told, receipts } = await scenario("select", choosing);
  assert.equal(told, ["press 2 true", "began 2", "stopping 2 stopped by card"]);
  assert.is(receipts.length, 1);
});

onTheBench(
  "a process that dies after the card waited for its chosen connector brings the same session back",
  async () => {
    // Press, tap, then the car at the chosen connector: the life ends while it charges, and the next one must find
    // which connector took the card.
    const agenda = (startMs: number) => [
      { monoMs: startMs + 20_000, act: { do: "press", connector: 2, forMs: 200 } as const },
      { monoMs: startMs + 30_000, act: tapOf(ada) },
      { monoMs: startMs + 35_000, act: { do: "plug", connector: 1, powerW: 7_000, wantsWh: 20_000 } as const },
      { monoMs: startMs + 40_000, act: { do: "plug", connector: 2, powerW: 7_000, wantsWh: 20_000 } as const },
    ];
    const { told, receipts } = await scenario("select", agenda, 5 * minute);
    assert.equal(told, ["press 2 true", "began 2", "stopping 2 the station was restarted during the session"]);
    assert.is(receipts.length, 1);
    assert.match(receipts[0] ?? "", /^2: 0\.[45]/);
  },
);

onTheBench("a finger that lies on a stop button ends one session, and is a stuck button after a minute", async () => {
  const { told, receipts } = await scenario("stop", (startMs) => [
    { monoMs: startMs + 20_000, act: { do: "plug", connector: 2, powerW: 7_000, wantsWh: 20_000 } as const },
    { monoMs: startMs + 50_000, act: tapOf(ada) },
    { monoMs: startMs + 5 * minute, act: { do: "press", connector: 2, forMs: stuckAfterMs * 3 } as const },
    { monoMs: startMs + 6 * minute, act: { do: "unplug", connector: 2 } as const },
    { monoMs: startMs + 7 * minute, act: { do: "plug", connector: 2, powerW: 7_000, wantsWh: 20_000 } as const },
    { monoMs: startMs + 7.5 * minute, act: tapOf(ben) },
    { monoMs: startMs + 20 * minute, act: tapOf(ben) },
  ]);
  assert.equal(told, [
    "began 2",
    "press 2 true",
    "stopping 2 stopped by button",
    "fault button/stuck",
    "began 2",
    "recovered button/stuck",
    "stopping 2 stopped by card",
  ]);
  assert.is(receipts.length, 2);
});

onTheBench.run();
