// What bounds the page on the station's side: lines, tries, links.
import { readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CardTries } from "../../../../agent/app/page/card-tries.js";
import { DriverPage } from "../../../../agent/app/page/driver-page.js";
import { PageQuestions } from "../../../../agent/app/page/page-questions.js";
import { PageSocket } from "../../../../agent/app/page/page-socket.js";
import { TryLimit } from "../../../../agent/app/page/try-limit.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { SessionLinks } from "../../../../agent/receipts/session-links.js";
import {
  linkPattern,
  type PageAnswer,
  type PageQuestion,
  type StationPush,
} from "../../../../agent/web/link/frames.js";
import { LineReader } from "../../../../agent/web/link/line-reader.js";
import { StationLink } from "../../../../agent/web/link/station-link.js";
import { freshFolder } from "../../../support/command.js";
import { TestStation } from "../../../support/station/test-station.js";
import { driverCard, PageBench } from "../../../support/web/page-bench.js";

const test = suite("the station's side of the page");

test("gives five tries, then none until the oldest is ten minutes old; whoever is right begins anew", () => {
  const limit = new TryLimit({ tries: 5, withinMs: 600_000 });
  for (let tries = 0; tries < 5; tries += 1) assert.is(limit.take("bay 1", tries * 1_000), 0);
  assert.is(limit.take("bay 1", 10_000), 590_000);
  assert.is(limit.take("bay 2", 10_000), 0);
  assert.is(limit.take("bay 1", 600_000), 0);
  assert.is.not(limit.take("bay 1", 600_000), 0);
  limit.forgive("bay 1");
  assert.is(limit.take("bay 1", 600_001), 0);
});

test("a card's last four could be guessed overnight: now each pause is longer, until the next session", () => {
  const tries = new CardTries();
  const minute = 60_000;
  /** The tries that somebody makes who asks each minute for so many. */
  const guesses = (sessionId: string, fromMinute: number, minutes: number): number => {
    let made = 0;
    for (let at = fromMinute; at < fromMinute + minutes; at += 1)
      for (let more = 0; more < 10; more += 1) if (tries.take(1, sessionId, at * minute) === 0) made += 1;
    return made;
  };
  assert.is(guesses("session 1", 0, 10), 5);
  assert.is(guesses("session 1", 10, 20), 5);
  assert.is(guesses("session 1", 30, 12 * 60), 5, "a night");
  assert.is(tries.take(1, "session 1", 60 * minute), 23.5 * 60 * minute);
  assert.is(tries.take(2, "session 1", 60 * minute), 0, "another connector");
  assert.is(guesses("session 2", 750, 10), 5, "the next session begins anew");
});

test("who is right waits for nobody, and gives who guesses no shorter pauses", () => {
  const tries = new CardTries();
  for (let wrong = 0; wrong < 5; wrong += 1) assert.is(tries.take(1, "session 1", 0), 0);
  assert.is(tries.take(1, "session 1", 1), 599_999);
  assert.is(tries.take(1, "session 1", 600_000), 0);
  tries.forgive(1);
  for (let wrong = 0; wrong < 5; wrong += 1) assert.is(tries.take(1, "session 1", 600_000), 0);
  assert.is(tries.take(1, "session 1", 600_000), 1_200_000);
});

test("a client without tries used up those of all others: now it takes none of theirs", async () => {
  const station = new TestStation();
  const { config, services } = station;
  const disk = new Disk(station.files);
  let seconds = 0;
  const questions = new PageQuestions({
    config,
    disk,
    links: SessionLinks.open(disk, config.state),
    now: () => ({ ...station.clock.now(), monoMs: 1_000 * (seconds += 1) }),
    services: () => services,
  });
  const why = async (client: string): Promise<string> => {
    const sold = { date: "2026-11-24", evseId: "DE*ABC*E1*1", lastFour: "6E80", total: "1.00" };
    const answer = await questions.answer({ ask: "find", client, ...sold });
    return answer.ok ? "found" : answer.why;
  };
  try {
    for (let tries = 0; tries < 100; tries += 1)
      assert.is(await why("greedy"), tries < 5 ? "unknown" : "wait", `${tries}`);
    for (let client = 0; client < 55; client += 1) assert.is(await why(`client ${client}`), "unknown", `${client}`);
    assert.is(await why("the 61st"), "wait", "all together have 60 an hour");
  } finally {
    await station.close();
  }
});

test("reads lines in any pieces, and stops at one that is too long", () => {
  const heard: string[] = [];
  let tooLong = 0;
  const reader = new LineReader(
    10,
    (line) => heard.push(line),
    () => (tooLong += 1),
  );
  for (const piece of ["ab", "c\nde", "f\n", "\n", "0123456789\n"]) reader.add(piece);
  assert.equal([heard, tooLong], [["abc", "def", "", "0123456789"], 0]);
  reader.add("0123456789x");
  assert.is(tooLong, 1);
});

test("leads each session's link to its receipt, the same link after a restart, until it is over", () => {
  const folder = freshFolder();
  const links = SessionLinks.open(new Disk(), folder);
  const link = links.linkOf("session 1");
  assert.match(link, linkPattern);
  assert.is.not(links.linkOf("session 2"), link);
  assert.is(links.receiptOf(link, 0), undefined);
  links.lead("session 1", 17, { atMs: 0, untilMs: 1_000 });
  const again = SessionLinks.open(new Disk(), folder);
  assert.equal(
    [again.linkOf("session 1"), again.receiptOf(link, 999), again.receiptOf(link, 1_000)],
    [link, 17, undefined],
  );
  assert.is(again.newest(), 17);
  again.lead("session 2", 18, { atMs: 2_000, untilMs: 3_000 });
  assert.not.match(readFileSync(join(folder, "session-links.json"), "utf8"), new RegExp(link), "what is over is gone");
});

const question: PageQuestion = { ask: "receipt", link: "A".repeat(22) };
const nobodyCharges: StationPush = { type: "state", atMs: 0, trust: "synced", closed: false, connectors: [] };

test("answers a page that asks more at once than it answers at a time: the rest waits, nothing is cut off", async () => {
  const path = join(freshFolder(), "page.sock");
  const held: (() => void)[] = [];
  let most = 0;
  const socket = await PageSocket.open({
    path,
    joined: (peer) => void peer.push(nobodyCharges),
    answer: () =>
      new Promise((resolve) => {
        held.push(() => resolve({ ok: true, value: {} }));
        most = Math.max(most, held.length);
        // Nothing is answered before as many are held as there may be.
        if (held.length === 16) for (const give of held.splice(0)) give();
      }),
    failed: (error) => assert.unreachable(String(error)),
  });
  const link = new StationLink(path);
  try {
    await new Promise<void>((resolve) => link.listen(resolve));
    const answers = Array.from({ length: 64 }, () => link.ask(question));
    assert.equal(
      (await Promise.all(answers)).filter(({ ok }) => !ok),
      [],
    );
    assert.is(most, 16);
  } finally {
    link.close();
    await socket.close();
  }
});

test("tells a peer that keeps to no bound to wait, instead of cutting it off", async () => {
  const path = join(freshFolder(), "page.sock");
  const socket = await PageSocket.open({
    path,
    joined: () => undefined,
    answer: () => new Promise<PageAnswer>(() => undefined),
    failed: (error) => assert.unreachable(String(error)),
  });
  const peer = net.connect(path);
  try {
    for (let id = 1; id <= 17; id += 1) peer.write(`${JSON.stringify({ id, question })}\n`);
    const line = await new Promise<string>((resolve, reject) => {
      peer.on("data", (bytes) => resolve(bytes.toString("utf8")));
      peer.on("close", () => reject(new Error("cut off")));
    });
    assert.equal(JSON.parse(line), { type: "answer", id: 17, answer: { ok: false, why: "wait", waitMs: 1_000 } });
  } finally {
    peer.destroy();
    await socket.close();
  }
});

test("a look-up shortened the link that was printed to a day: now a link keeps the longer time", () => {
  const links = SessionLinks.open(new Disk(), freshFolder());
  const link = links.lead("session 1", 17, { atMs: 0, untilMs: 30_000 });
  assert.is(links.lead("session 1", 17, { atMs: 100, untilMs: 1_100 }), link);
  assert.equal([links.receiptOf(link, 29_999), links.receiptOf(link, 30_000)], [17, undefined]);
  links.lead("session 1", 17, { atMs: 29_500, untilMs: 30_500 });
  assert.is(links.receiptOf(link, 30_499), 17, "and is lengthened where that is later");
});

test("links of before a crash were written one by one, also what was over: now in one write, from their receipts on", async () => {
  const bench = await PageBench.open(() => ({ links: 3_600_000 }));
  const { station } = bench;
  const { config, files, clock } = station;
  const sale = async (): Promise<void> => {
    await station.plug(1);
    await station.tap(driverCard);
    await clock.pass(3_000);
    await station.charge(1, 50, 60);
    await station.plug(1, false);
    await clock.pass(20_000);
  };
  let page: DriverPage | undefined;
  try {
    // Of none of these the page hears: they are of before the crash.
    await sale();
    await clock.pass(3_600_000);
    await sale();
    await sale();
    const receipts = station.event.filter((event) => event.type === "receipt");
    assert.is(receipts.length, 3);
    const disk = new Disk(files);
    page = DriverPage.open({
      config: { ...config, page: config.page && { ...config.page, socket: join(freshFolder(), "page.sock") } },
      clock,
      disk,
      version: "test",
      services: () => station.services,
      whyClosed: () => undefined,
      note: (text) => assert.unreachable(text),
    });
    const syncs = (): number => files.syncs.filter(({ site }) => site.includes("session-links")).length;
    const before = syncs();
    await clock.pass(60_000);
    const last = receipts.at(-1);
    assert.ok(last);
    page?.heard(last);
    const caughtUp = syncs() - before;
    const links = SessionLinks.open(disk, config.state);
    const at = clock.now().at;
    const leads = receipts.map(({ session }) => links.receiptOf(links.linkOf(session), at));
    assert.equal(leads, [undefined, ...receipts.slice(1).map(({ number }) => number)]);
    const [, second] = receipts;
    const untilMs = (station.services.book.get(second?.number ?? 0)?.issuedMs ?? 0) + 3_600_000;
    const link = links.linkOf(second?.session ?? "");
    assert.equal([links.receiptOf(link, untilMs - 1), links.receiptOf(link, untilMs)], [second?.number, undefined]);
    const single = syncs();
    links.lead("session of one write", 4, { atMs: at, untilMs: at + 1 });
    const oneWrite = syncs() - single;
    assert.ok(oneWrite > 0);
    assert.is(caughtUp, 2 * oneWrite, "one for those of before, one for that which was heard of");
  } finally {
    await page?.close();
    await bench.close();
  }
});

test.run();
