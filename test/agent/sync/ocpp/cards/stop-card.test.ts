// Whose card stopped a session is told with its end: the card that began it, or another one of its group.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stopDetails } from "../../../../../agent/core/session/session-event.js";
import { Csms } from "../../../../support/sync/csms.js";
import { drained, letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../../support/sync/simulated-station.js";

const test = suite("the card that stopped a session");
test.after.each(letGo);

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  for (const [who, stopDetail, card, expected] of [
    ["the card that began it", stopDetails.card, undefined, "04A1B2C3D4E5F6"],
    ["the same, while the meter failed", `${stopDetails.card}; the meter did not answer`, undefined, "04A1B2C3D4E5F6"],
    ["a colleague's card", stopDetails.groupCard, "0C0FFEE0", "0C0FFEE0"],
    ["a colleague's card that was not kept", stopDetails.groupCard, undefined, undefined],
    ["a button", "stopped by button", undefined, undefined],
  ] as const)
    test(`${protocol}: ${who}: told over a restart, and forgotten afterwards`, async () => {
      const csms = await Csms.open([protocol]);
      const lasting = world();
      const station = new SimulatedStation(lasting.clock, lasting.book);
      csms.mood = { at: "connect", how: "refused" };
      const first = openUplink(lasting, ocppConfig(csms.url), {}, station);
      first.outbox.begin();
      station.begins(1, "one");
      const stop = card === undefined ? {} : { card };
      station.settles(1, { stopReason: "Local", stopDetail }, stop);
      await first.outbox.stop();
      csms.mood = undefined;
      const again = openUplink(lasting, ocppConfig(csms.url), {}, station);
      await drained(again.outbox);
      const ended = csms.got.find(
        ({ action, payload }) => action === "StopTransaction" || payload["eventType"] === "Ended",
      );
      assert.ok(ended);
      assert.equal(
        protocol === "ocpp1.6" ? ended.payload["idTag"] : ended.payload["idToken"],
        expected === undefined || protocol === "ocpp1.6" ? expected : { idToken: expected, type: "ISO14443" },
      );
      lasting.book.sell();
      await drained(again.outbox);
      assert.equal(lasting.events.read().stopped, []);
      assert.equal([csms.violations, again.failures], [[], []]);
    });

test.run();
