import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../agent/core/failure.js";
import { attemptsBeforeDoubt } from "../../../agent/sync/outbox-doubt.js";
import { mostInDoubt, parseOutboxState, wrongAndUnseen } from "../../../agent/sync/outbox-state.js";
import { backoffMs } from "../../../agent/sync/transport/backoff.js";
import type { Outcome } from "../../../agent/sync/uplink.js";
import {
  accepted,
  away,
  Book,
  bench,
  failed,
  refused,
  ScriptedUplink,
  Store,
  settle,
  unsure,
} from "../../support/sync/outbox-bench.js";

const test = suite("the outbox");

test("receipts go out in order, one in flight, and what has nothing to send is passed over", async () => {
  const { outbox, uplink, clock } = bench();
  assert.is(outbox.status().reachability, "untried");
  const status = await outbox.now();
  assert.equal(uplink.sent, [2, 3, 4]);
  assert.is(uplink.most, 1);
  assert.is(status.waiting, 0);
  assert.is(status.reachability, "online");
  assert.is(status.lastAck?.number, 4);
  assert.is(clock.inFlight, 0);
});

test("a send is on disk before it is made, and its acknowledgement before the next", async () => {
  const store = new Store();
  const seen: string[] = [];
  const uplink = new ScriptedUplink();
  uplink.answer = ({ id }) => {
    const state = store.read();
    seen.push(
      `${id}: ${state?.open.map((item) => `${item.number} ${item.state}`).join()}, acknowledged ${state?.lastAck?.number ?? "none"}`,
    );
    return accepted;
  };
  const { outbox } = bench({ uplink, store });
  await outbox.now();
  assert.equal(seen, [
    "cdr-2: 2 sending, acknowledged none",
    "cdr-3: 3 sending, acknowledged 2",
    "cdr-4: 4 sending, acknowledged 3",
  ]);
  assert.equal(store.read()?.open, []);
  assert.is(store.read()?.lastAck?.number, 4);
  // One write per send, and one for the last acknowledgement.
  assert.is(store.writes, 4);
});

test("bench time stands still while something is in flight", async () => {
  const { outbox, uplink, clock } = bench();
  const during: number[] = [];
  uplink.answer = () => {
    during.push(clock.inFlight);
    return accepted;
  };
  await outbox.now();
  assert.equal(during, [1, 1, 1]);
});

test("what is unsure is sent again before anything else", async () => {
  const { outbox, uplink, clock } = bench({ uplink: new ScriptedUplink([accepted, unsure]) });
  await outbox.now();
  assert.equal(uplink.sent, [2, 3]);
  assert.is(outbox.stateOf(3), "unsure");
  assert.is(outbox.stateOf(4), "queued");
  assert.is(outbox.status().waiting, 2);
  clock.advance(60_000);
  await settle();
  assert.equal(uplink.sent, [2, 3, 3, 4]);
});

test("a refused receipt is parked with its reason and does not block", async () => {
  const { outbox, uplink, store } = bench({ uplink: new ScriptedUplink([accepted, refused]) });
  const status = await outbox.now();
  assert.equal(uplink.sent, [2, 3, 4]);
  assert.equal(
    status.parked.map(({ number, id, reason }) => [number, id, reason]),
    [[3, "cdr-3", "HTTP 400"]],
  );
  assert.is(outbox.stateOf(3), "parked");
  assert.is(status.waiting, 0);
  assert.is(status.reachability, "online");
  // And it is still there after a restart.
  assert.is(bench({ store }).outbox.status().parked.length, 1);
});

test("a backend that refuses everything is shown to a person before all is parked; a hand goes on", async () => {
  const { outbox, uplink, clock } = bench({ uplink: new ScriptedUplink([], refused), book: new Book(41) });
  outbox.kick();
  await settle();
  assert.is(uplink.sent.length, 10);
  assert.match(outbox.status().words ?? "", /the last 10 receipts were all refused/);
  clock.advance(clock.nextMs ?? 0);
  await settle();
  assert.is(uplink.sent.length, 11);
  assert.is((await outbox.now()).parked.length, 40);
  assert.is(outbox.status().waiting, 0);
});

test("a parked receipt is sent again by hand, and only a parked one", async () => {
  const { outbox, uplink, store } = bench({ uplink: new ScriptedUplink([refused, accepted, accepted, refused]) });
  await outbox.now();
  assert.equal([outbox.resend(3), outbox.resend(99), outbox.resend(2)], [[], [], [2]]);
  assert.is(outbox.stateOf(2), "sending");
  await settle();
  assert.is(outbox.stateOf(2), "parked");
  assert.equal(outbox.resend(2), [2]);
  await settle();
  assert.equal(uplink.sent, [2, 3, 4, 2, 2]);
  assert.is(outbox.stateOf(2), "acked");
  assert.equal(store.read()?.parked, []);
  assert.equal(outbox.resend(2), []);
});

test("all that is parked is put back at once, in one write", async () => {
  const { outbox, uplink, store, clock } = bench({
    uplink: new ScriptedUplink(Array.from({ length: 8 }, () => refused)),
    book: new Book(9),
  });
  await outbox.now();
  assert.is(outbox.status().parked.length, 8);
  uplink.answer = () => away;
  uplink.sent.length = 0;
  const before = store.writes;
  assert.equal(outbox.resend("all"), [2, 3, 4, 5, 6, 7, 8, 9]);
  assert.is(store.writes - before, 2, "one for all of them, one before the first is sent");
  await settle();
  uplink.answer = () => accepted;
  clock.advance(clock.nextMs ?? 0);
  await settle();
  assert.equal(uplink.sent, [2, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a CDR that is wrong by our own fault goes by its number alone: whoever says all has not looked at it", async () => {
  const book = new Book(4);
  book.parked.set(2, "clock").set(3, "priced again it is 5.95");
  book.wrong.add(3);
  const store = new Store();
  const { outbox, uplink } = bench({ book, store });
  const { parked } = await outbox.now();
  assert.equal(
    wrongAndUnseen(parked).map(({ number, reason }) => [number, reason]),
    [[3, "priced again it is 5.95"]],
  );
  assert.equal(outbox.resend("all"), [2]);
  await settle();
  assert.equal(uplink.sent, [4, 2]);
  // Seen and left: no fault any more, over a restart too, and still not sent.
  assert.equal([outbox.leave(3), outbox.leave(99)], [true, false]);
  const again = bench({ book, store }).outbox;
  assert.equal(wrongAndUnseen(again.status().parked), []);
  assert.equal(again.status().parked.length, 1);
  assert.equal(outbox.resend(3), [3]);
  await settle();
  assert.equal(uplink.sent, [4, 2, 3]);
});

test("a receipt asked for again survives a restart", async () => {
  const store = new Store();
  const first = bench({ store, uplink: new ScriptedUplink([refused], accepted) });
  await first.outbox.now();
  first.uplink.answer = () => away;
  first.outbox.resend(2);
  await settle();
  const second = bench({ store });
  assert.is(second.outbox.status().waiting, 1);
  assert.is(second.outbox.status().parked.length, 0);
  await second.outbox.now();
  assert.equal(second.uplink.sent, [2]);
});

test("a receipt whose date is not known is parked unsent, and goes when it is asked for", async () => {
  const book = new Book(3);
  book.parked.set(2, "clock");
  const { outbox, uplink } = bench({ book });
  const status = await outbox.now();
  assert.equal(uplink.sent, [3]);
  assert.is(status.parked[0]?.reason, "clock");
  outbox.resend(2);
  await settle();
  assert.equal(uplink.sent, [3, 2]);
});

test("back-off doubles with jitter, is capped, and goes on for ever", async () => {
  const { outbox, uplink, clock } = bench({ uplink: new ScriptedUplink([], away), random: () => 0 });
  await outbox.now();
  const waits: number[] = [];
  for (let turn = 0; turn < 40; turn += 1) {
    waits.push(clock.nextMs ?? 0);
    clock.advance(clock.nextMs ?? 0);
    await settle();
  }
  assert.equal(waits.slice(0, 8), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.is(uplink.sent.length, 41);
  assert.ok(uplink.sent.every((number) => number === 2));
  assert.is(backoffMs(1, { first: 1_000, most: 60_000 }, 0.999), 1_000);
  assert.is(backoffMs(10_000, { first: 1_000, most: 60_000 }, 0.999), 59_970);
  assert.is(backoffMs(1, { first: 1_000, most: 60_000 }, 0, 120_000), 120_000);
  assert.is(backoffMs(1, { first: 1_000, most: 60_000 }, 0, 1e12), 86_400_000);
});

test("a line that is down costs no writes while it stays down", async () => {
  const { outbox, store, clock } = bench({ uplink: new ScriptedUplink([], away) });
  await outbox.now();
  for (let turn = 0; turn < 20; turn += 1) {
    clock.advance(60_000);
    await settle();
  }
  assert.is(store.writes, 1);
});

test("a schedule never sends before the back-off is over; a hand does", async () => {
  const { outbox, uplink, clock } = bench({
    uplink: new ScriptedUplink([{ kind: "retry", countsAsAttempt: true, afterMs: 90_000 }]),
  });
  await outbox.now();
  assert.is(outbox.status().nextTryMs, clock.now().at + 90_000);
  clock.advance(89_999);
  assert.not(outbox.due());
  outbox.kick();
  await settle();
  assert.equal(uplink.sent, [2]);
  await outbox.now();
  assert.equal(uplink.sent, [2, 2, 3, 4]);
  assert.is(clock.nextMs, undefined);
  assert.not(outbox.due());
});

test("a settlement is tried at once, also one that comes while another is in flight", async () => {
  const { outbox, uplink, book } = bench({ book: new Book(1) });
  outbox.kick();
  assert.equal(uplink.sent, []);
  book.count = 2;
  uplink.answer = () => {
    if (book.count < 5) book.count += 1;
    outbox.kick();
    return accepted;
  };
  outbox.kick();
  await settle();
  assert.equal(uplink.sent, [2, 3, 4, 5]);
});

test("a receipt on which the backend fails again and again is parked once it answers to the next and fails on the first once more", async () => {
  const uplink = new ScriptedUplink();
  uplink.answer = ({ id }) => (id === "cdr-2" ? failed : accepted);
  const { outbox, clock } = bench({ uplink });
  await outbox.now();
  for (let turn = 0; turn < 4; turn += 1) {
    clock.advance(60_000);
    await settle();
  }
  assert.equal(uplink.sent, [2, 2, 2, 2, 2, 3, 2, 4]);
  assert.match(
    outbox.status().parked[0]?.reason ?? "",
    /failed on this receipt 5 times or more \(no reason given\), but answered to receipt 3/,
  );
  assert.is(outbox.status().waiting, 0);
});

test("a backend that comes back between the receipt in doubt and the next parks neither", async () => {
  const failures = [failed, failed, failed, failed, failed];
  const { outbox, uplink, clock } = bench({ uplink: new ScriptedUplink(failures, accepted) });
  await outbox.now();
  for (let turn = 0; turn < 4; turn += 1) {
    clock.advance(60_000);
    await settle();
  }
  assert.equal(uplink.sent, [2, 2, 2, 2, 2, 3, 2, 4]);
  assert.equal([outbox.status().parked, outbox.status().waiting], [[], 0]);
});

test("a backend that names a time is waited for, however often: no receipt is in doubt, and the next is not tried instead", async () => {
  const { outbox, uplink, clock } = bench({
    uplink: new ScriptedUplink([], { kind: "retry", countsAsAttempt: false, afterMs: 600_000 }),
  });
  await outbox.now();
  for (let turn = 0; turn < 20; turn += 1) {
    assert.ok((clock.nextMs ?? 0) >= 600_000);
    clock.advance(clock.nextMs ?? 0);
    await settle();
  }
  assert.equal([...new Set(uplink.sent)], [2]);
});

test("a backend that fails on everything parks nothing, and order is kept when it comes back", async () => {
  const last = mostInDoubt + 6;
  const { outbox, uplink, clock } = bench({ uplink: new ScriptedUplink([], failed), book: new Book(last) });
  await outbox.now();
  for (let turn = 0; turn < 100; turn += 1) {
    clock.advance(60_000);
    await settle();
  }
  assert.equal(outbox.status().parked, []);
  // Those in doubt, and the one that is tried instead of them; each had its attempts before the next was tried.
  assert.is(Math.max(...uplink.sent), 2 + mostInDoubt);
  uplink.sent.length = 0;
  uplink.answer = () => accepted;
  await outbox.now();
  assert.equal(
    uplink.sent,
    Array.from({ length: last - 1 }, (_, index) => index + 2),
  );
});

// Two in a row once held all behind them for ever: each was the other's proof that the backend is ill.
test("poison comes in rows: each is parked for its own proof, and those between and behind go on", async () => {
  const poison = [2, 3, 4, 6, 7];
  const uplink = new ScriptedUplink();
  uplink.answer = ({ id }) => (poison.includes(Number(id.slice(4))) ? failed : accepted);
  const { outbox, clock, store } = bench({ uplink, book: new Book(12) });
  outbox.kick();
  let rounds = 0;
  for (; rounds < 50 && outbox.status().waiting > 0; rounds += 1) {
    clock.advance(60_000);
    await settle();
  }
  const { parked, waiting } = outbox.status();
  assert.equal(
    parked.map(({ number }) => number),
    poison,
  );
  assert.is(waiting, 0);
  assert.ok(rounds <= poison.length * attemptsBeforeDoubt, `${rounds} rounds`);
  assert.ok(parked.every(({ reason }) => /answered to receipt (5|8|9|10|11)$/.test(reason)));
  // And so it reads after a restart.
  assert.equal(parseOutboxState(JSON.parse(store.text ?? "")).open, []);
});

test("no answer to one while the line stands makes it suspect too, and its reason says that it may have arrived", async () => {
  const uplink = new ScriptedUplink();
  const silent = { kind: "unsure", countsAsAttempt: true, words: "no answer within 60 s" } as const;
  uplink.answer = ({ id }) => (id === "cdr-2" ? silent : accepted);
  const { outbox, clock } = bench({ uplink });
  await outbox.now();
  for (let turn = 0; turn < 4; turn += 1) {
    clock.advance(60_000);
    await settle();
  }
  assert.equal(uplink.sent, [2, 2, 2, 2, 2, 3, 2, 4]);
  assert.match(
    outbox.status().parked[0]?.reason ?? "",
    /no answer within 60 s\), but answered to receipt 3; it may have arrived: ask the backend/,
  );
});

/** The line is lost at these receipts, after it had stood; all others are taken. */
const lostAt =
  (...numbers: number[]): ScriptedUplink["answer"] =>
  ({ id }) =>
    numbers.includes(Number(id.slice(4)))
      ? { kind: "unsure", countsAsAttempt: true, lineLost: true, words: "the line was cut" }
      : accepted;

// It held all behind it until somebody said `sync park`: a lost line never counted.
test("a receipt at which the line is lost each time is passed over after its tries, comes back after each that is taken, and is parked", async () => {
  const uplink = new ScriptedUplink();
  uplink.answer = lostAt(2);
  const book = new Book(12);
  const { outbox, clock } = bench({ uplink, book });
  await outbox.now();
  for (let turn = 0; turn < 12; turn += 1) {
    clock.advance(60_000);
    await settle();
  }
  assert.equal(uplink.sent, [2, 2, 2, 2, 2, 3, 2, 4, 2, 5, 2, 6, 2, 7, 2, 8, 9, 10, 11, 12]);
  assert.equal([outbox.stateOf(2), outbox.status().waiting], ["parked", 0]);
  assert.match(
    outbox.status().parked[0]?.reason ?? "",
    /^the backend lost the line at this receipt 10 times or more \(the line was cut\), but answered to receipt 7; it may have arrived/,
  );
});

test("where each loss takes the line away, others go first on the next one, and one alone rests and keeps back nothing new", async () => {
  const uplink = new ScriptedUplink();
  let isUp = true;
  const answer = lostAt(2);
  uplink.answer = (item, signal) => {
    if (!isUp) return away;
    isUp = item.id !== "cdr-2";
    return answer(item, signal);
  };
  const book = new Book(2);
  const { outbox, clock } = bench({ uplink, book });
  await outbox.now();
  const turn = async (): Promise<void> => {
    isUp = true;
    clock.advance(clock.nextMs ?? 0);
    await settle();
  };
  for (let tries = 1; tries < 20; tries += 1) await turn();
  assert.equal(
    [uplink.sent.length, outbox.stateOf(2)],
    [20, "unsure"],
    "alone it is in nobody's way, and proof is none",
  );
  isUp = true;
  book.count = 3;
  outbox.kick();
  await settle();
  assert.equal([uplink.sent.slice(20), outbox.stateOf(3)], [[3, 2], "acked"], "at once, whatever the back-off says");
  assert.match(outbox.status().parked[0]?.reason ?? "", /lost the line at this receipt .* answered to receipt 3/);
});

test("a backend whose line is lost at everything, for a day, parks nothing", async () => {
  const uplink = new ScriptedUplink();
  uplink.answer = lostAt(...Array.from({ length: 40 }, (_, index) => index + 2));
  const { outbox, clock } = bench({ uplink, book: new Book(41) });
  outbox.kick();
  for (let turn = 0; turn < 1_500; turn += 1) {
    await settle();
    clock.advance(60_000);
  }
  assert.equal([outbox.status().parked, outbox.status().waiting], [[], 40]);
  uplink.answer = () => accepted;
  await outbox.now();
  assert.equal([outbox.status().parked, outbox.status().waiting], [[], 0]);
});

test("a line that is lost every other time, at whatever is on it, parks nothing", async () => {
  const random = generator(20260302);
  const uplink = new ScriptedUplink();
  const lost = lostAt(...Array.from({ length: 500 }, (_, index) => index + 2));
  uplink.answer = (item, signal) => (random() < 0.5 ? lost(item, signal) : accepted);
  const { outbox, clock } = bench({ uplink, book: new Book(501) });
  outbox.kick();
  for (let turn = 0; turn < 5_000 && outbox.status().waiting > 0; turn += 1) {
    await settle();
    clock.advance(60_000);
  }
  assert.equal([outbox.status().parked, outbox.status().waiting], [[], 0]);
});

test("a refusal that may pass is tried again with back-off, and is one after its tries, with no other receipt asked", async () => {
  const passing = { ...failed, refusal: "id 0" };
  for (const passes of [true, false]) {
    const uplink = new ScriptedUplink([passing, passing, passing, passing], passes ? accepted : passing);
    const { outbox, clock } = bench({ uplink, book: new Book(2) });
    await outbox.now();
    const waits: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      waits.push(clock.nextMs ?? 0);
      clock.advance(clock.nextMs ?? 0);
      await settle();
    }
    assert.equal(waits, [750, 1_500, 3_000, 6_000]);
    assert.equal(
      outbox.status().parked.map(({ reason }) => reason),
      passes ? [] : ["id 0 (5 times)"],
    );
    assert.is(outbox.status().waiting, 0);
  }
});

test("a person sets a waiting receipt aside: the head of the line at once, one behind it in its turn, over a restart", async () => {
  const store = new Store();
  const book = new Book(5);
  const first = bench({ store, book, uplink: new ScriptedUplink([], away) });
  await first.outbox.now();
  // On its way, not yet taken, nothing to send, not there.
  assert.equal(
    [2, 4, 4, 1, 99].map((number) => first.outbox.park(number)),
    [true, true, true, false, false],
  );
  await first.outbox.stop();
  const { outbox, uplink } = bench({ store, book });
  assert.equal(outbox.status().parked[0]?.reason, "set aside by hand (sync park)");
  await outbox.now();
  assert.equal(uplink.sent, [3, 5]);
  assert.equal(
    outbox.status().parked.map(({ number }) => number),
    [2, 4],
  );
  assert.is(outbox.park(2), false, "it is parked already");
  assert.equal(outbox.resend("all"), [2, 4]);
  await settle();
  assert.equal([uplink.sent, store.read()?.aside], [[3, 5, 2, 4], []]);
});

test("one that is set aside while it is on its way is not parked if it is acknowledged all the same", async () => {
  for (const outcome of [accepted, failed, unsure]) {
    const { outbox, uplink } = bench({ book: new Book(3) });
    let answer: (outcome: Outcome) => void = () => {};
    uplink.answer = () => new Promise((resolve) => (answer = resolve));
    outbox.kick();
    await settle();
    assert.is(outbox.park(2), true);
    assert.is(outbox.stateOf(2), "parked");
    answer(outcome);
    await settle();
    assert.is(outbox.stateOf(2), outcome === accepted ? "acked" : "parked");
    await outbox.stop();
  }
});

test("trouble that needs a person is a fault until something is accepted", async () => {
  const script = [
    { kind: "retry", countsAsAttempt: false, fault: "uplink/unauthorised", words: "wrong token" },
    { kind: "unsure", fault: "uplink/unsure", words: "a login page" },
    away,
  ] as const;
  const { outbox, clock } = bench({ uplink: new ScriptedUplink(script) });
  const said: unknown[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const { reachability, fault, words } = await outbox.now();
    said.push([reachability, fault, words]);
    clock.advance(10);
  }
  assert.equal(said, [
    ["unauthorised", "uplink/unauthorised", "wrong token"],
    ["unsure", "uplink/unsure", "a login page"],
    ["offline", undefined, undefined],
    ["online", undefined, undefined],
  ]);
  assert.is(outbox.status().sinceMs, clock.now().at - 10);
});

test("every change is told", async () => {
  const { outbox, statuses } = bench({ book: new Book(2) });
  await outbox.now();
  assert.equal(
    statuses.map(({ sending, waiting, reachability }) => [sending, waiting, reachability]),
    [
      [2, 1, "untried"],
      [undefined, 0, "online"],
    ],
  );
});

test("a receipt that cannot be read from the book holds the line with a fault, and heals", async () => {
  const { outbox, uplink, book, clock, failures } = bench();
  const get = book.get.bind(book);
  book.get = (number) => {
    if (number === 3) throw new Failure("book/damaged", "page 1 is damaged");
    return get(number);
  };
  const status = await outbox.now();
  assert.is(status.fault, "book/damaged");
  assert.match(status.words ?? "", /page 1 is damaged/);
  assert.is(outbox.stateOf(2), "acked");
  assert.equal(failures, []);
  book.get = get;
  clock.advance(60_000);
  await settle();
  assert.equal(uplink.sent, [2, 3, 4]);
  assert.is(outbox.status().fault, undefined);
});

test("a state that cannot be written stops the sending before the line is used", async () => {
  const store = new Store();
  const { outbox, uplink, failures } = bench({ store });
  store.before = () => {
    throw new Error("ENOSPC");
  };
  await outbox.now();
  assert.equal(uplink.sent, []);
  assert.is(failures.length, 1);
  assert.not(outbox.due());
});

test("an acknowledgement that cannot be written stops the sending too", async () => {
  const store = new Store();
  const { outbox, uplink, failures } = bench({ store });
  store.before = () => {
    if (store.writes === 1) throw new Error("EIO");
  };
  await outbox.now();
  assert.equal(uplink.sent, [2]);
  assert.is(failures.length, 1);
});

test("stopping waits for nothing outside, and what was in flight is unsure afterwards", async () => {
  const store = new Store();
  const { outbox, uplink, clock } = bench({ store });
  uplink.answer = () => new Promise(() => {});
  outbox.kick();
  await settle();
  await outbox.stop();
  assert.is(clock.inFlight, 0);
  assert.not(outbox.due());
  const again = bench({ store });
  assert.is(again.outbox.stateOf(2), "unsure");
  await again.outbox.now();
  assert.equal(again.uplink.sent, [2, 3, 4]);
});

test("an uplink whose files cannot be read any more is unsure, not lost", async () => {
  const { outbox, uplink, failures } = bench();
  uplink.answer = () => Promise.reject(new Failure("config/invalid", "tokenFile cannot be read (EACCES)"));
  const status = await outbox.now();
  assert.match(status.words ?? "", /tokenFile cannot be read/);
  assert.is(outbox.stateOf(2), "unsure");
  assert.equal(failures, []);
});

// Once told as an uplink that is unsure, and a defect in a receipt's way as a damaged book.
test("a defect of ours is told as one, and what was in flight is unsure afterwards", async () => {
  const bug = new TypeError("a bug");
  const store = new Store();
  const sending = bench({ store });
  sending.uplink.answer = () => Promise.reject(bug);
  await sending.outbox.now();
  assert.equal(sending.failures, [bug]);
  assert.is(bench({ store }).outbox.stateOf(2), "unsure");
  const reading = bench();
  reading.book.get = () => {
    throw bug;
  };
  const status = await reading.outbox.now();
  assert.equal([reading.failures, status.fault], [[bug], undefined]);
});

test("a receipt book that lost its end is named and nothing is sent", () => {
  const store = new Store();
  store.text = JSON.stringify({ cursor: 9, open: [], parked: [], lastAck: null });
  assert.throws(
    () => bench({ store }),
    (error: unknown) =>
      error instanceof Failure && error.code === "table/damaged" && /receipt 9.*ends at 4/.test(error.message),
  );
});

test("a state that is not one is named, never guessed at", () => {
  assert.throws(
    () => parseOutboxState({ cursor: -1, open: [], parked: [], lastAck: null }),
    (error: unknown) => error instanceof Failure && error.code === "table/damaged",
  );
  assert.throws(
    () => parseOutboxState(null),
    (error: unknown) => error instanceof Failure,
  );
});

test("whatever the backend answers and wherever it crashes: all arrive, none after an acknowledgement that was kept", async () => {
  const seed = 20260302;
  console.log(`seed ${seed}`);
  const random = generator(seed);
  for (let scenario = 0; scenario < 200; scenario += 1) {
    const store = new Store();
    const book = new Book(2 + Math.floor(random() * 12));
    const arrived: number[] = [];
    const acked = new Set<number>();
    for (let life = 0; life < 200; life += 1) {
      const uplink = new ScriptedUplink();
      let crashed = false;
      const { outbox, clock } = bench({ store, book, uplink, random });
      uplink.answer = ({ id }) => {
        const number = Number(id.slice(4));
        assert.not(acked.has(number), `scenario ${scenario}: receipt ${number} after its acknowledgement`);
        const roll = random();
        if (roll < 0.15) return away;
        arrived.push(number);
        if (roll < 0.3) return unsure;
        if (roll < 0.4) return failed;
        if (roll < 0.5) {
          // The process dies with the line open: nothing after this is written.
          crashed = true;
          return new Promise(() => {});
        }
        return accepted;
      };
      for (const item of outbox.status().parked) outbox.resend(item.number);
      for (let turn = 0; turn < 6 && !crashed; turn += 1) {
        outbox.due();
        await settle();
        clock.advance(clock.nextMs ?? 0);
        await settle();
      }
      for (let number = 2; number <= book.count; number += 1) if (outbox.stateOf(number) === "acked") acked.add(number);
      await outbox.stop();
      if (acked.size === book.count - 1) break;
    }
    const first = [...new Set(arrived)];
    assert.is(first.length, book.count - 1, `scenario ${scenario}`);
  }
});

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.run();
