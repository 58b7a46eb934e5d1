// The terminal's driver against the bench's terminal, which shares no code with it: taps, holds, bookings, releases, and
// what is known after every way in which a line breaks.
import { type AddressInfo, createServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandSteps } from "../../../drivers/bench/terminal/terminal-simulator.js";
import { DeviceError } from "../../../drivers/driver.js";
import type { GatewayHold, GatewayOutcome, HoldRequest } from "../../../drivers/payment-gateway.js";
import { openTerminal } from "../../../drivers/terminal/open-terminal.js";
import { TerminalLine } from "../../../drivers/terminal/terminal-line.js";
import { zvtFrameBytes } from "../../../drivers/terminal/zvt/frame.js";
import { maskedFrame } from "../../../drivers/terminal/zvt/masked-frame.js";
import {
  doneValue,
  type TerminalBench,
  terminalBench,
  terminalConfig,
  testCards,
} from "../../support/terminal/terminal-bench.js";
import { HandClock } from "../../support/time/hand-clock.js";

const euros = (minor: number) => ({ minor, currency: "EUR" });
const request = (reference: string, openBefore: readonly string[] = []): HoldRequest => ({
  reference,
  amount: euros(5_000),
  openBefore,
});
const heldAt = async (bench: TerminalBench, reference = "S000042"): Promise<GatewayHold> => {
  await bench.tap(testCards.bank);
  return doneValue(await bench.terminal.hold(request(reference)));
};

const sales = suite("a payment at the terminal");

for (const dialect of ["give-back", "final", "book-total"] as const)
  sales(`${dialect}: 37.05 of 50.00 held are booked, the rest is let go`, async () => {
    const bench = await terminalBench({}, { dialect });
    const hold = await heldAt(bench);
    assert.equal(hold, {
      reference: "S000042",
      amount: euros(5_000),
      handle: "0231",
      terminalId: "52523535",
      trace: "000975",
      authorization: "750071",
      card: { brand: "MasterCard", lastFour: "4444" },
    });
    assert.equal(doneValue(await bench.terminal.openHolds()), [{ handle: "0231" }]);
    const booked = doneValue(await bench.terminal.book(hold, euros(3_705)));
    assert.equal(booked, { bookedMinor: 3_705, trace: "000976", handle: "0232" });
    assert.equal(
      bench.simulator.bank.holds.map(({ state, bookedMinor, reference }) => [state, bookedMinor, reference]),
      [["booked", 3_705, "S000042"]],
    );
    assert.equal(doneValue(await bench.terminal.openHolds()), []);
    await bench.close();
  });

sales("a wrong dialect shows in the amount that the terminal says it booked", async () => {
  const bench = await terminalBench({ dialect: "final" }, { dialect: "give-back" });
  const hold = await heldAt(bench);
  assert.is(doneValue(await bench.terminal.book(hold, euros(1))).bookedMinor, 4_999);
  await bench.close();
});

sales("a hold is released whole, once", async () => {
  const bench = await terminalBench();
  const hold = await heldAt(bench);
  assert.is(doneValue(await bench.terminal.release(hold)), null);
  const again = await bench.terminal.release(hold);
  assert.equal([again.kind, again.kind === "refused" && again.code], ["refused", "hold-not-open"]);
  assert.is(bench.simulator.bank.holds[0]?.endings, 1);
  await bench.close();
});

sales("the whole hold can be booked, and never a cent more, nor nothing", async () => {
  const bench = await terminalBench();
  const hold = await heldAt(bench);
  for (const minor of [5_001, 0, -1]) assert.is((await bench.terminal.book(hold, euros(minor))).kind, "refused");
  assert.is(doneValue(await bench.terminal.book(hold, euros(5_000))).bookedMinor, 5_000);
  await bench.close();
});

sales("what the bank refuses has a code of ours and a sentence with the terminal's", async () => {
  const bench = await terminalBench();
  const refusals: unknown[] = [];
  for (const card of [testCards.poor, testCards.pin]) {
    await bench.tap(card);
    const outcome = await bench.terminal.hold(request("S000001"));
    refusals.push(outcome.kind === "refused" && [outcome.code, outcome.message]);
  }
  for (const code of [0x05, 0x78, 0xa3, 0xc3, 0xc8, 0x77, 0x12]) {
    bench.simulator.refusals.set("0622", code);
    const outcome = await bench.terminal.hold(request("S000001"));
    refusals.push(outcome.kind === "refused" && outcome.code);
  }
  assert.equal(refusals, [
    ["no-funds", "there is not enough money (ZVT 71)"],
    ["insert-card", "the bank wants the PIN (ZVT EC)"],
    "declined",
    "card-expired",
    "no-bank-line",
    "amount-too-high",
    "amount-too-low",
    "not-ready",
    "other",
  ]);
  assert.equal(bench.simulator.bank.holds, []);
  await bench.close();
});

sales("an end of day waits for every hold, another client's too, and cancels none", async () => {
  const bench = await terminalBench();
  bench.simulator.holdOfAnother(1_000);
  const refused = await bench.terminal.endOfDay();
  assert.is(refused.kind === "refused" && refused.message, "holds stand (0231): the end of day waits for them");
  assert.not(bench.simulator.commands.includes("0650"));
  bench.simulator.bank.end("0231", 0);
  assert.is(doneValue(await bench.terminal.endOfDay()), null);
  await bench.close();
});
sales.run();

const taps = suite("cards at the terminal");

taps("a bank's card is known again by a key of this station, and nothing tells its number", async () => {
  const bench = await terminalBench();
  const first = await bench.tap(testCards.bank);
  assert.match(first.kind === "bank-card" ? first.cardKey : "", /^[0-9a-f]{64}$/);
  assert.is(bench.terminal.mostHeldMinor, 10_000);
  const second = await bench.tap(testCards.bank);
  const other = await bench.tap(testCards.poor);
  const key = (tap: typeof first): string | undefined => (tap.kind === "bank-card" ? tap.cardKey : undefined);
  assert.is(key(first), key(second));
  assert.is.not(key(first), key(other));
  assert.not.match(JSON.stringify([first, other]), /5555555555554444|4111111111111111/);
  await bench.close();
});

taps("an RFID card is its UID, as a reader gives it", async () => {
  const bench = await terminalBench();
  const uids: unknown[] = [];
  for (const uid of ["04A23B1C5D6E80", "9F3C77E1", "04112233445566778899"]) {
    const tap = await bench.tap({ kind: "rfid", uid });
    uids.push(tap.kind === "id-card" && tap.uid);
  }
  assert.equal(uids, ["04A23B1C5D6E80", "9F3C77E1", "04112233445566778899"]);
  const random = await bench.tap({ kind: "rfid", uid: "08B3C880" });
  assert.is(random.kind === "unreadable" && random.code, "card-not-accepted");
  await bench.close();
});

taps(
  "a terminal that says nothing while it waits for a card is told to stop, and asked again on the same line",
  async () => {
    const bench = await terminalBench();
    const over = new AbortController();
    const next = bench.terminal.taps(over.signal).next();
    await arrivedAt(bench, "06c0", 1);
    await passUntil(bench.clock, () => bench.simulator.commands.includes("06b0"));
    await arrivedAt(bench, "06c0", 2);
    await bench.simulator.show(testCards.rfid);
    assert.is((await next).value?.kind, "id-card");
    assert.is(bench.simulator.commands.filter((command) => command === "0600").length, 1);
    await bench.close();
  },
);

taps("a command ends the wait for a card, and the wait goes on after it on the same line", async () => {
  const bench = await terminalBench();
  const next = bench.terminal.taps(new AbortController().signal).next();
  await arrivedAt(bench, "06c0", 1);
  assert.equal(doneValue(await bench.terminal.openHolds()), []);
  assert.equal(bench.simulator.commands.slice(-2), ["06b0", "0623"]);
  await passUntil(bench.clock, () => bench.simulator.commands.filter((command) => command === "06c0").length === 2);
  await bench.simulator.show(testCards.rfid);
  assert.is((await next).value?.kind, "id-card");
  assert.is(bench.simulator.commands.filter((command) => command === "0600").length, 1);
  await bench.close();
});

taps(
  "an interruption that comes before the acknowledgement takes nothing from it, and ends the wait after it",
  async () => {
    const server = createServer((socket) => void socket.write(Uint8Array.from([0x80, 0, 0])));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const line = await TerminalLine.connect({ host: "127.0.0.1", port }, new HandClock(), () => undefined);
    line.interrupt();
    assert.is((await line.next(5_000, "acknowledgement")).control, 0x8000);
    assert.is(await line.nextOrNothing(60_000), undefined);
    line.close();
    server.close();
  },
);

taps("a terminal that cannot be stopped ends its wait by itself, and the command comes after it", async () => {
  const bench = await terminalBench({ cannotStop: true });
  const next = bench.terminal.taps(new AbortController().signal).next();
  await arrivedAt(bench, "06c0", 1);
  const open = bench.terminal.openHolds();
  await arrivedAt(bench, "06b0", 1);
  await bench.simulator.show(testCards.rfid);
  assert.equal(doneValue(await open), []);
  assert.is((await next).value?.kind, "id-card");
  await bench.close();
});

taps(
  "a card that comes as the wait is ended is a tap all the same, and the next command is answered as what it is",
  async () => {
    const bench = await terminalBench();
    const next = bench.terminal.taps(new AbortController().signal).next();
    await arrivedAt(bench, "06c0", 1);
    const shown = bench.simulator.show(testCards.rfid);
    const open = bench.terminal.openHolds();
    await shown;
    assert.is((await next).value?.kind, "id-card");
    assert.equal(doneValue(await open), []);
    assert.equal(doneValue(await bench.terminal.openHolds()), []);
    await bench.close();
  },
);

taps(
  "what is held stands on the terminal's own display before it waits, in plain letters; one without is asked once",
  async () => {
    const bench = await terminalBench({}, { texts: true });
    bench.terminal.show("Bankkarte am Terminal: 50,00 EUR für Sie reserviert");
    await bench.tap(testCards.rfid);
    assert.equal(bench.simulator.display, ["Bankkarte am Terminal:", "50,00 EUR fuer Sie", "reserviert"]);
    bench.simulator.refusals.set("06e0", 0x83);
    bench.terminal.show("The bank declined the payment.");
    await bench.tap(testCards.rfid);
    bench.terminal.show("Another text");
    await bench.tap(testCards.rfid);
    assert.is(bench.simulator.commands.filter((command) => command === "06e0").length, 2);
    await bench.close();
  },
);

taps("no text is sent to a terminal whose config does not say that it takes one", async () => {
  const bench = await terminalBench();
  bench.terminal.show("50.00 EUR are held");
  await bench.tap(testCards.rfid);
  assert.not(bench.simulator.commands.includes("06e0"));
  await bench.close();
});

taps("waiting for cards ends at once when the station stops", async () => {
  const bench = await terminalBench();
  const over = new AbortController();
  const next = bench.terminal.taps(over.signal).next();
  await arrivedAt(bench, "06c0", 1);
  over.abort();
  assert.is((await next).done, true);
  await bench.close();
});

taps("a terminal that goes away while a card is waited for is lost", async () => {
  const bench = await terminalBench();
  const next = bench.terminal.taps(new AbortController().signal).next();
  await arrivedAt(bench, "06c0", 1);
  bench.simulator.cut();
  assert.is(await codeOf(next), "terminal/lost");
  await bench.close();
});
taps.run();

const starts = suite("opening the terminal");

starts("another terminal than the one in the config takes no money", async () => {
  const bench = await terminalBench();
  const other = { ...bench.config, terminalId: "11111111" };
  const clock = new HandClock();
  const opened = openTerminal(other, { clock, onFrame: () => undefined });
  assert.is(await codeOf(opened), "terminal/changed");
  const looked = await openTerminal(other, { clock, onFrame: () => undefined, anyId: true });
  assert.is((await looked.look()).terminalId, "52523535");
  await looked.close();
  await bench.close();
});

starts("a hold of the terminal before it is not booked, released or taken for ended at another terminal", async () => {
  const bench = await terminalBench();
  // The same receipt number stands here, and is somebody else's.
  bench.simulator.holdOfAnother(5_000);
  const other: GatewayHold = { reference: "S000042", amount: euros(5_000), handle: "0231", terminalId: "11111111" };
  const before = bench.simulator.commands.length;
  for (const hold of [other, { ...other, handle: "0999" }]) {
    const outcomes = [
      await bench.terminal.book(hold, euros(100)),
      await bench.terminal.release(hold),
      await bench.terminal.holdStatus(hold),
    ];
    assert.equal(outcomes.map(codeOfOutcome), ["not-supported", "not-supported", "not-supported"]);
  }
  assert.is(bench.simulator.commands.length, before);
  assert.is(bench.simulator.bank.open.length, 1);
  await bench.close();
});

starts("a terminal whose dialect nobody has proven sells nothing", async () => {
  const bench = await terminalBench();
  const config = { ...bench.config, acceptUnproven: false };
  const parts = { clock: new HandClock(), onFrame: () => undefined };
  assert.is(await codeOf(openTerminal(config, { ...parts, isProven: () => false })), "terminal/unproven");
  await (await openTerminal(config, { ...parts, isProven: () => true })).close();
  await bench.close();
});

starts("nobody at the address, a wrong password file: faults with what to do", async () => {
  const bench = await terminalBench();
  const { port } = bench.simulator;
  await bench.close();
  const parts = { clock: new HandClock(), onFrame: () => undefined };
  assert.is(await codeOf(openTerminal(terminalConfig(port), parts)), "terminal/lost");
  assert.is(
    await codeOf(openTerminal(terminalConfig(port, { passwordFile: "/nowhere/password" }), parts)),
    "terminal/not-ready",
  );
});

starts("a terminal that wants to be initialised or a diagnosis gets it once", async () => {
  const bench = await terminalBench();
  for (const [state, commands] of [
    [0x51, ["0600", "0501", "0693", "0501"]],
    [0xc2, ["0600", "0501", "0670", "0693", "0501"]],
  ] as const) {
    bench.simulator.state = state;
    bench.simulator.commands.length = 0;
    await bench.reopen();
    assert.equal(bench.simulator.commands, commands);
  }
  await bench.close();
});

starts("a terminal out of order is not ready, and its end of day that is due keeps nobody from booking", async () => {
  const bench = await terminalBench();
  const hold = await heldAt(bench);
  bench.simulator.state = 0xdf;
  assert.is(await codeOf(bench.reopen()), "terminal/not-ready");
  bench.simulator.state = 0xf0;
  await bench.reopen();
  assert.is((await bench.terminal.look()).endOfDayDue, true);
  assert.is(doneValue(await bench.terminal.book(hold, euros(100))).bookedMinor, 100);
  await bench.close();
});

starts(
  "its end of day, when it asks for it, comes by itself when nothing stands, and holds are never cancelled for it",
  async () => {
    const bench = await terminalBench();
    const hold = await heldAt(bench);
    bench.simulator.state = 0xf0;
    bench.clock.advance(61_000);
    await bench.tap(testCards.rfid);
    assert.not(bench.simulator.commands.includes("0650"));
    assert.is(bench.simulator.bank.open.length, 1);
    doneValue(await bench.terminal.book(hold, euros(100)));
    bench.clock.advance(601_000);
    await bench.tap(testCards.rfid);
    assert.is(bench.simulator.commands.filter((command) => command === "0650").length, 1);
    await bench.close();
  },
);
starts.run();

const breaks = suite("a line that breaks");

let tried = 0;
for (const step of commandSteps)
  for (const how of ["cut", "hang"] as const) {
    breaks(`in a hold, ${step}, ${how}: it is asked about and there is one hold or none`, async () => {
      tried += 1;
      const bench = await terminalBench();
      bench.simulator.holdOfAnother(700);
      await bench.tap(testCards.bank);
      const before = doneValue(await bench.terminal.openHolds()).map(({ handle }) => handle);
      bench.simulator.interrupt({ command: "0622", step, how });
      const outcome = await withTime(bench, bench.terminal.hold(request("S000042", before)));
      const made = bench.simulator.bank.open.filter(({ reference }) => reference !== "");
      if (outcome.kind === "unsure") {
        await bench.reopen();
        const found = doneValue(await bench.terminal.findHold(request("S000042", before)));
        assert.is(found?.handle, made[0]?.receipt);
        if (found !== null) assert.equal([found.authorization, found.amount.minor], ["750108", 5_000]);
      } else assert.is(doneValue(outcome).handle, made[0]?.receipt);
      assert.is(bench.simulator.commands.filter((command) => command === "0622").length, 1);
      assert.is(made.length, step === "arrived" || step === "acknowledged" ? 0 : 1);
      assert.is(bench.simulator.bank.open.filter(({ reference }) => reference === "").length, 1);
      await bench.close();
    });

    breaks(
      `in a booking, ${step}, ${how}: it is asked about, and the bank has booked once or the hold stands`,
      async () => {
        tried += 1;
        const bench = await terminalBench();
        const hold = await heldAt(bench);
        bench.simulator.interrupt({ command: "0623", step, how });
        const outcome = await withTime(bench, bench.terminal.book(hold, euros(1_234)));
        const [atBank] = bench.simulator.bank.holds;
        if (outcome.kind === "unsure") {
          await bench.reopen();
          const status = doneValue(await bench.terminal.holdStatus(hold));
          assert.is(status.state, atBank?.state);
          if (status.state === "booked") assert.is(status.bookedMinor, 1_234);
        } else assert.is(doneValue(outcome).bookedMinor, 1_234);
        assert.ok((atBank?.endings ?? 0) <= 1);
        await bench.close();
      },
    );

    breaks(`in a release, ${step}, ${how}: it is asked about, and the hold stands or is released`, async () => {
      tried += 1;
      const bench = await terminalBench();
      const hold = await heldAt(bench);
      bench.simulator.interrupt({ command: "0625", step, how });
      const outcome = await withTime(bench, bench.terminal.release(hold));
      if (outcome.kind === "unsure") {
        await bench.reopen();
        assert.is(doneValue(await bench.terminal.holdStatus(hold)).state, bench.simulator.bank.holds[0]?.state);
      } else doneValue(outcome);
      await bench.close();
    });
  }

breaks("a hold that the bank makes after the line was cut is not taken for one that was never made", async () => {
  const bench = await terminalBench({}, { lateAnswer: 60_000 });
  await bench.tap(testCards.bank);
  bench.simulator.interrupt({ command: "0622", step: "acknowledged", how: "late" });
  assert.is((await bench.terminal.hold(request("S000042"))).kind, "unsure");
  assert.is((await bench.terminal.findHold(request("S000042"))).kind, "unsure");
  bench.simulator.finishLate();
  assert.is(doneValue(await bench.terminal.findHold(request("S000042")))?.handle, "0231");
  await bench.close();
});

breaks("while the bank may still answer, no hold there is not an answer; afterwards it is", async () => {
  const bench = await terminalBench({}, { lateAnswer: 60_000 });
  await bench.tap(testCards.bank);
  bench.simulator.interrupt({ command: "0622", step: "arrived", how: "cut" });
  assert.is((await bench.terminal.hold(request("S000042"))).kind, "unsure");
  assert.is((await bench.terminal.findHold(request("S000042"))).kind, "unsure");
  assert.is((await bench.terminal.endOfDay()).kind, "refused");
  bench.clock.advance(60_000);
  assert.is(doneValue(await bench.terminal.findHold(request("S000042"))), null);
  await bench.close();
});

breaks("a hold that could be another client's is left to a person", async () => {
  const two = await terminalBench();
  two.simulator.holdOfAnother(5_000);
  two.simulator.holdOfAnother(5_000);
  assert.is(codeOfOutcome(await two.terminal.findHold(request("S000042"))), "not-supported");
  await two.close();
  const shared = await terminalBench({}, { shared: true });
  shared.simulator.holdOfAnother(5_000);
  assert.is(codeOfOutcome(await shared.terminal.findHold(request("S000042"))), "not-supported");
  await shared.close();
  const amount = await terminalBench();
  amount.simulator.holdOfAnother(4_200);
  assert.is(codeOfOutcome(await amount.terminal.findHold(request("S000042"))), "not-supported");
  await amount.close();
});

breaks("a terminal that cannot be reached is a sure no: nothing was sent", async () => {
  const bench = await terminalBench();
  const hold = await heldAt(bench);
  await bench.simulator.close();
  assert.is((await bench.terminal.openHolds()).kind, "unsure");
  assert.is(codeOfOutcome(await bench.terminal.hold(request("S000043"))), "not-ready");
  assert.is(codeOfOutcome(await bench.terminal.book(hold, euros(1))), "not-ready");
  await bench.terminal.close();
});

breaks("were tried at every step", () => {
  assert.is(tried, 2 * 3 * commandSteps.length);
  console.log(`${tried} breaks of the line`);
});

breaks("no frame of a trace holds a card's number, its track or its hash", async () => {
  const seen: string[] = [];
  const bench = await terminalBench({}, {}, (_, frame) => {
    seen.push(Buffer.from(maskedFrame(frame)).toString("hex"));
    assert.is(maskedFrame(frame).length, zvtFrameBytes(frame.control, frame.data).length);
  });
  await heldAt(bench);
  await bench.close();
  const all = seen.join(" ");
  assert.match(all, /040f/);
  for (const part of ["5555555555554444", "123456", "555555555"]) assert.not.match(all, new RegExp(part));
});
breaks.run();

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof DeviceError) return error.code;
    throw error;
  }
}

const codeOfOutcome = (outcome: GatewayOutcome<unknown>): string | undefined =>
  outcome.kind === "refused" ? outcome.code : outcome.kind;

/** Resolves when the terminal has had so many of these commands. */
async function arrivedAt({ simulator }: TerminalBench, code: string, count: number): Promise<void> {
  while (simulator.commands.filter((command) => command === code).length < count)
    await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lets time pass, second by second and never while an answer is under way, until the condition holds. */
async function passUntil(clock: HandClock, holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (clock.inFlight === 0) clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits for an outcome; where the terminal says nothing more, time passes. */
async function withTime<T>({ clock, simulator }: TerminalBench, work: Promise<T>): Promise<T> {
  let isSettled = false;
  void work.finally(() => (isSettled = true));
  while (!isSettled) {
    if (simulator.hasHung) clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return work;
}
