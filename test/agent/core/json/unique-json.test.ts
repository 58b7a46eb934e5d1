import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseUniqueJson } from "../../../../agent/core/json/unique-json.js";

const test = suite("JSON with unique keys");

test("a text that names a key twice has no value, at any depth and in any spelling", () => {
  for (const text of ['{"a":1,"a":2}', '[{"x":[],"b":{"c":1,"d":2,"c":3}}]', '{"a":1,"\\u0061":2}', '{"":0,"":0}'])
    assert.is(parseUniqueJson(text), undefined, text);
});

test("equal names in different objects, in values and in lists are no second key", () => {
  const texts = ['{"a":{"a":"a"},"b":["a","a",{"a":1}]}', '["a","a"]', '{"a":"\\"a\\":1,"}', " 1 ", '"{"', "{}", "[]"];
  for (const text of texts) assert.equal(parseUniqueJson(text), JSON.parse(text), text);
});

test("what is not JSON has no value", () => {
  for (const text of ["", "{", '{"a":1,}', "undefined"]) assert.is(parseUniqueJson(text), undefined, text);
});

test.run();
