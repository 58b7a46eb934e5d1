// The one-time password a second time, written from the standard without a look at the first: an HMAC of its own from
// RFC 2104, the counter by text, the letters by hex digits.
import { createHash, createHmac } from "node:crypto";
import { oneTimePassword } from "../../../agent/core/web-payment/one-time-password.js";

const letters = [..."0123456789", ..."abcdefghijklmnopqrstuvwxyz", ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const sha256 = (...parts: Buffer[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();

function hmacByRfc2104(key: Buffer, message: Buffer): Buffer {
  const block = Buffer.alloc(64);
  (key.length > 64 ? sha256(key) : key).copy(block);
  const inner = sha256(Buffer.from(block.map((byte) => byte ^ 0x36)), message);
  return sha256(Buffer.from(block.map((byte) => byte ^ 0x5c)), inner);
}

function passwordBySecondHand(secret: string, validityS: number, length: number, atMs: number): string {
  const counter = (BigInt(atMs) / 1000n / BigInt(validityS)).toString(16).padStart(16, "0");
  const hex = hmacByRfc2104(Buffer.from(secret, "utf8"), Buffer.from(counter, "hex")).toString("hex");
  const start = Number.parseInt(hex.slice(-1), 16);
  const turned = hex.slice(2 * start) + hex.slice(0, 2 * start);
  const endless = turned.repeat(Math.ceil(length / 32));
  return Array.from({ length }, (_, at) => letters[Number.parseInt(endless.slice(2 * at, 2 * at + 2), 16) % 62]).join(
    "",
  );
}

/** Compares so many random inputs; throws with the first on which the two differ, answers how many were compared. */
export function passwordsCompared(count: number, draw: () => number): number {
  const whole = (least: number, most: number): number => least + Math.floor(draw() * (most - least + 1));
  const signs = [..."abcXYZ0189 !?*~ßé€漢😀"];
  for (let done = 0; done < count; done += 1) {
    const secret = Array.from({ length: whole(16, 90) }, () => signs[whole(0, signs.length - 1)]).join("");
    const rule = { secret, validityS: whole(6, 3_600), length: whole(6, 64) };
    // Borders of intervals as often as not.
    const free = whole(0, 4_102_444_800_000);
    const atMs = draw() < 0.5 ? free : free - (free % (rule.validityS * 1_000)) - whole(0, 1);
    if (atMs < 0) continue;
    const first = oneTimePassword(rule, atMs, (key, message) => createHmac("sha256", key).update(message).digest());
    const second = passwordBySecondHand(secret, rule.validityS, rule.length, atMs);
    if (first !== second) throw new Error(`${JSON.stringify(rule)} at ${atMs}: ${first} here, ${second} there`);
  }
  return count;
}
