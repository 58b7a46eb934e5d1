// The whole way from outbox to CSMS in each version of OCPP, over a real line that is cut at every step of every
// session.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kwhExact } from "../../../../agent/core/number/energy-text.js";
import { price } from "../../../support/sample-receipt.js";
import { Csms, type Got, type Mood, stepOf } from "../../../support/sync/csms.js";
import { drained, letGo, ocppConfig, openUplink, type World, world } from "../../../support/sync/ocpp-bench.js";

/** CI plays more sessions. */
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);

const test = suite("an OCPP line that is cut");
test.after.each(letGo);

const onTheWay: readonly Mood[] = (["refused", "cut-upgrade"] as const).map((how) => ({ at: "connect", how }));
const inTheMiddle = (["Started", "Ended"] as const).flatMap((at) =>
  (["lost-request", "lost-answer", "half-answer", "InternalError"] as const).map((how): Mood => ({ at, how })),
);

/** What every session must have come to, whatever happened on the way. */
function proven(csms: Csms, { book }: World, protocol: string): void {
  const events = csms.got.filter(({ action, payload }) =>
    ["Started", "Updated", "Ended"].includes(stepOf(action, payload) ?? ""),
  );
  if (protocol === "ocpp1.6") proven16(events, book);
  else proven2x(events, book, protocol);
}

const first = <T>(values: Iterable<T>): T => [...values][0] as T;
function grouped<T, Key>(values: readonly T[], keyOf: (value: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}

type Fields = Readonly<Record<string, unknown>>;

function proven2x(events: readonly Got[], book: World["book"], protocol: string): void {
  for (let number = 2; number <= book.last(); number += 1) {
    const mine = events.filter(
      ({ payload }) => (payload["transactionInfo"] as Fields)["transactionId"] === `session-${number}`,
    );
    const bySeqNo = grouped(mine, ({ payload }) => payload["seqNo"] as number);
    // Gapless from 0, in this order of first arrival, and all copies of one event alike.
    assert.equal([...bySeqNo.keys()], [0, 1], `session ${number}`);
    for (const copies of bySeqNo.values()) assert.is(new Set(copies.map(({ text }) => text)).size, 1);
    const [started, ended] = [...bySeqNo.values()].map((copies) => first(copies).payload);
    assert.is(started?.["eventType"], "Started");
    assert.ok(ended);
    assert.is(ended["eventType"], "Ended");
    assert.is(ended["offline"], true);
    const [begin, end] = (
      ended["meterValue"] as readonly {
        readonly sampledValue: readonly [{ readonly value: number; readonly signedMeterValue?: Fields }];
      }[]
    ).map(({ sampledValue }) => sampledValue[0]);
    assert.is(begin?.value, 1_234_500 + number * 20_000);
    assert.is((end?.value ?? 0) - (begin?.value ?? 0), 12_345);
    assert.is(
      Buffer.from(String(end?.signedMeterValue?.["signedMeterData"]), "base64").toString(),
      book.issued[number - 1]?.ocmf,
    );
    const info = ended["transactionInfo"] as Fields;
    assert.is((info["customData"] as Fields)["total"], price.due.gross);
    assert.is((info["customData"] as Fields)["energyKwh"], kwhExact(12_345_000));
    assert.is(info["stoppedReason"], "Local");
    const cost = ended?.["costDetails"] as
      | { readonly totalCost: { readonly total: Fields }; readonly totalUsage: Fields }
      | undefined;
    if (protocol === "ocpp2.1")
      assert.equal(
        [cost?.totalCost.total["inclTax"], cost?.totalUsage["energy"], info["tariffId"]],
        [8.54, 12_345, "standard"],
      );
    else assert.is(cost, undefined);
  }
}

function proven16(events: readonly Got[], book: World["book"]): void {
  const sessions = book.last() - 1;
  const starts = grouped(
    events.filter(({ action }) => action === "StartTransaction"),
    ({ payload }) => payload["meterStart"],
  );
  const stops = grouped(
    events.filter(({ action }) => action === "StopTransaction"),
    ({ payload }) => payload["transactionId"],
  );
  assert.is(starts.size, sessions);
  assert.is(stops.size, sessions);
  for (const copies of [...starts.values(), ...stops.values()])
    assert.is(new Set(copies.map(({ text }) => text)).size, 1);
  const ends = [...stops.values()].map((copies) => first(copies).payload);
  for (let number = 2; number <= book.last(); number += 1) {
    const meterStart = 1_234_500 + number * 20_000;
    assert.ok(starts.has(meterStart));
    const end = ends.find(({ meterStop }) => meterStop === meterStart + 12_345);
    const values = end?.["transactionData"] as readonly {
      readonly sampledValue: readonly { readonly value: string; readonly format: string }[];
    }[];
    const signed = values[1]?.sampledValue.find(({ format }) => format === "SignedData");
    assert.is(
      Buffer.from(String((JSON.parse(signed?.value ?? "{}") as Fields)["signedMeterData"]), "base64").toString(),
      book.issued[number - 1]?.ocmf,
    );
  }
}

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  for (const [restarts, sessions] of [
    [false, 10 * times],
    [true, 5],
  ] as const)
    test(`${protocol}: ${sessions} sessions, the line cut at every step of each${restarts ? ", the agent restarted after every cut" : ""}: each is there once, no copy after its acknowledgement`, async () => {
      const csms = await Csms.open([protocol]);
      const lasting = world();
      const config = ocppConfig(csms.url);
      let now = openUplink(lasting, config);
      const failures: unknown[] = [];
      const copies = new Map<number, number>();
      const copiesOf = (): number =>
        csms.got.filter(({ action, payload }) => stepOf(action, payload) === "Ended").length;
      for (let sold = 0; sold < sessions; sold += 1) {
        const number = lasting.book.sell();
        for (const mood of [...onTheWay, ...inTheMiddle]) {
          csms.mood = mood;
          if (mood.at === "connect") csms.cut();
          await now.outbox.now();
          assert.is.not(now.outbox.stateOf(number), "acked", `${number} after ${JSON.stringify(mood)}`);
          if (!restarts) continue;
          await now.outbox.stop();
          failures.push(...now.failures);
          now = openUplink(lasting, config);
        }
        csms.mood = undefined;
        const status = await now.outbox.now();
        assert.is(status.waiting, 0, JSON.stringify(status));
        assert.is(now.outbox.stateOf(number), "acked");
        copies.set(number, copiesOf());
      }
      assert.is(copiesOf(), copies.get(lasting.book.last()));
      await now.outbox.stop();
      proven(csms, lasting, protocol);
      assert.equal([...failures, ...now.failures], []);
      assert.equal(csms.violations, []);
      assert.equal(lasting.store.read()?.open, []);
      assert.equal(lasting.store.read()?.parked, []);
    });

for (const done of [false, true])
  test(`the agent dies at each write of what is under way, the write ${done ? "done" : "not done"}: each session is there once`, async () => {
    for (const protocol of ["ocpp2.0.1", "ocpp1.6"])
      for (let fatal = 1; fatal <= 6; fatal += 1) {
        const csms = await Csms.open([protocol]);
        const lasting = world();
        lasting.book.sell();
        lasting.book.sell();
        const first = openUplink(lasting, ocppConfig(csms.url));
        let left = fatal;
        const write = lasting.events.write.bind(lasting.events);
        lasting.events.write = (state) => {
          left -= 1;
          if (left === 0 && done) write(state);
          if (left <= 0) throw new Error("power cut");
          write(state);
        };
        await first.outbox.now();
        await first.outbox.stop();
        lasting.events.write = write;
        await drained(openUplink(lasting, ocppConfig(csms.url)).outbox);
        proven(csms, lasting, protocol);
        assert.equal(csms.violations, []);
        await letGo();
      }
  });

test.run();
