// The words of all languages. A new one is named in config/languages.ts, and has its words in a file of its own here.

import type { Language } from "../../../config/languages.js";
import { de } from "./de.js";
import { en } from "./en.js";
import { es } from "./es.js";
import { fr } from "./fr.js";
import type { LanguageWords } from "./language-words.js";
import { nl } from "./nl.js";

export const languageWords: Readonly<Record<Language, LanguageWords>> = { en, de, fr, es, nl };
