import { suite } from "uvu";
import * as assert from "uvu/assert";
import { utf8 } from "../../../../agent/core/number/bytes.js";
import { crc32 } from "../../../../agent/core/number/crc32.js";

const test = suite("CRC-32");

test("is the check value that the standard's catalogue gives, and 0 of nothing", () => {
  assert.is(crc32(utf8("123456789")), 0xcbf43926);
  assert.is(crc32(new Uint8Array()), 0);
  assert.is(crc32(new Uint8Array(32)), 0x190a55ad);
});

test.run();
