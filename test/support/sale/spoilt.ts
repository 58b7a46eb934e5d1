// Evidence with one byte changed: what a verifier must judge alike wherever it runs.
import type { GivenFile } from "../../../agent/receipts/dispute/given-evidence.js";
import { random } from "../random.js";

/** So many files, each with one byte that is another, in turn from all of them: the same seed, the same changes. */
export function* spoiltFiles(files: readonly GivenFile[], count: number, seed: number): Generator<GivenFile> {
  const next = random(seed);
  for (let done = 0; done < count; done += 1) {
    const file = files[done % files.length];
    if (file === undefined || file.bytes.length === 0) throw new Error("there is nothing to spoil");
    const bytes = Uint8Array.from(file.bytes);
    const at = Math.floor(next() * bytes.length);
    bytes[at] = ((bytes[at] ?? 0) + 1 + Math.floor(next() * 255)) % 256;
    yield { name: file.name, bytes };
  }
}
