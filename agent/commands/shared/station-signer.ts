// The station's signing key for a command that signs a document: read where it lies, never made.
import { Failure } from "../../core/failure.js";
import type { Signer } from "../../core/signing/signer.js";
import type { Disk } from "../../ledger/store/disk.js";
import { openSigner } from "../../receipts/signing-keys.js";

/** The station's signer. Throws Failure key/unusable where there is no key in the state folder, or it is damaged. */
export function stationSigner(disk: Disk, folder: string): Signer {
  const read = (path: string): { readonly bytes: Uint8Array; readonly mode: number } => {
    const bytes = disk.read(path);
    if (bytes === undefined)
      throw new Failure("key/unusable", `${path}: no signing key yet; the station creates it at its first start`);
    return { bytes, mode: disk.mode(path) };
  };
  return openSigner({ folder, read, write: () => undefined }, false);
}
