// Where things stand in a JSON text, as yaml tells it, against JSON.parse and against places counted by hand.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { namesAKeyTwice } from "../../agent/core/json/unique-json.js";
import {
  doubledKeys,
  jsonFault,
  memberOffset,
  type PlacedDocument,
  pathOf,
  pathText,
  placedDocument,
} from "../../config/positions.js";

const test = suite("places in JSON");
const seed = 20261127;
console.log(`seed ${seed}`);

function placedIn(text: string): PlacedDocument {
  const placed = placedDocument(text, "json");
  assert.ok(placed, text);
  return placed as PlacedDocument;
}

const refusal = (text: string): { readonly offset: number; readonly message: string } | undefined =>
  jsonFault(text, placedIn(text));

const slips: readonly [what: string, text: string, offset: number, message: RegExp][] = [
  ["a comma before the closing bracket of a list", '{"a": [1, 2, ]}', 11, /a comma before the closing bracket/],
  ["a comma before the closing brace", '{"a": 1,\n}', 7, /a comma before the closing bracket/],
  ["a comma that is missing between members", '{"a": 1 "b": 2}', 6, /unexpected "1/],
  ["a name without quotes", "{a: 1}", 1, /unexpected "a: 1/],
  ["single quotes", "{'a': 1}", 1, /double quotes/],
  ["a value that is missing", '{\n "id": }', 9, /unexpected "}"/],
  ["a name without a value", '{"a"}', 4, /a name without a value/],
  ["a comment", '{"a": 1} # note', 9, /JSON has no comments/],
  ["a text over two lines", '{"a": "x\ny"}', 6, /a text in quotes that JSON cannot read/],
  ["a bracket that is not closed", '{"a": [1, 2', 11, /the text ends too early/],
  ["a leading zero", '{"a": 01}', 6, /unexpected "01/],
  ["what stands behind the end", '{"a": 1}}', 8, /unexpected "}"/],
];
for (const [what, text, offset, message] of slips)
  test(`${what} is told at its place`, () => {
    assert.throws(() => JSON.parse(text));
    const fault = refusal(text);
    assert.is(fault?.offset, offset, fault?.message);
    assert.match(fault?.message ?? "", message);
  });

test("a place is never outside the text, whatever the text is", () => {
  const piece = fc.constantFrom(
    ..."{}[],:'#-",
    '"a"',
    '"b"',
    "1",
    "-0.5e3",
    "01",
    "null",
    " ",
    "\n",
    '"\\x"',
    '"',
    "nul",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
      (text) => {
        const { offset = 0 } = refusal(text) ?? {};
        assert.ok(offset >= 0 && offset <= text.length, text);
      },
    ),
    { seed, numRuns: 1000 },
  );
});

/** Every path of a value, with the text that its value has in the file. */
function pathsIn(value: unknown, path: readonly PropertyKey[] = []): (readonly PropertyKey[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const inside: [PropertyKey, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...inside.flatMap(([key, member]) => pathsIn(member, [...path, key]))];
}

test("every member is found where its name stands, every entry where its value begins", () => {
  const name = fc.constantFrom("id", "price", "step_size", "a", "b");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(1, 0.5, true, null, "x", 'ü"\\'),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(name, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(0, 1, 2, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const { document } = placedIn(text);
      for (const path of pathsIn(value)) {
        assert.equal(pathOf(pathText(path)), path);
        const from = text.slice(memberOffset(document, path));
        const last = path.at(-1);
        if (typeof last === "string") assert.ok(from.startsWith(`"${last}":`), `${pathText(path)} in ${text}`);
        else assert.not.match(from, /^[\s,\]}]/);
      }
    }),
    { seed, numRuns: 300 },
  );
});

test("a member that is missing is told at the nearest thing around it", () => {
  const { document, place } = placedIn('{\n  "elements": [\n    { "x": 1 }\n  ]\n}');
  assert.equal(place(memberOffset(document, pathOf("elements[0].price"))), { line: 3, column: 5 });
  assert.equal(place(memberOffset(document, pathOf("elements[4]"))), { line: 2, column: 3 });
  assert.equal(place(memberOffset(document, pathOf("currency"))), { line: 1, column: 1 });
});

test("what is nested deeper than any tariff has no places, and costs no stack", () => {
  const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  assert.ok(placedDocument(nested(60), "json"));
  for (const text of [nested(70), nested(20_000), "[".repeat(20_000), "- ".repeat(20_000), '{"a":'.repeat(10_000)])
    assert.is(placedDocument(text, "json"), undefined);
});

test("keys that are stated again are named by their paths, and found at the last of them", () => {
  const text = '{"a": {"b": 1, "c": 2, "b": 3}, "d": [{"e": 1, "e": 1}]}';
  assert.ok(namesAKeyTwice(text));
  const placed = placedIn(text);
  assert.equal(doubledKeys(placed), ["a.b", "d[0].e"]);
  assert.is(memberOffset(placed.document, ["a", "b"]), 23);
});

test.run();
