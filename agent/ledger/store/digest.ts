// The one digest of the repository: SHA-256 by node:crypto, as bytes and as hex. The core is handed `sha256` where it
// needs it; start.js, which runs before anything is built, makes its own.
import { hash } from "node:crypto";

/** SHA-256 of bytes, or of a text in UTF-8. */
export function sha256(data: Uint8Array | string): Buffer {
  return hash("sha256", data, "buffer");
}

/** The same as 64 lower-case hex digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash("sha256", data, "hex");
}
