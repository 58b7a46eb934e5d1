// A tariff's digest: what journal and receipt know it by.
import { canonicalText } from "../core/json/json-text.js";
import type { Tariff } from "../core/tariff/tariff.js";
import { sha256Hex } from "../ledger/store/digest.js";

/** SHA-256 (hex) of the tariff's canonical text. */
export const tariffDigest = (tariff: Tariff): string => sha256Hex(canonicalText(tariff.source));
