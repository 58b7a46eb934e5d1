// The words of all languages. A new one is named in config/languages.ts, and has its words in a file of its own here.

import type { Language } from "../../../config/languages.js";
import { cs } from "./cs.js";
import { de } from "./de.js";
import { en } from "./en.js";
import { es } from "./es.js";
import { fr } from "./fr.js";
import { it } from "./it.js";
import type { LanguageWords } from "./language-words.js";
import { nl } from "./nl.js";
import { pl } from "./pl.js";
import { sv } from "./sv.js";

export const languageWords: Readonly<Record<Language, LanguageWords>> = { en, de, fr, es, nl, it, pl, cs, sv };
