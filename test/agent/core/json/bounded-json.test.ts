// What a text from outside may cost is known before it is parsed.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { deepestJson, jsonCost, parseBoundedJson } from "../../../../agent/core/json/bounded-json.js";
import { cleanJson } from "../../../../agent/core/json/clean-json.js";

const test = suite("JSON from outside");
const wide = { values: 1_000_000, depth: 1_000_000 };

/** What a value costs, counted on the value. */
function valuesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return 1 + Object.values(value).reduce<number>((sum, one) => sum + valuesIn(one), 0);
}
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("is counted before it is parsed: one less than it holds, and one more for each empty list or object", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      const [all, depth] = [valuesIn(value), depthOf(value)];
      const counted = jsonCost(text, wide);
      assert.ok(typeof counted === "number" && counted >= all - 1 && counted <= 2 * all, `${text}: ${counted}`);
      assert.is(jsonCost(text, { values: 2 * all, depth }), counted);
      if (all > 2) assert.is(jsonCost(text, { ...wide, values: all - 2 }), `more than ${all - 2} values`);
      if (depth > 0) assert.is(jsonCost(text, { ...wide, depth: depth - 1 }), `nested deeper than ${depth - 1} levels`);
    }),
    { numRuns: 300 },
  );
});

test("may say anything in a string: brackets, commas, quotes, backslashes", () => {
  for (const text of ['"[[[[{{{{,,,,"', '"\\"[[[["', '"\\\\"', '{"[[[\\"[[[":"\\\\\\"[[["}', '"unended [[[', '"\\'])
    assert.type(jsonCost(text, { values: 3, depth: 1 }), "number", text);
  assert.is(jsonCost('["\\\\",[]]', { values: 9, depth: 1 }), "nested deeper than 1 levels");
});

for (const [name, text, why] of [
  ["a hundred thousand nested lists", "[".repeat(100_000), /nested deeper than 64/],
  ["nested objects", '{"a":'.repeat(100_000), /nested deeper than 64/],
  ["2.8 million empty objects", `[${"{},".repeat(2_800_000)}{}]`, /more than 100000 values/],
  ["4 million numbers", `[${"1,".repeat(4_000_000)}1]`, /more than 100000 values/],
  ["what is not JSON", '{"a":', /not valid JSON/],
  ["nothing", "", /not valid JSON/],
] as const)
  test(`is refused in words: ${name}`, () => {
    const read = parseBoundedJson(text, { values: 100_000, depth: deepestJson });
    assert.match(read.ok ? "taken" : read.why, why);
  });

test("is cleaned once: no order to a terminal, no turned direction, no forged line, no trap of a name", () => {
  const text =
    '{"a":"\\u001b[2Jx","b":["l\\u202er","two\\nlines",7,null],"__proto__":{"x":1},"\\u0007n":"y","half":"\\ud800"}';
  const { value, cleaned } = cleanJson(JSON.parse(text));
  assert.equal(value, { a: "\ufffd[2Jx", b: ["l\ufffdr", "two lines", 7, null], half: "\ufffd", "\ufffdn": "y" });
  assert.is(cleaned, 6);
  assert.is(Object.hasOwn(value as object, "__proto__"), false);
});

test("that is clean stays as it is, and a certificate keeps its lines", () => {
  const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n";
  const given = { name: "Größe 4 – ok 充电 👍", certificate, list: [1.5, true, {}] };
  assert.equal(cleanJson(structuredClone(given)), { value: given, cleaned: 0 });
  assert.is(cleanJson("-----BEGIN CERTIFICATE-----\r\nA\u001b\r\n").value, "-----BEGIN CERTIFICATE-----\nA\ufffd\n");
});

test.run();
