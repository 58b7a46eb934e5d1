// What an OCPP uplink remembers for the CSMS beside the receipts: reservations that were used or ran out, and the
// restarts that it asked for.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Csms } from "../../../support/sync/csms.js";
import {
  drained,
  letGo,
  type OpenUplink,
  ocppConfig,
  openUplink,
  type World,
  world,
} from "../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";

const test = suite("what a CSMS is told later");
test.after.each(letGo);
let again: OpenUplink;

type Scene = {
  readonly csms: Csms;
  readonly lasting: World;
  readonly station: SimulatedStation;
  readonly now: OpenUplink;
};

async function scene(protocol: string): Promise<Scene> {
  const csms = await Csms.open([protocol]);
  const lasting = world();
  const station = new SimulatedStation(lasting.clock, lasting.book);
  return { csms, lasting, station: station, now: openUplink(lasting, ocppConfig(csms.url), {}, station) };
}

const card = { uid: "04A1B2C3D4E5F6", type: "RFID", contractId: "C", countryCode: "DE", partyId: "ABC" } as const;
const reserve = ({ station, lasting }: Scene, id: string, untilMs = lasting.clock.now().at + 3_600_000): void =>
  station.happens({
    type: "Reserved",
    moment: lasting.clock.now(),
    reservation: { id, by: id.split(":")[0] ?? "", connector: 1, token: card, untilMs },
  });
const online = async ({ csms, lasting, now }: Scene): Promise<void> => {
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length >= 1);
  await quiet(lasting);
};
async function quiet({ clock }: World): Promise<void> {
  for (let calm = 0; calm < 3; calm = clock.inFlight === 0 ? calm + 1 : 0)
    await new Promise((resolve) => setImmediate(resolve));
}

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"]) {
  const begin = protocol === "ocpp1.6" ? "StartTransaction" : "TransactionEvent";
  test(`${protocol}: a session that used the CSMS's reservation names it at its begin; one that used another's does not`, async () => {
    const told = await scene(protocol);
    const { csms, station, lasting } = told;
    await online(told);
    reserve(told, "csms:17");
    station.begins(1);
    await csms.until(() => csms.of(begin).length === 1);
    await quiet(lasting);
    assert.is(csms.of(begin)[0]?.payload["reservationId"], 17);
    station.settles();
    told.now.outbox.kick();
    await drained(told.now.outbox);
    reserve(told, "other:18");
    const before = csms.of(begin).length;
    station.begins(1, "another");
    await csms.until(() => csms.of(begin).length === before + 1);
    assert.is(csms.of(begin).at(-1)?.payload["reservationId"], undefined);
    assert.equal(csms.violations, []);
  });

  test(`${protocol}: so does one that was over before the line was up again, after a restart of ours`, async () => {
    const told = await scene(protocol);
    const { csms, station, lasting, now } = told;
    csms.mood = { at: "connect", how: "refused" };
    now.outbox.begin();
    reserve(told, "csms:17");
    station.begins(1);
    station.settles();
    await now.outbox.stop();
    csms.mood = undefined;
    const again = openUplink(lasting, ocppConfig(csms.url), {}, station);
    await drained(again.outbox);
    assert.is(csms.of(begin)[0]?.payload["reservationId"], 17);
    lasting.book.sell();
    await drained(again.outbox);
    assert.equal(lasting.events.read().reserved, [], "what was told is forgotten");
    assert.equal(csms.violations, []);
  });
}

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: reservations that ran out while the line was down are told when it is up again, where the version has a word for it`, async () => {
    const told = await scene(protocol);
    const { csms, station, lasting, now } = told;
    csms.mood = { at: "connect", how: "refused" };
    now.outbox.begin();
    const moment = lasting.clock.now();
    for (const [id, by] of [
      ["csms:5", "clock"],
      ["other:6", "clock"],
      ["csms:7", "csms"],
      ["csms:8", "the operator"],
    ] as const) {
      reserve(told, id);
      station.happens({ type: "ReservationEnded", moment, id, outcome: by === "clock" ? "expired" : "cancelled", by });
    }
    csms.mood = undefined;
    lasting.book.sell();
    await now.outbox.now();
    await drained(now.outbox);
    if (protocol !== "ocpp1.6") await csms.until(() => csms.of("ReservationStatusUpdate").length === 2);
    await quiet(lasting);
    assert.equal(
      csms.of("ReservationStatusUpdate").map(({ payload }) => payload),
      protocol === "ocpp1.6"
        ? []
        : [
            { reservationId: 5, reservationUpdateStatus: "Expired" },
            { reservationId: 8, reservationUpdateStatus: "Removed" },
          ],
    );
    assert.equal(csms.violations, []);
  });

for (const [when, busy, by, reason] of [
  ["now", false, "csms", "RemoteReset"],
  ["now", true, "csms", "RemoteReset"],
  ["when-idle", false, "csms", "RemoteReset"],
  ["when-idle", true, "csms", "ScheduledReset"],
  ["now", false, "another backend", "ApplicationReset"],
] as const)
  test(`a restart that ${by} asked for (${when}${busy ? ", while something runs" : ""}) is told as ${reason}, and the one after it is not`, async () => {
    const told = await scene("ocpp2.0.1");
    const { csms, station, lasting } = told;
    await online(told);
    if (busy) station.begins(1);
    station.happens({ type: "RestartAsked", moment: lasting.clock.now(), when, by });
    // A BootNotification that is asked for before the restart takes nothing away.
    const asked = told.now.uplink.triggered("BootNotification", undefined);
    assert.type(asked, "function");
    if (typeof asked === "function") asked();
    await csms.until(() => csms.of("BootNotification").length === 2);
    await quiet(lasting);
    if (busy) station.settles();
    await drained(told.now.outbox);
    for (let run = 0; run < 2; run += 1) {
      await (run === 0 ? told.now : again).outbox.stop();
      again = openUplink(lasting, ocppConfig(csms.url), {}, station);
      again.outbox.begin();
      await csms.until(() => csms.of("BootNotification").length === 3 + run);
      await quiet(lasting);
    }
    assert.equal(
      csms
        .of("BootNotification")
        .map(({ payload }) => payload["reason"])
        .slice(2),
      [reason, "ApplicationReset"],
    );
    assert.equal(csms.violations, []);
  });

test.run();
