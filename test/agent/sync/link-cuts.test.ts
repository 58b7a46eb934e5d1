// The whole way from outbox to backend over a real loopback line that is cut at every step, with the outbox restarted
// from its store in between.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Outbox } from "../../../agent/sync/outbox.js";
import { Backend, type BackendMood } from "../../../drivers/bench/backend.js";
import { Book, Store } from "../../support/sync/outbox-bench.js";
import { TokenFile, token, uplinkTo } from "../../support/sync/uplink-bench.js";
import { HandClock } from "../../support/time/hand-clock.js";

const test = suite("a line that is cut");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());

type OpenUplink = { outbox: Outbox; failures: unknown[] };

function openUplink(backend: Backend, book: Book, store: Store, clock: HandClock): OpenUplink {
  const failures: unknown[] = [];
  const outbox = new Outbox({
    uplink: uplinkTo(backend.url, tokenFile.path),
    items: book,
    store,
    clock,
    random: () => 0.5,
    backoff: { first: 100, most: 1_000 },
    onFailure: (error) => failures.push(error),
  });
  return { outbox, failures };
}

/** Once each after dedupe by id, and all copies of one id alike in body and key. */
function provenAt(backend: Backend, book: Book): void {
  assert.is(backend.cdrs.size, book.count - 1);
  for (let number = 2; number <= book.count; number += 1) {
    const { id, body } = book.get(number) ?? { id: "", body: "" };
    assert.is(backend.cdrs.get(id), body);
    for (const copy of backend.posts.filter((post) => post.id === id)) assert.equal([copy.body, copy.key], [body, id]);
  }
}

const cuts: readonly BackendMood[] = [
  "away",
  "cut",
  "cut-request",
  "lost-answer",
  "cut-answer",
  "html",
  "3000",
  503,
  401,
  "slow",
];

for (const restarts of [false, true])
  test(`50 sessions, the line cut at every step of each${restarts ? ", the agent restarted after every cut" : ""}: each is there once, no copy after its acknowledgement`, async () => {
    const backend = await Backend.open({ token });
    const book = new Book(1);
    const store = new Store();
    const clock = new HandClock();
    let { outbox, failures } = openUplink(backend, book, store, clock);
    const copies = new Map<string, number>();
    for (let number = 2; number <= 51; number += 1) {
      book.count = number;
      for (const mood of cuts) {
        await backend.become(mood);
        if (mood === "slow") {
          const read = backend.received(backend.arrived + 1);
          const pushed = outbox.now();
          await read;
          await backend.become("cut");
          await pushed;
        } else await outbox.now();
        assert.is.not(outbox.stateOf(number), "acked", `${number} after ${mood}`);
        if (!restarts) continue;
        await outbox.stop();
        ({ outbox, failures } = openUplink(backend, book, store, clock));
      }
      await backend.become("well");
      const status = await outbox.now();
      assert.is(status.reachability, "online");
      assert.is(status.waiting, 0);
      copies.set(`cdr-${number}`, backend.posts.filter((post) => post.id === `cdr-${number}`).length);
    }
    await outbox.stop();
    provenAt(backend, book);
    for (const [id, count] of copies)
      assert.is(
        backend.posts.filter((post) => post.id === id).length,
        count,
        `${id} went again after its acknowledgement`,
      );
    assert.equal(failures, []);
    assert.equal(store.read()?.open, []);
    assert.equal(store.read()?.parked, []);
    await backend.close();
  });

for (const done of [false, true])
  test(`the agent dies at each write of its state, the write ${done ? "done" : "not done"}: each is there once`, async () => {
    for (let fatal = 1; fatal <= 6; fatal += 1) {
      const backend = await Backend.open({ token });
      const book = new Book(6);
      const store = new Store();
      const clock = new HandClock();
      let left = fatal;
      const write = store.write.bind(store);
      store.write = (state) => {
        left -= 1;
        if (left === 0 && done) write(state);
        if (left === 0) throw new Error("power cut");
        write(state);
      };
      const first = openUplink(backend, book, store, clock);
      await first.outbox.now();
      assert.is(first.failures.length, 1);
      await first.outbox.stop();
      const second = openUplink(backend, book, store, clock);
      await second.outbox.now();
      await second.outbox.stop();
      provenAt(backend, book);
      // At most the one receipt whose acknowledgement was not kept went twice.
      assert.ok(backend.posts.length <= book.count);
      await backend.close();
    }
  });

test.run();
