// A backend whose lists cost more to read than to send, and one whose list has ended the process before: what was known
// stays in force, the reason is said, and nobody waits for it.
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { FetchMark } from "../../../../agent/sync/ocpi/fetch-mark.js";
import { nothingPulled, OcpiPull, type PullState } from "../../../../agent/sync/ocpi/ocpi-pull.js";
import { readOcpiTariff } from "../../../../agent/sync/ocpi/ocpi-tariff.js";
import { sample } from "../../../support/memory.js";
import { hostileLists } from "../../../support/sync/hostile-lists.js";
import { ListServer, wireTariff, wireToken } from "../../../support/sync/list-server.js";
import { ocpiConfig, TokenFile, token } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const files = new TokenFile();
const server = await ListServer.open();
files.write(`${token}\n`);
const markPath = "/fetching-office";

type Life = {
  readonly pull: OcpiPull;
  readonly clock: HandClock;
  readonly notes: string[];
  readonly state: () => PullState;
};

/** One process's pull; what lasts is on `disk`. */
function life(disk: Disk, dies?: (error: unknown) => void): Life {
  const clock = new HandClock();
  const notes: string[] = [];
  let state = nothingPulled;
  const pull = new OcpiPull({
    config: ocpiConfig(`${server.url}/cdrs`, files.path, {
      toPartyId: "EMP",
      timeout: 20_000,
      tokensUrl: `${server.url}/tokens`,
      tariffsUrl: `${server.url}/tariffs`,
    }),
    from: { countryCode: "DE", partyId: "CTL" },
    clock,
    random: () => 0.5,
    note: (words) => notes.push(words),
    mark: new FetchMark(disk, markPath),
    store: { read: () => state, write: (next) => void (state = next) },
    tariffs: { own: () => [], replace: () => true },
    fault: () => undefined,
    die: dies ?? ((error) => assert.unreachable(String(error))),
  });
  return { pull, clock, notes, state: () => state };
}

const lists = suite("a list that costs more to read than to send");
lists.before.each(() => {
  server.tokens = [wireToken("04A1")];
  server.tariffs = [wireTariff("AC", 0.4)];
  server.instead = undefined;
});

for (const [what, text] of hostileLists)
  lists(`${what}: what was known stays, the reason is said, and little memory is used`, async () => {
    const { pull, state } = life(new Disk(new VolatileFiles()));
    await pull.now();
    const known = state().tokens;
    assert.is(known.length, 1);
    const packed = gzipSync(text());
    server.instead = (_request, response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(packed);
    const before = sample(0).heapMiB;
    const status = await pull.now();
    const words = status.words ?? "";
    if (status.ok === true) assert.match(words, /could not be read|0 tokens/);
    else {
      assert.match(
        words,
        /not read: (?:nested deeper|more than)|longer than|is damaged or too long|holds no list/,
        words,
      );
      // Where the list of tariffs alone is refused, that of tokens was read, without rows that can be.
      if (/tokens: /.test(words)) assert.equal(state().tokens, known);
    }
    assert.ok(words.length < 1_000, words.slice(0, 1_000));
    assert.not.match(words, /[\u0000-\u001f\u202e]/);
    assert.ok(sample(0).heapMiB - before < 8, "is let go");
    await pull.stop();
  });

lists("of tokens whose ids are blank, or cannot be printed, is taken without them, and says so", async () => {
  const { pull, state } = life(new Disk(new VolatileFiles()));
  server.tokens = [
    wireToken("04A1"),
    wireToken("   "),
    wireToken("04A2", { contract_id: "\u001b[2Jx" }),
    wireToken("04\u202eA3"),
    wireToken("04A4", { group_id: "\u0007" }),
    wireToken("04A5", { issuer: "\u001b[2J\u202e" }),
  ];
  const { words } = await pull.now();
  assert.equal(
    state().tokens.map(({ uid }) => uid),
    ["04A1", "04A5"],
  );
  assert.match(String(words), /4 rows could not be read .*, 5 texts cleaned of characters that cannot be printed/);
  await pull.stop();
});

lists("of tariffs whose names are blank, or cannot be printed, names none of them as they came", () => {
  for (const id of ["   ", "T\ufffd", "\ufffd[2J"])
    assert.equal(readOcpiTariff(wireTariff(id, 0.4)), {
      ok: false,
      id,
      why: "id: expected a name that can be printed",
    });
  const long = readOcpiTariff({ ...wireTariff("T", 0.4), [`price_${"x".repeat(1_000_000)}`]: 1 });
  assert.ok(!long.ok && long.why.length < 300);
});

lists.run();

const deaths = suite("a fetch that ended the process");

/** The process dies in the middle of a fetch; what it wrote stays. */
async function dieFetching(disk: Disk): Promise<void> {
  let died: unknown;
  const { pull } = life(disk, (error) => (died = error));
  server.instead = () => {
    throw new RangeError("as out of memory");
  };
  const thrown = new Promise<void>((resolve) => process.once("uncaughtException", () => resolve()));
  void pull.now();
  await thrown;
  assert.is(died, undefined);
}

deaths("leaves a mark: the next process sells first, and fetches after a while that grows", async () => {
  const disk = new Disk(new VolatileFiles());
  for (const [wait, words] of [
    [450_000, "1 time in a row"],
    [900_000, "2 times in a row"],
    [1_800_000, "3 times in a row"],
  ] as const) {
    await dieFetching(disk);
    server.instead = undefined;
    server.asked.length = 0;
    const { pull, clock, notes } = life(disk);
    pull.begin();
    pull.due();
    clock.advance(wait - 1);
    await pull.settled();
    assert.is(server.asked.length, 0, "asked before its time");
    assert.match(notes.join(), new RegExp(`the agent ended while it fetched \\(${words}\\)`));
    assert.match(pull.status().words ?? "", /or by: chargetill sync now/);
  }
});

deaths("is forgotten once a fetch came to its end, well or not", async () => {
  const disk = new Disk(new VolatileFiles());
  for (const answer of ["well", "not"]) {
    await dieFetching(disk);
    server.instead = answer === "well" ? undefined : (_request, response) => response.writeHead(500).end();
    const { pull, clock } = life(disk);
    pull.begin();
    clock.advance(450_000);
    await pull.settled();
    assert.is(pull.status().ok, answer === "well");
    assert.is(new FetchMark(disk, markPath).deaths(), 0);
    await pull.stop();
  }
});

deaths("is tried at once where a person asks, and a fetch that is stopped is none", async () => {
  const disk = new Disk(new VolatileFiles());
  await dieFetching(disk);
  server.instead = () => undefined;
  const { pull } = life(disk);
  pull.begin();
  const asked = pull.now();
  await new Promise((resolve) => setImmediate(resolve));
  await pull.stop();
  await asked;
  assert.is(new FetchMark(disk, markPath).deaths(), 0);
});

deaths("costs a card no write that is waited for", async () => {
  const disk = new Disk(new VolatileFiles());
  const mark = new FetchMark(disk, markPath);
  const before = disk.syncs;
  mark.set();
  mark.clear();
  assert.is(disk.syncs, before);
});

deaths("may have left any part of its mark, and a disk that takes none keeps nobody from fetching", () => {
  for (const [bytes, count] of [
    ["", 1],
    ["x", 1],
    ["07", 1],
    ["12", 12],
  ] as const) {
    const disk = new Disk(new VolatileFiles());
    disk.leave(markPath, Buffer.from(bytes));
    assert.is(new FetchMark(disk, markPath).deaths(), count, bytes);
  }
  const full = new Disk(new VolatileFiles({ capacityBytes: 0 }));
  const mark = new FetchMark(full, markPath);
  mark.set();
  mark.clear();
  assert.is(mark.deaths(), 0);
});

deaths.after(() => server.close());
deaths.run();
