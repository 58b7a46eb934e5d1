// The language of a page, and that each has all words.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { pageLanguage, pageWords } from "../../../../agent/web/words/page-language.js";
import { languages } from "../../../../config/languages.js";

const test = suite("the language of a page");

test("is the chosen one, else the first that the browser wants and we have, else the station's", () => {
  const rows: [chosen: string | undefined, accepted: string | undefined, language: string][] = [
    ["fr", "de", "fr"],
    ["xx", "de", "de"],
    [undefined, "de-AT,de;q=0.9,en;q=0.8", "de"],
    [undefined, "pt, nl;q=0.5", "nl"],
    [undefined, "en;q=0.2, pl;q=0.7", "pl"],
    [undefined, "en;q=0, sv", "sv"],
    [undefined, "constructor, __proto__", "it"],
    [undefined, "*", "it"],
    [undefined, undefined, "it"],
    [undefined, ",;q=,;;;q=9,en;q=nonsense", "en"],
    [undefined, "pt,".repeat(10_000), "it"],
  ];
  for (const [chosen, accepted, language] of rows)
    assert.is(pageLanguage(chosen, accepted, "it"), language, `${chosen} ${accepted?.slice(0, 40)}`);
});

/** Every text of a table of words, with arguments where it takes some. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "function") return [String(value(7, 9))];
  return Object.values(value as object).flatMap(textsOf);
}

test("has all words, and none of them empty", () => {
  for (const language of languages) {
    const texts = textsOf(pageWords[language]);
    assert.is(texts.length, textsOf(pageWords.en).length, language);
    assert.equal(
      texts.filter((text) => text.trim() === "" || text.includes("undefined")),
      [],
      language,
    );
  }
  assert.is(new Set(languages.map((language) => pageWords[language].name)).size, languages.length);
});

test.run();
