// A lowdb adapter that can be trusted with money: JSON with its own SHA-256, replaced durably, proven byte by byte when read.
// lowdb's file adapter renames without fsync and turns a missing file into the defaults in silence; this one does neither.
import { hash } from "node:crypto";
import type { SyncAdapter } from "lowdb";
import { Failure } from "../failure.js";
import type { FailureCode } from "../failure.js";
import type { Disk } from "./disk.js";

// {"sha256":"<64 hex digits>","data":<the text that the digest covers>}\n
const opening = '{"sha256":"';
const middle = '","data":';
const closing = "}\n";
const dataStart = opening.length + 64 + middle.length;

export const sha256Hex = (bytes: Uint8Array | string): string => hash("sha256", bytes, "hex");

/** Throws for what JSON would change in silence (NaN, Infinity) or cannot hold (bigint, functions, symbols). */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (typeof part === "bigint" || typeof part === "function" || typeof part === "symbol" || (typeof part === "number" && !Number.isFinite(part)))
      throw new TypeError(`${key}: ${String(part)} cannot be kept as JSON`);
    return part;
  });
}

export class CheckedFile<T> implements SyncAdapter<T> {
  #digest = "";
  #size = 0;

  /** `parse` names the shape and throws where it does not fit; `damaged` is the code of every complaint. */
  constructor(
    private readonly disk: Disk,
    readonly path: string,
    private readonly parse: (value: unknown) => T,
    private readonly damaged: FailureCode,
  ) {}

  /** SHA-256 (hex) of the data text last read or written. */
  get digest(): string {
    return this.#digest;
  }

  /** Length in bytes of the data text last read or written. */
  get size(): number {
    return this.#size;
  }

  /** The proven content. A missing file is damage too: who may start empty knows so by a mark and does not ask. */
  read(): T {
    const bytes = this.disk.read(this.path);
    if (!bytes) throw this.#complaint("is missing", undefined);
    const data = bytes.subarray(dataStart, bytes.length - closing.length);
    const frame = bytes.subarray(0, dataStart).toString("latin1") + bytes.subarray(bytes.length - closing.length).toString("latin1");
    const digest = sha256Hex(data);
    if (bytes.length < dataStart + closing.length || frame !== opening + digest + middle + closing)
      throw this.#complaint("does not match its checksum", undefined);
    try {
      const value = this.parse(JSON.parse(data.toString("utf8")));
      this.#digest = digest;
      this.#size = data.length;
      return value;
    } catch (cause) {
      throw this.#complaint(`holds what this version does not understand (${cause instanceof Error ? cause.message : String(cause)})`, cause);
    }
  }

  /** Durable when it returns; throws disk/failed or disk/full. */
  write(data: T): void {
    const text = jsonText(data);
    const digest = sha256Hex(text);
    const bytes = Buffer.from(opening + digest + middle + text + closing);
    this.disk.replace(this.path, bytes);
    this.#digest = digest;
    this.#size = bytes.length - dataStart - closing.length;
  }

  #complaint(what: string, cause: unknown): Failure {
    return new Failure(this.damaged, `${this.path} ${what}: nothing is sold until it is repaired; "chargetill repair" shows what can be saved`, { cause });
  }
}
