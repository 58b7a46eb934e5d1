// The whole reader: worker thread, library, chip and cards, by a clock that only moves when told. No real time passes
// between polls.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ReaderConfig } from "../../../config/schema.js";
import { CardField, simulatedChip } from "../../../drivers/bench/card-field.js";
import { type CardReader, type CardTap, DeviceError } from "../../../drivers/driver.js";
import { openCardReader } from "../../../drivers/rfid/card-reader.js";
import { SteppedClock } from "../../support/time/stepped-clock.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const config: ReaderConfig = { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: 250, debounce: 2_000 };

type Bench = {
  readonly clock: SteppedClock;
  readonly field: CardField;
  readonly heard: string[];
  readonly reader: CardReader;
  /** Ends the reading; the answer is the error that ended it before, if any. */
  stop(): Promise<unknown>;
};

const nameOf = (tap: CardTap): string => (tap.kind === "card" ? tap.uid : tap.why);

function listen(reader: CardReader, heard: string[]): () => Promise<unknown> {
  const ending = new AbortController();
  const done = (async (): Promise<unknown> => {
    try {
      for await (const tap of reader.taps(ending.signal)) heard.push(nameOf(tap));
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  return async () => {
    ending.abort();
    const error = await done;
    await reader.close();
    return error;
  };
}

async function bench(field = new CardField()): Promise<Bench> {
  const clock = new SteppedClock();
  const reader = await openCardReader(config, clock, simulatedChip(field.buffer));
  const heard: string[] = [];
  return { clock, field, heard, reader, stop: listen(reader, heard) };
}

async function refusal(work: Promise<unknown>): Promise<DeviceError> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, DeviceError);
    return error as DeviceError;
  }
  throw new Error("it was expected to fail");
}

const test = suite("the card reader");

test("each card is a tap with its whole UID and the moment of the search", async () => {
  const { clock, field, heard, stop } = await bench();
  for (const uid of ["DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899"]) {
    field.present([bytes(uid)]);
    await clock.pass(500);
    field.clear();
    await clock.pass(3_000);
  }
  assert.is(await stop(), undefined);
  assert.equal(heard, ["DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899"]);
});

test("a card held for a minute is one tap", async () => {
  const { clock, field, heard, stop } = await bench();
  field.present([bytes("04A1B2C3D4E5F6")]);
  await clock.pass(60_000);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["04A1B2C3D4E5F6"]);
});

test("two cards and a phone are refused with the reason, and one card alone is taken afterwards", async () => {
  const { clock, field, heard, stop } = await bench();
  field.present([bytes("DEADBEEF"), bytes("04A1B2C3D4E5F6")]);
  await clock.pass(3_000);
  field.present([bytes("DEADBEEF")]);
  await clock.pass(3_000);
  field.present([bytes("08123456")]);
  await clock.pass(3_000);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["several-cards", "DEADBEEF", "random-uid"]);
});

test("a reader without a chip is missing, in words that say what to look at", async () => {
  for (const [health, read] of [
    ["dead", "0x00"],
    ["absent", "0xff"],
  ] as const) {
    const field = new CardField();
    field.chip(health);
    const error = await refusal(openCardReader(config, new SteppedClock(), simulatedChip(field.buffer)));
    assert.is(error.code, "reader/missing");
    assert.is(
      error.message,
      `card reader of the bench: no chip answers (its version register reads ${read}); check power, wiring and chip select, and that RST is tied to 3V3`,
    );
  }
});

test("a chip of a version that nobody has seen reads cards, and is remarked upon by its number", async () => {
  const field = new CardField();
  field.chipVersion(0x42);
  const opened = await openCardReader(config, new SteppedClock(), simulatedChip(field.buffer));
  assert.match(opened.remark ?? "", "version 0x42");
  await opened.close();
  field.chipVersion(0x82);
  const clone = await openCardReader(config, new SteppedClock(), simulatedChip(field.buffer));
  assert.is(clone.remark, undefined);
  await clone.close();
});

test("a bus that cannot be opened is a missing reader, not a crash", async () => {
  const unplugged = { kind: "simulated", module: "./no-such-chip.js", field: new CardField().buffer } as const;
  const error = await refusal(openCardReader(config, new SteppedClock(), unplugged));
  assert.is(error.code, "reader/missing");
  assert.match(error.message, "card reader of the bench: the bench's chip could not be opened");
});

// Once "reader/missing: check power, wiring and chip select".
test("a defect in the reader's thread is no missing reader: it goes on up as it is", async () => {
  const tooSmall = simulatedChip(new SharedArrayBuffer(4));
  const thrown = await openCardReader(config, new SteppedClock(), tooSmall).catch((error: unknown) => error);
  assert.instance(thrown, RangeError);
});

test("an SPI device that does not exist is missing, by its path", async () => {
  const error = await refusal(openCardReader(config, new SteppedClock(), { kind: "spidev", bus: 6, device: 2 }));
  assert.is(error.code, "reader/missing");
  assert.match(error.message, "/dev/spidev6.2 does not exist; switch SPI on");
});

test("a chip that dies is lost; opened again after it is back, the reader reads", async () => {
  const { clock, field, heard, reader, stop } = await bench();
  await clock.pass(1_000);
  field.chip("dead");
  await clock.pass(1_000);
  const lost = await stop();
  assert.instance(lost, DeviceError);
  assert.is((lost as DeviceError).code, "reader/lost");
  assert.match((lost as DeviceError).message, "card reader of the bench: its chip no longer answers");
  // It stays lost: its thread is gone.
  const again = await refusal(reader.taps(new AbortController().signal)[Symbol.asyncIterator]().next());
  assert.is(again.code, "reader/lost");

  await refusal(openCardReader(config, clock, simulatedChip(field.buffer)));
  field.chip("well");
  field.present([bytes("DEADBEEF")]);
  const anew = await openCardReader(config, clock, simulatedChip(field.buffer));
  const end = listen(anew, heard);
  await clock.pass(1_000);
  assert.is(await end(), undefined);
  assert.equal(heard, ["DEADBEEF"]);
});

test("a card that lay there while the reader was lost is no new tap; another one is", async () => {
  const { clock, field, heard, reader, stop } = await bench();
  field.present([bytes("DEADBEEF")]);
  await clock.pass(1_000);
  field.chip("dead");
  await clock.pass(1_000);
  assert.instance(await stop(), DeviceError);
  field.chip("well");
  await clock.pass(60_000);
  const end = listen(await openCardReader(config, clock, simulatedChip(field.buffer), reader), heard);
  await clock.pass(10_000);
  field.present([bytes("04A1B2C3D4E5F6")]);
  await clock.pass(1_000);
  assert.is(await end(), undefined);
  assert.equal(heard, ["DEADBEEF", "04A1B2C3D4E5F6"]);
});

test("the world's time stands still while a search is under way", async () => {
  const { clock, field, heard, stop } = await bench();
  // The first look may or may not meet a card that comes while it runs: this one comes after it.
  await clock.quiet();
  const before = clock.now().monoMs;
  field.present([bytes("DEADBEEF")]);
  await clock.pass(config.poll);
  assert.equal(heard, ["DEADBEEF"]);
  assert.is(clock.now().monoMs, before + config.poll);
  assert.is(await stop(), undefined);
});

test("an aborted signal ends the taps, and a closed reader leaves no waking behind", async () => {
  const { clock, stop } = await bench();
  await clock.pass(1_000);
  assert.is(clock.waiting, 1);
  assert.is(await stop(), undefined);
  assert.is(clock.waiting, 0);
});

test("closing the reader ends the taps without a fault, in the middle of a search and between two", async () => {
  for (const wait of [false, true]) {
    const clock = new SteppedClock();
    const reader = await openCardReader(config, clock, simulatedChip(new CardField().buffer));
    const next = reader.taps(new AbortController().signal)[Symbol.asyncIterator]().next();
    if (wait) await clock.quiet();
    await reader.close();
    assert.equal(await next, { done: true, value: undefined });
  }
});

test.run();
