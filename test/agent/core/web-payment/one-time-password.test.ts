// The one-time password of a payment code: the published vectors, and a second implementation on random inputs.
import { createHmac } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { oneTimePassword, passwordEndsMs } from "../../../../agent/core/web-payment/one-time-password.js";
import { random } from "../../../support/random.js";
import { passwordsCompared } from "../../../support/web-payment/passwords-compared.js";

const test = suite("one-time password of a payment code");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 20_261_130);
const hmac = (key: Uint8Array, message: Uint8Array): Uint8Array => createHmac("sha256", key).update(message).digest();

// Whitepapers "Secure Dynamic QR Codes" (Open Charging Cloud), run with the reference implementation.
const atMs = Date.parse("2024-05-23T00:23:05Z");
const vectors = [
  ["the one before", -30_000, "MdPU0jCm5tXz"],
  ["now", 0, "CN63y502maVh"],
  ["the next", 30_000, "dI54vnA25m2h"],
] as const;
for (const [name, aside, password] of vectors)
  test(`is the published one: ${name}`, () => {
    const rule = { secret: "secure!Charging!", validityS: 30, length: 12 };
    assert.is(oneTimePassword(rule, atMs + aside, hmac), password);
  });

test("stands until its interval is over, to the millisecond", () => {
  const rule = { secret: "secure!Charging!", validityS: 30, length: 12 };
  const endsMs = passwordEndsMs(atMs, 30);
  assert.is(endsMs, Date.parse("2024-05-23T00:23:30Z"));
  assert.is(oneTimePassword(rule, endsMs - 1, hmac), oneTimePassword(rule, atMs, hmac));
  assert.is.not(oneTimePassword(rule, endsMs, hmac), oneTimePassword(rule, atMs, hmac));
});

test(`equals a second implementation, written from the standard alone (seed ${seed})`, () => {
  assert.is(passwordsCompared(300, random(seed)), 300);
});

test.run();
