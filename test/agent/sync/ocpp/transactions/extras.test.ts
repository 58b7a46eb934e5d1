// What a backend refuses a whole message for is left out, remembered of that backend, and shown.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { uplinkStatusLines } from "../../../../../agent/commands/sync.js";
import type { OcppUplinkConfig } from "../../../../../config/uplink-schema.js";
import {
  letGo,
  type OpenUplink,
  ocppConfig,
  openUplink,
  type World,
  world,
} from "../../../../support/sync/ocpp-bench.js";
import { closeLoose, LooseCsms } from "../../../../support/sync/oddities/loose-csms.js";

const test = suite("what a backend need not know");
test.after.each(async () => {
  await letGo();
  await closeLoose();
});

const words = { customData: /"customData"/, signedData: /"signedMeterValue"|"SignedData"/ } as const;
type Extra = keyof typeof words;

type Scene = { readonly csms: LooseCsms; readonly lasting: World; now: OpenUplink };
async function scene(dialect: string, refuses: readonly Extra[], code: string): Promise<Scene> {
  const csms = await LooseCsms.open(dialect);
  const lasting = world();
  csms.answers = (_, payload) =>
    refuses.some((extra) => words[extra].test(JSON.stringify(payload))) ? { error: code } : undefined;
  return { csms, lasting, now: opened(lasting, ocppConfig(csms.url)) };
}

function opened(lasting: World, config: OcppUplinkConfig): OpenUplink {
  const now = openUplink(lasting, config);
  now.outbox.begin();
  return now;
}

/** Sells one and tells it; answers the ends that the backend was asked to take for it, by what they held. */
async function told({ csms, lasting, now }: Scene): Promise<readonly (readonly Extra[])[]> {
  const before = csms.asked.length;
  const number = lasting.book.sell();
  now.outbox.kick();
  assert.ok(await csms.drive(lasting, () => now.outbox.status().waiting === 0));
  assert.is(now.outbox.stateOf(number), "acked", now.outbox.status().parked[0]?.reason ?? "");
  return csms.asked
    .slice(before)
    .filter(({ action, payload }) => action === "StopTransaction" || payload["eventType"] === "Ended")
    .map(({ text }) => (Object.keys(words) as Extra[]).filter((extra) => words[extra].test(text)));
}

const all: readonly Extra[] = ["customData", "signedData"];
for (const dialect of ["ocpp2.1", "ocpp2.0.1"])
  for (const [refuses, tries] of [
    [["customData"], [all, ["signedData"]]],
    [["signedData"], [all, ["signedData"], ["customData"]]],
    [all, [all, ["signedData"], ["customData"], []]],
  ] as const)
    test(`${dialect}: ${refuses.join(" and ")} refused: the session is told without, and the next one at once, over a restart`, async () => {
      const shown = await scene(dialect, refuses, "FormatViolation");
      const { csms, lasting } = shown;
      assert.equal(await told(shown), tries);
      const left = all.filter((extra) => !(refuses as readonly Extra[]).includes(extra));
      assert.equal(await told(shown), [left]);
      // One number for all of them: what was refused the backend does not hold.
      assert.equal([...new Set(csms.of("TransactionEvent").map(({ payload }) => payload["seqNo"]))], [0, 1]);
      await shown.now.outbox.stop();
      shown.now = opened(lasting, ocppConfig(csms.url));
      assert.equal(await told(shown), [left]);
      const [line] = uplinkStatusLines(shown.now.outbox.status()).filter((one) => /told without/.test(one));
      for (const extra of refuses)
        assert.match(
          line ?? "",
          extra === "customData"
            ? /customData \(this backend refuses it\)/
            : /the signed meter value \(this backend refuses it\)/,
        );
      // Another backend is asked anew.
      const other = await LooseCsms.open(dialect);
      await shown.now.outbox.stop();
      assert.equal(await told({ csms: other, lasting, now: opened(lasting, ocppConfig(other.url)) }), [all]);
    });

test("ocpp1.6: SignedData refused: the session is told without it, and the next one at once", async () => {
  const shown = await scene("ocpp1.6", ["signedData"], "PropertyConstraintViolation");
  assert.equal(await told(shown), [["signedData"], []]);
  assert.equal(await told(shown), [[]]);
});

test("a backend that only fails on them is believed at the second session: one bad hour takes nothing from all to come", async () => {
  const shown = await scene("ocpp2.0.1", ["signedData"], "InternalError");
  assert.equal((await told(shown)).at(-1), ["customData"]);
  assert.is(shown.now.outbox.status().leftOut, undefined);
  assert.equal((await told(shown)).at(-1), ["customData"]);
  assert.equal(await told(shown), [["customData"]]);
});

test("each has a setting: never is not tried, always is parked rather than told without", async () => {
  const shown = await scene("ocpp2.0.1", ["customData"], "FormatViolation");
  const { csms, lasting } = shown;
  await shown.now.outbox.stop();
  shown.now = opened(lasting, ocppConfig(csms.url, { customData: "never" }));
  assert.equal(await told(shown), [["signedData"]]);
  assert.equal(shown.now.outbox.status().leftOut, ["customData (customData: never)"]);
  await shown.now.outbox.stop();
  shown.now = opened(lasting, ocppConfig(csms.url, { customData: "always" }));
  const number = lasting.book.sell();
  shown.now.outbox.kick();
  assert.ok(await csms.drive(lasting, () => shown.now.outbox.status().waiting === 0));
  assert.is(shown.now.outbox.stateOf(number), "parked");
  assert.match(shown.now.outbox.status().parked[0]?.reason ?? "", /FormatViolation/);
});

test("a session that is refused whatever it holds is parked for the first reason, and nothing is remembered", async () => {
  const shown = await scene("ocpp2.0.1", [], "");
  const { csms, lasting, now } = shown;
  csms.answers = (_, { eventType }) =>
    eventType === "Ended"
      ? { error: "FormatViolation", words: `try ${csms.of("TransactionEvent").length}` }
      : undefined;
  const number = lasting.book.sell();
  now.outbox.kick();
  assert.ok(await csms.drive(lasting, () => now.outbox.status().waiting === 0));
  assert.is(now.outbox.status().parked[0]?.reason, 'TransactionEvent: FormatViolation "try 1"');
  assert.is(now.outbox.status().leftOut, undefined);
  csms.answers = () => undefined;
  now.outbox.resend(number);
  assert.ok(await csms.drive(lasting, () => now.outbox.stateOf(number) === "acked"));
  const last = csms.of("TransactionEvent").at(-1);
  assert.ok(last);
  assert.equal(
    [last.payload["seqNo"], words.customData.test(last.text), words.signedData.test(last.text)],
    [1, true, true],
  );
});

test.run();
