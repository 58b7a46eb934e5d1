// A CDR that does not cost what its receipt says is our own fault: it stays here until a person has decided about it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openUplinkChannels, type UplinkParts } from "../../../../agent/app/uplinks/uplinks.js";
import { Book } from "../../../../agent/ledger/book/book.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { Faults, type StationFault } from "../../../../agent/sync/faults.js";
import type { Outbox } from "../../../../agent/sync/outbox.js";
import { Backend } from "../../../../drivers/bench/backend.js";
import { receipt } from "../../../support/ledger-life.js";
import { testStationConfig } from "../../../support/station/test-station.js";
import { ocpiConfig, TokenFile, token } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const test = suite("a wrong CDR");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());

const text = (number: number): string => JSON.stringify({ id: receipt(number).cdrId });

/** The one outbox of a station whose second receipt has a wrong CDR, and the faults that stand. */
function station(backend: Backend, files: VolatileFiles): { readonly outbox: Outbox; readonly faults: Faults } {
  const disk = new Disk(files);
  const book = Book.open(disk, "/book");
  for (const number of [1, 2, 3]) {
    const cdr = { texts: { "2.3.0": text(number) }, timeUnknown: false };
    book.append({ ...receipt(number), cdr: number === 2 ? { ...cdr, wrong: { "2.3.0": "it is 5.95" } } : cdr });
  }
  const ignored = (_: StationFault): void => undefined;
  const faults = new Faults(ignored, ignored);
  const uplink = ocpiConfig(backend.url, tokenFile.path, { version: "2.3.0", acceptUnknownTime: true });
  const { config } = testStationConfig((demo) => ({ ...demo, uplinks: [uplink] }));
  const parts: Partial<UplinkParts> = {
    config,
    clock: new HandClock(),
    disk,
    random: () => 0.5,
    book,
    checkpoint: () => "",
    faults: () => faults,
    emit: () => undefined,
    changed: () => undefined,
    die: (error) => {
      throw error;
    },
    kinds: {},
    disclosures: () => [],
  };
  const [channel] = openUplinkChannels(parts as UplinkParts);
  if (channel === undefined) throw new Error("the config has one uplink");
  return { outbox: channel.outbox, faults };
}

const standing = (faults: Faults): unknown => faults.all().map(({ code, message }) => [code, message]);
const kept = [["cdr/wrong", "kept back: receipt 2: it is 5.95"]];

test("it is never sent by itself, and its fault stands until somebody has decided, over restarts too", async () => {
  const backend = await Backend.open({ token });
  const files = new VolatileFiles();
  try {
    const first = station(backend, files);
    await first.outbox.now();
    assert.equal(
      backend.posts.map(({ body }) => body),
      [text(1), text(3)],
    );
    assert.equal(standing(first.faults), kept);
    await first.outbox.stop();

    const second = station(backend, files);
    second.outbox.begin();
    assert.equal([standing(second.faults), second.outbox.resend("all")], [kept, []]);
    assert.is(second.outbox.leave(2), true);
    assert.equal(standing(second.faults), []);
    await second.outbox.stop();

    const third = station(backend, files);
    third.outbox.begin();
    assert.equal(standing(third.faults), []);
    assert.equal(third.outbox.resend(2), [2]);
    await third.outbox.now();
    assert.is(backend.posts.at(-1)?.body, text(2));
    await third.outbox.stop();
  } finally {
    await backend.close();
  }
});

test.run();
