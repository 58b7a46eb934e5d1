// What money is held for, and for what not: refusals, lost lines, small holds, credits, and what a person can do.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PaymentsLook } from "../../../agent/core/payment/payments-look.js";
import { payloadOf, soldIn } from "../../../agent/core/receipt/receipt-payload.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { answerPaymentRequest, type PaymentsList } from "../../../agent/payments/payment-requests.js";
import type { Config } from "../../../config/schema.js";
import { DeviceError } from "../../../drivers/driver.js";
import { CardSale, otherCard, ownCard, sellByCard, untilEnded } from "../../support/payment/card-sale.js";
import { type StationExtras, TestStation } from "../../support/station/test-station.js";

const test = suite("holds");

const holding =
  (hold: string) =>
  (config: Config): Config => ({ ...config, payments: { ...config.payments, hold } });

/** A station at which a car stands. */
async function withCar(sale = new CardSale()): Promise<CardSale> {
  await sale.start();
  await sale.station.plug(1);
  return sale;
}

const asked = (
  sale: CardSale,
  request: { readonly do: string; readonly [field: string]: unknown },
): Promise<unknown> => {
  const { station, onTheSpot } = sale.station.services;
  return answerPaymentRequest(request, station.stationState(), onTheSpot, sale.clock.now());
};
const open = async (sale: CardSale): Promise<PaymentsLook> => (await asked(sale, { do: "payments" })) as PaymentsList;
const faultCodes = (sale: CardSale): string[] => sale.station.services.station.faults.all().map(({ code }) => code);

test("nothing is held before a car is plugged in", async () => {
  const sale = new CardSale();
  await sale.start();
  sale.tap(ownCard);
  await sale.clock.pass(1_000);
  assert.equal(sale.station.answers(), ["plug in the car first, then hold the bank card again"]);
  assert.equal(sale.bank.ours, []);
  await sale.close();
});

test("a bank that says no starts nothing, and the driver is told why", async () => {
  const sale = await withCar();
  sale.bank.refusing = "no-funds";
  sale.tap(ownCard);
  await sale.clock.pass(1_000);
  assert.match(sale.station.answers().at(-1) ?? "", /not enough money/);
  assert.is(sale.station.session(1).state, "occupied");
  assert.equal((await open(sale)).open, []);
  assert.match((await ended(sale)).at(-1)?.why ?? "", /the bank said no/);
  await sale.close();
});

const ended = async (sale: CardSale): Promise<PaymentsList["ended"]> =>
  ((await asked(sale, { do: "payments" })) as PaymentsList).ended;

test("a hold below the least that a session costs is not asked for", async () => {
  // The demo's tariff has a minimum of 1.00.
  const sale = await withCar(new CardSale("terminal", {}, holding("0.90")));
  sale.tap(ownCard);
  await sale.clock.pass(1_000);
  assert.match(sale.station.answers().at(-1) ?? "", /below the least that a session costs/);
  assert.equal(sale.bank.ours, []);
  await sale.close();
});

test("a session ends by itself before it costs more than what is held, however seldom the meter is asked", async () => {
  const seldom = (config: Config): Config => ({
    ...holding("1.30")(config),
    connectors: config.connectors.map((one) => ({ ...one, meter: { ...one.meter, poll: 60_000 } })),
  });
  const sale = await withCar(new CardSale("terminal", {}, seldom));
  sale.tap(ownCard);
  await sale.clock.pass(1_000);
  await sale.station.charge(1, 2_700, 900);
  await sale.clock.pass(120_000);
  assert.is(sale.station.session(1).state, "finishing");
  await sale.station.plug(1, false);
  await untilEnded(sale);
  const payload = payloadOf(sale.station.services.book.get(2)?.jws ?? "");
  const sold = payload === undefined ? undefined : soldIn(payload);
  assert.is(sold?.payment.waived, undefined);
  const due = Number(sold?.price.due.gross);
  // A minute at 10.8 kW costs 7 cents, and a first minute of idle time 10.
  assert.ok(due > 1.1 && due <= 1.3, String(due));
  assert.is(sale.bank.ours[0]?.bookedMinor, Math.round(due * 100));
  await sale.close();
});

test("another bank card stops nobody's session, the same one does", async () => {
  const sale = await withCar();
  sale.tap(ownCard);
  await sale.station.charge(1, 30, 10);
  sale.tap(otherCard);
  await sale.clock.pass(1_000);
  assert.is(sale.station.session(1).state, "charging");
  sale.tap(ownCard);
  await sale.clock.pass(5_000);
  assert.is(sale.station.session(1).state, "finishing");
  assert.is(sale.bank.ours.length, 1);
  await sale.close();
});

test("a session without any energy releases its hold", async () => {
  const sale = new CardSale();
  await sellByCard(sale, { wattHours: 0, seconds: 10 });
  await untilEnded(sale);
  assert.equal(
    sale.bank.ours.map(({ state }) => state),
    ["released"],
  );
  await sale.close();
});

test("the receipt says what was held, on which card and by which terminal", async () => {
  const sale = new CardSale();
  await sellByCard(sale);
  const { book } = sale.station.services;
  const payload = payloadOf(book.get(book.count())?.jws ?? "");
  assert.equal(payload === undefined ? undefined : soldIn(payload)?.payment, {
    kind: "terminal",
    reference: "…4242",
    state: "held",
    brand: "girocard",
    authorization: "4711AB",
    terminalId: "62000001",
    trace: "000231",
    held: "50.00",
  });
  await sale.close();
});

test("a payment costs at most 2 KB of journal", async () => {
  const sale = new CardSale();
  await sellByCard(sale);
  await untilEnded(sale);
  const entries = sale.files
    .allFiles()
    .filter((path) => path.startsWith("/state/journal/segment"))
    .flatMap((path) => sale.files.readFileSync(path).toString("utf8").split("\n"))
    .filter((line) => /"event":\{"type":"(?:Hold|Book|Release|PaymentTold)/.test(line));
  const bytes = entries.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  assert.is(entries.length, 4);
  assert.ok(bytes <= 2_048, `${bytes} bytes`);
  await sale.close();
});

test("a tap at the RFID reader waits for no terminal, and asks it nothing", async () => {
  const began = async (extras: StationExtras): Promise<number> => {
    const station = new TestStation(undefined, undefined, undefined, undefined, [], extras);
    await station.clock.pass(1_000);
    await station.plug(1);
    const { operations } = station.files;
    await station.tap("04A23B1C5D6E80");
    assert.is(station.session(1).state, "charging");
    const asked = station.files.operations - operations;
    await station.close();
    return asked;
  };
  const bank = new CardSale().bank;
  const line = bank.line();
  const without = await began({});
  const calls = bank.calls.length;
  // The line that never answers stands in nobody's way.
  assert.is(await began({ gateway: () => Promise.resolve(line) }), without);
  assert.is(await began({ gateway: () => new Promise(() => undefined) }), without);
  assert.equal(bank.calls.slice(calls), ["openHolds"]);
});

test("a list of payments that is damaged keeps nobody from charging by RFID, and a damaged key is made anew", async () => {
  const sale = new CardSale();
  await sellByCard(sale);
  await untilEnded(sale);
  await sale.close();
  for (const [file, faults] of [
    ["/state/card.key", []],
    ["/state/holds.json", ["book/damaged"]],
  ] as const) {
    const fd = sale.files.openSync(file, "w");
    sale.files.writeSync(fd, Buffer.from("spoilt"), 0, 6);
    sale.files.fsyncSync(fd);
    sale.files.closeSync(fd);
    await sale.start();
    assert.equal(faultCodes(sale), faults, file);
    await sale.station.plug(1);
    await sale.station.tap("04A23B1C5D6E80");
    await sale.clock.pass(2_000);
    assert.is(sale.station.session(1).state, "charging");
    await sale.station.plug(1, false);
    await sale.clock.pass(20_000);
    await sale.close();
  }
});

test("a terminal that is away is a fault of its own, and the RFID reader sells on", async () => {
  const station = new TestStation(undefined, undefined, undefined, undefined, [], {
    gateway: () => Promise.reject(new DeviceError("terminal/lost", "no terminal answers")),
  });
  await station.clock.pass(1_000);
  assert.equal(
    station.services.station.faults.all().map(({ code }) => code),
    ["terminal/lost"],
  );
  await station.plug(1);
  await station.tap("04A23B1C5D6E80");
  await station.clock.pass(1_000);
  assert.is(station.session(1).state, "charging");
  await station.close();
});

test("a terminal that books another amount than the receipt's takes no more money, and owes the rest", async () => {
  const sale = new CardSale("provider");
  sale.bank.bookedWrongBy = 50;
  await sellByCard(sale);
  await untilEnded(sale);
  assert.ok(faultCodes(sale).includes("payment/amount"));
  assert.equal(
    (await open(sale)).owed.map(({ owed, booked }) => [owed, booked]),
    [["0.50", "1.50"]],
  );
  await sale.station.plug(1);
  sale.tap(otherCard);
  await sale.clock.pass(1_000);
  assert.match(sale.station.answers().at(-1) ?? "", /wrong amount/);
  assert.is(sale.bank.ours.length, 1);
  await sale.close();
});

test("after a wrong amount nothing more is booked before the next start", async () => {
  const sale = await withCar(new CardSale("provider"));
  sale.bank.bookedWrongBy = 50;
  sale.tap(ownCard);
  await sale.clock.pass(2_000);
  await sale.station.plug(2);
  sale.tap(otherCard);
  await sale.clock.pass(2_000);
  await sale.station.charge(1, 90, 10);
  await sale.station.charge(2, 90, 10);
  const states = (): string[] => sale.bank.ours.map(({ state }) => state);
  for (const connector of [1, 2]) {
    await sale.station.plug(connector, false);
    await sale.clock.pass(30_000);
    assert.equal(states(), ["booked", "open"]);
  }
  sale.bank.bookedWrongBy = 0;
  sale.kill();
  await sale.revive();
  await untilEnded(sale);
  assert.equal(states(), ["booked", "booked"]);
  assert.equal(
    sale.bank.ours.map(({ bookedMinor }) => bookedMinor),
    [150, 100],
  );
  await sale.close();
});

test("a credit of a booked receipt is owed back until a named person says done, in parts, never more than was booked", async () => {
  const sale = new CardSale();
  await sellByCard(sale);
  await untilEnded(sale);
  const { issuer } = sale.station.services;
  issuer.corrections.credit(2, { reason: "the price was wrong", by: "A. Operator" }, sale.clock.now());
  const refunded = (amount?: string): Promise<unknown> =>
    asked(sale, { do: "payment-refunded", number: 2, by: "A. Operator", ...(amount === undefined ? {} : { amount }) });
  assert.equal(
    (await open(sale)).owed.map(({ receipt, owed }) => [receipt, owed]),
    [[2, "1.00"]],
  );
  await refusedWith(refunded("1.01"), /more than is owed/);
  await refusedWith(refunded("0.001"), /plain number/);
  await refunded("0.40");
  assert.equal(
    (await open(sale)).owed.map(({ owed }) => owed),
    ["0.60"],
  );
  await refunded();
  assert.equal((await open(sale)).owed, []);
  await refusedWith(refunded(), /nothing is owed/);
  await sale.close();
});

test("a disk that fails the look for refunds is a fault, and is looked at again when it works", async () => {
  const sale = new CardSale();
  await sellByCard(sale);
  await untilEnded(sale);
  const { issuer } = sale.station.services;
  issuer.corrections.credit(2, { reason: "the price was wrong", by: "A. Operator" }, sale.clock.now());
  const { files } = sale;
  const openSync = files.openSync.bind(files);
  files.openSync = (path, flags) => {
    if (path.includes("holds.json")) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    return openSync(path, flags);
  };
  await sale.clock.pass(61_000);
  assert.ok(faultCodes(sale).includes("disk/failed"));
  assert.not.ok(sale.isDead);
  files.openSync = openSync;
  await sale.clock.pass(61_000);
  assert.not.ok(faultCodes(sale).includes("disk/failed"));
  assert.equal(
    (await open(sale)).owed.map(({ owed }) => owed),
    ["1.00"],
  );
  await sale.close();
});

test("the credit of a correction owes back what the correction kept", async () => {
  const sale = new CardSale();
  await sellByCard(sale);
  await untilEnded(sale);
  const { corrections } = sale.station.services.issuer;
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "right",
    currency: "EUR",
    last_updated: "2026-11-01T00:00:00Z",
    elements: [{ price_components: [{ type: "FLAT", price: 0.5, vat: 20, step_size: 1 }] }],
  });
  if (!parsed.ok) throw new Error("the tariff cannot be read");
  const order = { reason: "the price was wrong", by: "A. Operator" };
  const owed = async (): Promise<unknown> => (await open(sale)).owed.map((one) => [one.receipt, one.owed]);
  corrections.credit(2, order, sale.clock.now());
  const second = corrections.correct(2, parsed.tariff, "cdr-second", sale.clock.now());
  // 0.50 and 20 % of it stay of the 1.00 that was booked.
  assert.equal(await owed(), [[2, "0.40"]]);
  corrections.credit(second, order, sale.clock.now());
  assert.equal(await owed(), [[2, "1.00"]]);
  await sale.close();
});

test("a receipt that was booked too high and is credited then is owed back as a whole", async () => {
  const sale = new CardSale("provider");
  sale.bank.bookedWrongBy = 50;
  await sellByCard(sale);
  await untilEnded(sale);
  const { corrections } = sale.station.services.issuer;
  corrections.credit(2, { reason: "the price was wrong", by: "A. Operator" }, sale.clock.now());
  assert.equal(
    (await open(sale)).owed.map(({ owed }) => owed),
    ["1.50"],
  );
  await sale.close();
});

async function refusedWith(answer: Promise<unknown>, words: RegExp): Promise<void> {
  try {
    await answer;
  } catch (error) {
    return assert.match(String(error), words);
  }
  assert.unreachable("it was taken");
}

test("a hold of nobody that is known here is told, and let go of only by a person or by the config", async () => {
  const sale = new CardSale();
  const handle = sale.bank.heldByOther(3_000);
  await sale.start();
  assert.equal((await open(sale)).unknown, [handle]);
  assert.is(sale.bank.open("other").length, 1);
  await refusedWith(asked(sale, { do: "payment-release-unknown", handle: "9999", by: "A" }), /no unknown hold/);
  await asked(sale, { do: "payment-release-unknown", handle, by: "A" });
  assert.is(sale.bank.open("other").length, 0);
  await sale.close();

  const releasing = new CardSale("terminal", {}, (config) => ({
    ...config,
    payments: { ...config.payments, releaseUnknownHolds: true },
  }));
  releasing.bank.heldByOther(3_000);
  await releasing.start();
  assert.is(releasing.bank.open("other").length, 0);
  await releasing.close();
});

test("a lost hold that cannot be told from another client's waits for a person, and the station sells on", async () => {
  const sale = await withCar();
  const call = sale.bank.calls.length + 1;
  sale.bank.faults.set(call, "answer-lost");
  // Two holds are new at the terminal when it is asked again.
  sale.bank.onCall = (at, when) => void (at === call && when === "after" && sale.bank.heldByOther(2_000));
  sale.tap(ownCard);
  await sale.clock.pass(60_000);
  const [payment] = (await open(sale)).open;
  assert.is(payment?.state, "wanted");
  assert.ok(faultCodes(sale).includes("payment/unsure"));
  sale.tap(otherCard);
  await sale.clock.pass(5_000);
  assert.is(sale.station.session(1).state, "charging");
  await refusedWith(asked(sale, { do: "payment-release", number: payment?.number, by: "A" }), /add --gone/);
  await asked(sale, { do: "payment-release", number: payment?.number, by: "A", gone: true });
  assert.not.ok(faultCodes(sale).includes("payment/unsure"));
  await sale.close();
});

test("a second tap after a lost answer makes no second hold", async () => {
  const sale = await withCar();
  const call = sale.bank.calls.length + 1;
  sale.bank.faults.set(call, "answer-lost");
  sale.bank.faults.set(call + 1, "lost");
  sale.tap(ownCard);
  await sale.clock.quiet();
  assert.is(sale.station.session(1).state, "occupied");
  sale.tap(ownCard);
  await sale.clock.pass(5_000);
  assert.is(sale.station.session(1).state, "charging");
  assert.is(sale.bank.ours.length, 1);
  await sale.close();
});

test("a card whose lost hold waits for a person makes no second one", async () => {
  const sale = await withCar();
  const call = sale.bank.calls.length + 1;
  sale.bank.faults.set(call, "answer-lost");
  sale.bank.onCall = (at, when) => void (at === call && when === "after" && sale.bank.heldByOther(2_000));
  sale.tap(ownCard);
  await sale.clock.pass(60_000);
  sale.tap(ownCard);
  await sale.clock.pass(5_000);
  assert.is(sale.station.session(1).state, "occupied");
  assert.is(sale.bank.ours.length, 1);
  await sale.close();
});

test("the hold of a session that runs is never let go of as unknown, though it was lost when last asked about", async () => {
  const sale = await withCar();
  const call = sale.bank.calls.length + 1;
  sale.bank.faults.set(call, "answer-lost");
  sale.bank.faults.set(call + 1, "lost");
  sale.tap(ownCard);
  await sale.clock.quiet();
  await asked(sale, { do: "payments", ask: true });
  const [handle] = (await open(sale)).unknown;
  assert.is(handle, sale.bank.ours[0]?.handle);
  const release = { do: "payment-release-unknown", handle, by: "A" };
  await refusedWith(asked(sale, release), /an earlier payment/);
  await sale.clock.pass(5_000);
  assert.is(sale.station.session(1).state, "charging");
  await refusedWith(asked(sale, release), /no unknown hold/);
  assert.is(sale.bank.open("us").length, 1);
  await sale.close();
});

test("a bank that takes long to say yes still begins the session", async () => {
  const sale = await withCar();
  const call = sale.bank.calls.length + 1;
  const { clock } = sale.station;
  const now = clock.now.bind(clock);
  sale.bank.onCall = (at, when) => {
    if (at === call && when === "before") clock.now = () => ({ ...now(), monoMs: now().monoMs + 45_000 });
  };
  sale.tap(ownCard);
  await clock.quiet();
  assert.equal(
    sale.bank.ours.map(({ state }) => state),
    ["open"],
  );
  assert.match(sale.station.answers().at(-1) ?? "", /are held: connector 1 starts/);
  await sale.close();
});

test("a hold that is being asked for cannot be said to be gone", async () => {
  const sale = await withCar();
  const call = sale.bank.calls.length + 1;
  let said: Promise<unknown> | undefined;
  sale.bank.onCall = (at, when) => {
    if (at !== call || when !== "before") return;
    said = refusedWith(
      asked(sale, { do: "payment-release", number: 1, by: "A", gone: true }),
      /cannot be said to be gone/,
    );
  };
  sale.tap(ownCard);
  await sale.clock.pass(5_000);
  await said;
  assert.ok(said !== undefined);
  assert.is(sale.station.session(1).state, "charging");
  await sale.close();
});

test("a lost hold that stands at the gateway under its reference cannot be said to be gone", async () => {
  const sale = await withCar(new CardSale("provider"));
  const call = sale.bank.calls.length + 1;
  sale.bank.faults.set(call, "answer-lost");
  sale.bank.faults.set(call + 1, "lost");
  sale.tap(ownCard);
  await sale.clock.quiet();
  await refusedWith(asked(sale, { do: "payment-release", number: 1, by: "A", gone: true }), /is open at the gateway/);
  await sale.clock.pass(5_000);
  assert.is(sale.station.session(1).state, "charging");
  await sale.close();
});

test("money that is held for so long that the bank will let go of it is told before", async () => {
  const sale = await withCar();
  sale.tap(ownCard);
  await sale.clock.pass(2_000);
  assert.is(sale.station.session(1).state, "charging");
  const { onTheSpot } = sale.station.services;
  const { clock } = sale.station;
  assert.not.ok(faultCodes(sale).includes("payment/hold-old"));
  const now = clock.now.bind(clock);
  clock.now = () => ({ ...now(), at: now().at + 6 * 86_400_000 });
  onTheSpot?.ledger.minute();
  assert.ok(faultCodes(sale).includes("payment/hold-old"));
  await sale.close();
});

for (const code of ["no-bank-line", "not-ready", "other"] as const)
  test(`a booking that the bank refuses for hours (${code}) is told to a person and made when it takes it again`, async () => {
    const sale = new CardSale();
    sale.bank.refusingEnd = code;
    await sellByCard(sale);
    for (let minutes = 0; minutes < 180; minutes += 1) await sale.clock.pass(60_000);
    assert.equal(
      (await open(sale)).open.map(({ state }) => state),
      ["book-sent"],
    );
    assert.ok(faultCodes(sale).includes("payment/unsure"));
    sale.bank.refusingEnd = undefined;
    await untilEnded(sale);
    assert.equal(
      sale.bank.ours.map(({ state, bookedMinor }) => [state, bookedMinor]),
      [["booked", 100]],
    );
    assert.not.ok(faultCodes(sale).includes("payment/unsure"));
    await sale.close();
  });

test("a hold that lapses while its booking is refused is not told as booked", async () => {
  const sale = new CardSale();
  sale.bank.refusingEnd = "no-bank-line";
  await sellByCard(sale);
  await sale.clock.pass(60_000);
  sale.bank.lapse();
  await untilEnded(sale);
  const [payment] = await ended(sale);
  assert.is(payment?.state, "failed");
  assert.match(payment?.why ?? "", /its booking was refused: the bank cannot be reached/);
  await sale.close();
});

test("a booking that was refused, then made without an answer, is told as booked", async () => {
  const sale = new CardSale();
  sale.bank.refusingEnd = "no-bank-line";
  await sellByCard(sale);
  await sale.clock.pass(60_000);
  sale.bank.refusingEnd = undefined;
  sale.bank.onCall = (call, when) =>
    void (when === "before" && sale.bank.calls[call] === "book" && sale.bank.faults.set(call, "answer-lost"));
  await untilEnded(sale);
  assert.equal(
    (await ended(sale)).map(({ state }) => state),
    ["booked"],
  );
  assert.is(sale.bank.ours[0]?.ends, 1);
  await sale.close();
});

test("a booking at a terminal that was swapped waits for a person, and is made when the old one is back", async () => {
  const sale = new CardSale();
  sale.bank.refusingEnd = "not-supported";
  sale.bank.isOtherTerminal = true;
  await sellByCard(sale);
  await sale.clock.pass(30_000);
  assert.is((await open(sale)).open[0]?.state, "book-sent");
  assert.ok(faultCodes(sale).includes("payment/unsure"));
  sale.bank.refusingEnd = undefined;
  sale.bank.isOtherTerminal = false;
  await untilEnded(sale);
  assert.equal(
    sale.bank.ours.map(({ state, bookedMinor }) => [state, bookedMinor]),
    [["booked", 100]],
  );
  await sale.close();
});

test("a release that the terminal refuses again and again is told to a person, and tried on", async () => {
  const sale = new CardSale();
  sale.bank.refusingEnd = "other";
  await sellByCard(sale, { wattHours: 0, seconds: 10 });
  await sale.clock.pass(60_000);
  assert.is((await open(sale)).open[0]?.state, "release-sent");
  assert.ok(faultCodes(sale).includes("payment/unsure"));
  sale.bank.refusingEnd = undefined;
  await untilEnded(sale);
  assert.equal(
    sale.bank.ours.map(({ state, ends }) => [state, ends]),
    [["released", 1]],
  );
  assert.not.ok(faultCodes(sale).includes("payment/unsure"));
  await sale.close();
});

test("a bank that is away for a few minutes is no trouble of a booking or a release", async () => {
  for (const wattHours of [0, 90]) {
    const sale = new CardSale();
    sale.bank.refusingEnd = "no-bank-line";
    await sellByCard(sale, { wattHours, seconds: 30 });
    await sale.clock.pass(120_000);
    assert.is((await open(sale)).open.length, 1);
    assert.not.ok(faultCodes(sale).includes("payment/unsure"));
    sale.bank.refusingEnd = undefined;
    await untilEnded(sale);
    assert.is(sale.bank.open("us").length, 0);
    await sale.close();
  }
});

test.run();
