// The words of every language: none is missing, and none was left in English.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { languageWords } from "../../../../agent/core/words/words.js";
import { languages } from "../../../../config/languages.js";

const test = suite("the words of a language");

/** Every text of a language by its path; a phrase with a hole is filled with a figure. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, String((value as (...holes: string[]) => unknown)("41", "42"))]];
  return Object.entries(value as object).flatMap(([name, one]) => texts(one, path === "" ? name : `${path}.${name}`));
}

const english = new Map(texts(languageWords.en));

test("are all there, in the places that English has", () => {
  for (const language of languages.filter((one) => one !== "en")) {
    const named = texts(languageWords[language]).filter(([path]) => !path.startsWith("receipt.terms."));
    assert.equal(named.map(([path]) => path).sort(), [...english.keys()].sort(), language);
    for (const [path, text] of texts(languageWords[language]))
      assert.ok(text.trim().length > 0, `${language}: ${path}`);
  }
});

test("of three and more are nowhere the English ones", () => {
  for (const language of languages.filter((one) => one !== "en"))
    for (const [path, text] of texts(languageWords[language]))
      if (/[a-z]{2,}(?: [a-z]{2,}){2}/i.test(text)) assert.is.not(text, english.get(path), `${language}: ${path}`);
});

test("have the figures of every phrase", () => {
  for (const language of languages)
    for (const [path, text] of texts(languageWords[language])) {
      const figures = (english.get(path)?.match(/4[12]/g) ?? []).sort();
      if (figures.length > 0) assert.equal((text.match(/4[12]/g) ?? []).sort(), figures, `${language}: ${path}`);
    }
});

test.run();
