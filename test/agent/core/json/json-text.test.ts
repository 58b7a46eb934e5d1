// The two texts of a JSON value, written out by hand.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { canonicalText, firstDifference, storedJson, wireJson } from "../../../../agent/core/json/json-text.js";

const test = suite("JSON as text");

test("the canonical text sorts its keys and leaves out what is absent; the text for backends keeps the order", () => {
  const value = { b: [1, { y: null, x: true }], a: "ü", none: undefined };
  assert.is(canonicalText(value), '{"a":"ü","b":[1,{"x":true,"y":null}]}');
  assert.is(wireJson(value), '{"b":[1,{"y":null,"x":true}],"a":"ü"}');
});

test("the text for backends has no exponent; the canonical one writes numbers as RFC 8785 does", () => {
  for (const [value, canonical, wire] of [
    [1e21, "1e+21", "1000000000000000000000"],
    [1.5e-7, "1.5e-7", "0.00000015"],
    [5e-324, "5e-324", `0.${"0".repeat(323)}5`],
    [-0, "0", "0"],
    [0.39, "0.39", "0.39"],
  ] as const) {
    assert.is(canonicalText(value), canonical);
    assert.is(wireJson(value), wire);
  }
});

test("what our own files keep is what JSON.stringify writes", () => {
  const value = { b: [1e21, 1.5e-7, -0], a: { "ü\n": "\u2028", none: undefined }, c: [[], {}, null, true] };
  assert.is(storedJson(value), JSON.stringify(value));
});

test("what our own files keep says the same as the other texts do", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      assert.is(storedJson(value), JSON.stringify(value));
      assert.is(canonicalText(JSON.parse(storedJson(value))), canonicalText(value));
    }),
    { numRuns: 200 },
  );
});

test("what JSON cannot say, or would change in silence, has no text in any of them", () => {
  const strange = [new Date(0), new Map([[1, 2]]), Buffer.from("a"), new Uint8Array(1)];
  for (const value of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    [undefined],
    new Array(2),
    () => 1,
    1n,
    Symbol("s"),
    ...strange,
  ])
    for (const text of [canonicalText, wireJson, storedJson]) assert.throws(() => text({ value }), TypeError);
});

test("the same value in another order is no difference, and the first difference is named by its path", () => {
  assert.is(firstDifference({ a: 1, b: [2, 3] }, { b: [2, 3], a: 1, c: undefined }), undefined);
  assert.equal(firstDifference({ a: { b: [1, 2] } }, { a: { b: [1, 3] } }), { path: "a.b.1", stated: "2", found: "3" });
  assert.equal(firstDifference(undefined, { a: 1 }), { path: "", stated: "nothing", found: '{"a":1}' });
});

test.run();
