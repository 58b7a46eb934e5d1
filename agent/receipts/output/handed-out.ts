// What the folder of receipt copies still knows of a book that was restored from an older backup: the highest number
// that this station has handed out, by its own signature.
import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import { payloadIn } from "../../core/receipt/receipt-payload.js";
import { parseJws } from "../../core/signing/jws.js";
import type { CheckTools } from "../../core/signing/signer.js";
import type { Disk } from "../../ledger/store/disk.js";
import { copyPath } from "./receipt-file-retention.js";

const copyOfReceipt = /^receipt-(\d{6,15})\.json$/;
/** So many copies beyond the book are looked at, the highest first: others may lie in a folder that is shared. */
const mostLookedAt = 64;

/**
 * The highest number above `booked` of which a copy lies there that this station's key has signed; 0 = none. Throws
 * disk/failed.
 */
export function highestHandedOut(
  disk: Disk,
  { receiptOutput, state, station }: Pick<Config, "receiptOutput" | "state" | "station">,
  booked: number,
  spkiHex: string,
  { check }: CheckTools,
): number {
  if (receiptOutput?.folder === undefined) return 0;
  const folder = join(state, receiptOutput.folder);
  const isOurs = (number: number): boolean => {
    const path = `${copyPath(folder, number)}.json`;
    const jws = parseJws(jwsIn(Buffer.from(disk.read(path) ?? []).toString("utf8")));
    const payload = jws === undefined ? undefined : payloadIn(jws);
    return (
      jws?.signature !== undefined &&
      payload?.number === number &&
      payload.station.id === station.id &&
      check(spkiHex, jws.input, jws.signature, "ieee-p1363")
    );
  };
  return (
    disk
      .list(folder)
      .map((name) => Number(copyOfReceipt.exec(name)?.[1] ?? 0))
      .filter((number) => number > booked)
      .sort((a, b) => b - a)
      .slice(0, mostLookedAt)
      .find(isOurs) ?? 0
  );
}

function jwsIn(text: string): string {
  try {
    const file = JSON.parse(text) as { readonly jws?: unknown } | null;
    return typeof file?.jws === "string" ? file.jws : "";
  } catch {
    return "";
  }
}
