// What became of a payment, told from outside: judged, kept beside its receipt, and brought once to each CSMS that has
// a message for it, after the session that it pays.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  checkPayment,
  type PayableReceipt,
  type Payment,
  readPayment,
} from "../../../../../agent/core/station/payment.js";
import type { StationEvent } from "../../../../../agent/core/station/station-event.js";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import { Payments, paymentsInPage, viewPayments } from "../../../../../agent/receipts/payments.js";
import { paymentNotice } from "../../../../../agent/sync/ocpp/transactions/payment-notice.js";
import type { Moment } from "../../../../../drivers/driver.js";
import { TestStation, testStationConfig } from "../../../../support/station/test-station.js";
import { Csms, type Mood } from "../../../../support/sync/csms.js";
import { ocppConfig, SalesBook } from "../../../../support/sync/ocpp-bench.js";
import { mustFit } from "../../../../support/sync/schemas.js";
import { VolatileFiles, type Wishes } from "../../../../support/volatile-files.js";

const nowMs = Date.UTC(2026, 10, 28, 17);
const sold: PayableReceipt = { number: 17, sessionId: "S-17", currency: "EUR", total: "8.54" };
const word = (more: object = {}): { reference: unknown; status: unknown } => ({
  reference: "PSP-1",
  status: "settled",
  ...more,
});

const judged = suite("what is said of a payment");

judged("is taken in exactly the decimals of its currency, or not at all", () => {
  const amount = (text: unknown, currency = "EUR"): unknown => {
    const read = readPayment(word({ amount: text, otherAmount: true }), { ...sold, currency }, nowMs);
    return typeof read === "string" ? "refused" : read.amount;
  };
  assert.equal(
    ["8.54", "8.5", "8", "0", "8.540", "999999999.99"].map((text) => amount(text)),
    ["8.54", "8.50", "8.00", "0.00", "8.54", "999999999.99"],
  );
  assert.equal(
    ["8.545", "-8.54", "8,54", "1e2", "", " 8.54", "0x10", ".5", "8.", 8.54, null].map((text) => amount(text)),
    Array.from({ length: 11 }, () => "refused"),
  );
  assert.equal([amount("854", "JPY"), amount("8.5", "JPY"), amount("8.545", "KWD")], ["854", "refused", "8.545"]);
  const plain = readPayment(word(), sold, nowMs);
  assert.equal(plain, {
    receipt: 17,
    sessionId: "S-17",
    reference: "PSP-1",
    status: "settled",
    amount: "8.54",
    currency: "EUR",
    atMs: nowMs,
  });
});

judged("of another amount than the receipt's total is asked back about before it counts as settled", () => {
  const why = (more: object): unknown => {
    const read = readPayment(word(more), sold, nowMs);
    return typeof read === "string" ? read : `${read.status} ${read.amount}`;
  };
  assert.match(String(why({ amount: "85.40" })), /85\.40 EUR is not the receipt's total, which is 8\.54: .* add --yes/);
  assert.match(String(why({ amount: "8.53", otherAmount: "true" })), /not the receipt's total/);
  assert.is(why({ amount: "8.53", otherAmount: true }), "settled 8.53");
  assert.is(why({ amount: "8.540" }), "settled 8.54");
  assert.is(why({ amount: "3.00", status: "rejected" }), "rejected 3.00");
});

judged("needs a reference, a status of four and a time that has come", () => {
  const why = (more: object, now: number | undefined = nowMs): string => {
    const read = readPayment({ ...word(), ...more }, sold, now);
    return typeof read === "string" ? read : `taken at ${new Date(read.atMs).toISOString()}`;
  };
  assert.match(why({ reference: "" }), /reference is one line/);
  assert.match(why({ reference: "a\nb" }), /reference is one line/);
  assert.match(why({ reference: "x".repeat(256) }), /255/);
  assert.match(why({ status: "Settled" }), /settled, canceled, rejected, failed/);
  assert.match(why({ info: "x".repeat(501) }), /500/);
  assert.is(why({ at: "2026-11-28T17:02:00+01:00" }), "taken at 2026-11-28T16:02:00.000Z");
  assert.match(why({ at: "2026-11-28T17:00:01Z" }), /still to come/);
  assert.match(why({ at: "yesterday" }), /time is one such as/);
  assert.match(why({}, undefined as never), /taken/);
  assert.match(String(readPayment(word(), sold, undefined)), /clock is not set: say with --at/);
});

judged("is new, known, or refused by what is known of the same receipt", () => {
  const payment = (reference: string, status: Payment["status"], amount = "8.54"): Payment => ({
    receipt: 17,
    sessionId: "S-17",
    reference,
    status,
    amount,
    currency: "EUR",
    atMs: nowMs,
  });
  const failed = payment("PSP-1", "failed");
  assert.is(checkPayment(failed, []), "new");
  assert.is(checkPayment({ ...failed, atMs: nowMs + 1 }, [failed]), "known");
  assert.is(checkPayment(payment("PSP-2", "settled"), [failed]), "new");
  const why = (one: Payment, known: readonly Payment[]): string => (checkPayment(one, known) as { why: string }).why;
  assert.match(why(payment("PSP-1", "settled"), [failed]), /recorded before with another status: failed/);
  assert.match(why(payment("PSP-1", "failed", "8.55"), [failed]), /another amount: 8\.54/);
  assert.match(
    why(payment("PSP-3", "settled"), [payment("PSP-2", "settled"), failed]),
    /settled before, by payment PSP-2/,
  );
  assert.match(
    why(
      payment("PSP-99", "failed"),
      Array.from({ length: 20 }, (_, index) => payment(`PSP-${index}`, "failed")),
    ),
    /20 payments/,
  );
});

judged("fits the standard's schema in each of its words", () => {
  for (const status of ["settled", "canceled", "rejected", "failed"] as const)
    mustFit(
      "ocpp2.1",
      "NotifySettlement",
      "request",
      JSON.parse(
        paymentNotice({
          receipt: 17,
          sessionId: "S-17",
          reference: "PSP-1",
          status,
          amount: "8.54",
          currency: "EUR",
          atMs: nowMs,
          info: "by hand",
        }),
      ),
    );
  assert.is(
    paymentNotice({
      receipt: 17,
      sessionId: "S-17",
      reference: "PSP-1",
      status: "settled",
      amount: "8.50",
      currency: "EUR",
      atMs: nowMs,
    }),
    '{"transactionId":"S-17","pspRef":"PSP-1","status":"Settled","settlementAmount":8.5,"settlementTime":"2026-11-28T17:00:00.000Z","receiptId":"17"}',
  );
});

judged.run();

const kept = suite("payments");
const now: Moment = { at: Date.UTC(2026, 10, 28, 17), monoMs: 1, boot: "b", trust: "synced" };

/** A book of `count` receipts, all alike but for their numbers. */
function bookOf(count: number): { count: () => number; get: (number: number) => never } {
  const book = new SalesBook();
  const jws = book.issued[book.sell() - 1]?.jws;
  return {
    count: () => count,
    get: (number) => (number > count ? undefined : { number, jws: number === 1 ? book.issued[0]?.jws : jws }) as never,
  };
}
const noticesOn = (files: VolatileFiles, receipts = 1_000) => {
  const written: StationEvent[] = [];
  const payments = Payments.open(new Disk(files), "/state");
  const tell = (receipt: number, reference: string, more: object = {}) =>
    payments.tell(
      receipt,
      { ...word({ reference }), ...more },
      { book: bookOf(receipts) as never, now, record: (event) => written.push(event) > 0 },
    );
  return { payments, tell, written };
};

kept("are found by their receipt over many pages of bounded size, also by who only looks", () => {
  const files = new VolatileFiles();
  const { payments, tell, written } = noticesOn(files);
  for (let receipt = 2; receipt <= 140; receipt += 1)
    tell(receipt, `PSP-${receipt}`, { status: receipt % 7 === 0 ? "failed" : "settled" });
  tell(7, "PSP-7b");
  assert.equal([payments.last(), written.length], [140, 140]);
  for (const rows of [payments.of(7), viewPayments(new Disk(files), "/state", 7)])
    assert.equal(
      rows.map(({ reference, status }) => `${reference} ${status}`),
      ["PSP-7b settled", "PSP-7 failed"],
    );
  assert.is(payments.get(51)?.reference, "PSP-52");
  const again = Payments.open(new Disk(files.afterKill()), "/state");
  assert.equal([again.last(), again.get(140)?.reference, again.of(500)], [140, "PSP-7b", []]);
  assert.equal(
    new Disk(files).list("/state/payments").filter((name) => name.endsWith(".json")).length,
    Math.ceil(140 / paymentsInPage),
  );
});

kept("of no receipt, or of one that is not a sale, are refused, and nothing is written", () => {
  const { payments, tell, written } = noticesOn(new VolatileFiles(), 5);
  assert.throws(() => tell(6, "PSP"), /there is no receipt 6/);
  assert.throws(() => tell(1, "PSP"), /receipt 1 is not a sale/);
  tell(2, "PSP");
  assert.is(tell(2, "PSP").known, true);
  assert.throws(() => tell(2, "PSP", { amount: "1.00" }), /another amount/);
  assert.equal([payments.last(), written.length], [1, 1]);
});

kept(
  "that are told while the power goes off are there whole or not at all, and the same word brings them to one",
  () => {
    const rounds = (wishes: Wishes): { files: VolatileFiles; cut: boolean } => {
      const files = new VolatileFiles(wishes);
      try {
        const { tell } = noticesOn(files);
        tell(2, "PSP-2");
        tell(3, "PSP-3");
      } catch (error) {
        if (!files.wasCut) throw error;
      }
      return { files, cut: files.wasCut };
    };
    const { files: whole } = rounds({});
    assert.ok(whole.changes.length > 4);
    for (const cutAt of whole.changes) {
      const { files } = rounds({ cutAt });
      for (const fate of files.possibleCuts()) {
        const { payments, tell } = noticesOn(files.afterCut(fate));
        for (const receipt of [2, 3]) tell(receipt, `PSP-${receipt}`);
        assert.equal([payments.last(), payments.of(2).length, payments.of(3).length], [2, 1, 1]);
      }
    }
  },
);

kept("whose page was lost and begun anew give no number twice", () => {
  const { payments, tell } = noticesOn(new VolatileFiles());
  payments.atLeast(120);
  assert.is(tell(2, "PSP").payment.number, 121);
  assert.equal([payments.get(120), payments.get(121)?.reference], [undefined, "PSP"]);
});

kept.run();

const told = suite("a CSMS");
const card = "04A23B1C5D6E80";
let open: Scene | undefined;

class Scene {
  testStation: TestStation;
  private constructor(
    readonly csms: Csms,
    readonly config: ReturnType<typeof ocppConfig>,
  ) {
    this.testStation = new TestStation(testStationConfig((all) => ({ ...all, uplinks: [config] })));
  }

  static async open(protocols: readonly string[]): Promise<Scene> {
    const csms = await Csms.open(protocols);
    return (open = new Scene(csms, ocppConfig(csms.url, { identity: "till-1" })));
  }

  async until(holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 2_000 && !holds(); tries += 1) await this.testStation.clock.pass(20);
    assert.ok(holds(), `it never came to: ${String(holds)}`);
  }

  /** A session from tap to receipt; answers the receipt's number. */
  async sells(): Promise<number> {
    const { testStation } = this;
    await testStation.plug(1);
    await testStation.tap(card);
    await testStation.clock.pass(1_000);
    await testStation.charge(1, 25, 2);
    await testStation.plug(1, false);
    await this.until(() => testStation.session(1).state === "available");
    return testStation.services.book.count();
  }

  settle(receipt: number, more: object = {}): void {
    const { payments, paymentLines, station, book } = this.testStation.services;
    payments.tell(
      receipt,
      { ...word({ reference: `PSP-${receipt}` }), ...more },
      { book, now: this.testStation.clock.now(), record: (event) => station.enter(event) },
    );
    for (const { outbox } of paymentLines) outbox.kick();
  }

  async restart(): Promise<void> {
    await this.letGo();
    this.testStation = await this.testStation.again();
  }

  /** Texts of the messages, in order, copies of one counted once. */
  texts(): string[] {
    return [...new Set(this.csms.of("NotifySettlement").map(({ text }) => text))];
  }

  get line() {
    const [line] = this.testStation.services.paymentLines;
    if (line === undefined) throw new Error("there is no line for payments");
    return line;
  }

  async letGo(): Promise<void> {
    const { outboxes, paymentLines } = this.testStation.services;
    await Promise.all([...paymentLines.map(({ outbox }) => outbox), ...outboxes].map((outbox) => outbox.stop()));
  }

  async close(): Promise<void> {
    await this.letGo();
    await Promise.all([this.testStation.close(), this.csms.close()]);
  }
}

told.after.each(async () => {
  await open?.close();
  open = undefined;
});

const order = (csms: Csms): string[] =>
  csms.got.flatMap(({ action, payload }) =>
    action === "NotifySettlement"
      ? [`paid ${payload["receiptId"]}`]
      : payload["eventType"] === "Ended"
        ? ["Ended"]
        : [],
  );

told(
  "of 2.1 is told of a payment once, after the session's end, in the order in which they were told, and not again after a restart",
  async () => {
    const scene = await Scene.open(["ocpp2.1"]);
    scene.csms.mood = { at: "Ended", how: "InternalError" };
    const [first, second] = [await scene.sells(), await scene.sells()];
    scene.settle(second);
    scene.settle(first, { status: "rejected", amount: "3.00", info: "no credit" });
    await scene.testStation.clock.pass(5_000);
    assert.equal(scene.csms.of("NotifySettlement"), [], "its session goes first");
    assert.match(scene.line.outbox.status().words ?? "", /receipt \d+ goes first/);
    scene.csms.mood = undefined;
    await scene.until(() => scene.texts().length === 2);
    await scene.until(() => scene.line.outbox.status().waiting === 0);
    assert.equal(order(scene.csms), ["Ended", "Ended", `paid ${second}`, `paid ${first}`]);
    const rejected = scene.csms.of("NotifySettlement")[1]?.payload;
    assert.equal(
      [rejected?.["status"], rejected?.["settlementAmount"], rejected?.["statusInfo"], rejected?.["pspRef"]],
      ["Rejected", 3, "no credit", `PSP-${first}`],
    );
    await scene.restart();
    await scene.until(() => scene.csms.of("BootNotification").length === 2);
    await scene.testStation.clock.pass(5_000);
    assert.is(scene.csms.of("NotifySettlement").length, 2);
    assert.equal(scene.csms.violations, []);
  },
);

for (const restarts of [false, true])
  told(
    `is told the same bytes again when the line is cut in the middle of it${restarts ? " and the station restarted" : ""}`,
    async () => {
      const scene = await Scene.open(["ocpp2.1"]);
      const moods = (["lost-request", "lost-answer", "half-answer", "InternalError"] as const).map(
        (how): Mood => ({ at: "Payment", how }),
      );
      for (const [index, mood] of moods.entries()) {
        const receipt = await scene.sells();
        await scene.until(() => scene.testStation.services.outboxes[0]?.stateOf(receipt) === "acked");
        scene.csms.mood = mood;
        scene.settle(receipt);
        await scene.testStation.clock.pass(100);
        if (restarts) await scene.restart();
        await scene.testStation.clock.pass(100);
        assert.is(scene.line.outbox.status().waiting, 1, JSON.stringify(mood));
        scene.csms.mood = undefined;
        await scene.until(() => scene.line.outbox.status().waiting === 0);
        assert.is(scene.texts().length, index + 1, `one text each: ${JSON.stringify(mood)}`);
        assert.is((JSON.parse(scene.texts().at(-1) ?? "{}") as { receiptId: string }).receiptId, String(receipt));
      }
      const copies = scene.csms.of("NotifySettlement").length;
      await scene.testStation.clock.pass(10_000);
      assert.is(scene.csms.of("NotifySettlement").length, copies, "none after its acknowledgement");
      assert.equal(scene.csms.violations, []);
    },
  );

told("of 2.0.1 has no message for it: it waits, that is said, and it goes out when the CSMS speaks 2.1", async () => {
  const scene = await Scene.open(["ocpp2.0.1"]);
  const receipt = await scene.sells();
  scene.settle(receipt);
  await scene.until(() => /which has no message for a payment/.test(scene.line.outbox.status().words ?? ""));
  await scene.testStation.clock.pass(5_000);
  assert.equal(
    [scene.csms.of("NotifySettlement"), scene.line.outbox.status().parked, scene.line.outbox.status().waiting],
    [[], [], 1],
  );
  const newer = await Csms.open(["ocpp2.1"]);
  scene.config.url = newer.url;
  await scene.csms.close();
  await scene.until(() => newer.of("NotifySettlement").length === 1);
  assert.equal(newer.violations, []);
  await scene.letGo();
  await newer.close();
});

told(
  "that does not know the message is not asked for ever: the payment is parked with that reason, and goes when a person asks",
  async () => {
    const scene = await Scene.open(["ocpp2.1"]);
    const receipt = await scene.sells();
    scene.csms.mood = { at: "Payment", how: "NotImplemented" };
    scene.settle(receipt);
    await scene.until(() => scene.line.outbox.status().parked.length === 1);
    assert.match(
      scene.line.outbox.status().parked[0]?.reason ?? "",
      /does not take NotifySettlement \(NotImplemented\)/,
    );
    assert.is(scene.testStation.services.outboxes[0]?.status().fault, undefined, "its sessions go on");
    scene.csms.mood = undefined;
    assert.equal(scene.line.resend(receipt), [receipt]);
    await scene.until(() => scene.texts().length === 1);
  },
);

told("that refused the session is told of its payment after the session, once that was sent again", async () => {
  const scene = await Scene.open(["ocpp2.1"]);
  scene.csms.mood = { at: "Ended", how: "FormatViolation" };
  const receipt = await scene.sells();
  await scene.until(() => scene.testStation.services.outboxes[0]?.stateOf(receipt) === "parked");
  scene.settle(receipt);
  await scene.until(() => scene.line.outbox.status().parked.length === 1);
  assert.match(scene.line.outbox.status().parked[0]?.reason ?? "", /itself is parked: it goes first/);
  scene.csms.mood = undefined;
  scene.testStation.services.outboxes[0]?.resend(receipt);
  await scene.until(() => scene.texts().length === 1);
  assert.equal(order(scene.csms), ["Ended", `paid ${receipt}`]);
});

told.run();
