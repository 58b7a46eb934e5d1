// A card that is asked about at a CSMS: what goes out, and what its answer means for the driver.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { authorizeAnswer } from "../../../../../agent/sync/ocpp/cards/authorize.js";
import { Csms } from "../../../../support/sync/csms.js";
import { drained, letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";

const test = suite("asking a CSMS about a card");
test.after.each(letGo);

const party = { countryCode: "DE", partyId: "ABC" };
const uid = "04A1B2C3D4E5F6";
const token = { uid, type: "RFID", contractId: uid, ...party };
const unstopped = (): AbortSignal => new AbortController().signal;

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: the whole UID goes out, and the group and the hour until which the word counts come back`, async () => {
    const csms = await Csms.open([protocol]);
    const until = "2026-03-03T00:00:00.000Z";
    csms.answers["Authorize"] = () =>
      protocol === "ocpp1.6"
        ? { idTagInfo: { status: "Accepted", parentIdTag: "FLEET", expiryDate: until } }
        : {
            idTokenInfo: {
              status: "Accepted",
              groupIdToken: { idToken: "FLEET", type: "Central" },
              cacheExpiryDateTime: until,
            },
          };
    const lasting = world();
    const { outbox, uplink } = openUplink(lasting, ocppConfig(csms.url));
    assert.is(await uplink.ask(uid, 1, unstopped()), undefined);
    lasting.book.sell();
    await drained(outbox);
    assert.equal(await uplink.ask(uid, 1, unstopped()), {
      allowed: "ALLOWED",
      token,
      group: "FLEET",
      expiresMs: Date.parse(until),
    });
    assert.equal(
      csms.of("Authorize")[0]?.payload,
      protocol === "ocpp1.6" ? { idTag: uid } : { idToken: { idToken: uid, type: "ISO14443" } },
    );
    assert.equal(csms.violations, []);
    // The driver waits no longer than asked, and a line that is cut is no answer.
    const stop = new AbortController();
    csms.answers["Authorize"] = () => new Promise(() => {});
    const asked = uplink.ask(uid, 1, stop.signal);
    stop.abort();
    assert.is(await asked, undefined);
  });

test("2.1: a tariff that comes with the card is taken up, or the card is refused where it cannot be priced exactly", async () => {
  const csms = await Csms.open(["ocpp2.1"]);
  const tariff = { tariffId: "T-9", currency: "EUR", energy: { prices: [{ priceKwh: 0.3 }] } };
  csms.answers["Authorize"] = () => ({ idTokenInfo: { status: "Accepted" }, tariff });
  const lasting = world();
  lasting.book.sell();
  const given: unknown[] = [];
  let id: string | undefined = "T-9";
  const { outbox, uplink, notes } = openUplink(lasting, ocppConfig(csms.url), {
    takeTariff: (value) => ({ wanted: given.push(value) > 0, id }),
  });
  await drained(outbox);
  assert.equal(await uplink.ask(uid, null, unstopped()), { allowed: "ALLOWED", token, tariff: "T-9" });
  assert.equal(given, [tariff]);
  id = undefined;
  const refused = await uplink.ask(uid, null, unstopped());
  assert.is(refused?.allowed, "NOT_ALLOWED");
  assert.match(notes.join(), /cannot be priced exactly/);
});

test("a status that is a name of every object lets nobody charge and ends nothing", () => {
  for (const status of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])
    for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"] as const) {
      const info = { status };
      const answer = protocol === "ocpp1.6" ? { idTagInfo: info } : { idTokenInfo: info };
      assert.is(authorizeAnswer(answer, uid, party, undefined)?.allowed, "NOT_ALLOWED", `${protocol} ${status}`);
    }
});

test("every status has a meaning, and what is no answer is none", () => {
  const meaning = (status: unknown): unknown =>
    authorizeAnswer({ idTokenInfo: { status } }, uid, party, undefined)?.allowed;
  assert.equal(
    [
      "Accepted",
      "Blocked",
      "Expired",
      "Invalid",
      "Unknown",
      "NoCredit",
      "ConcurrentTx",
      "NotAtThisTime",
      "SomethingNew",
    ].map(meaning),
    [
      "ALLOWED",
      "BLOCKED",
      "EXPIRED",
      "NOT_KNOWN",
      "NOT_KNOWN",
      "NO_CREDIT",
      "NOT_ALLOWED",
      "NOT_ALLOWED",
      "NOT_ALLOWED",
    ],
  );
  for (const payload of [undefined, null, {}, { idTokenInfo: 7 }, { idTokenInfo: {} }])
    assert.is(authorizeAnswer(payload, uid, party, undefined), undefined);
});

test.run();
