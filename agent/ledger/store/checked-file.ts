// A lowdb adapter that can be trusted with money: JSON with its own SHA-256, replaced durably, proven byte by byte when
// read. lowdb's file adapter renames without fsync and turns a missing file into the defaults in silence; this one does
// neither. A file that is written often may grow in steps: each is the whole value again in a frame of its own behind
// the last, at the price of one fdatasync in place of two fsyncs and a rename. The last whole frame counts; a torn one
// behind it was never acted on.
import type { SyncAdapter } from "lowdb";
import type { FailureCode } from "../../core/failure.js";
import { Failure } from "../../core/failure.js";
import { storedJson } from "../../core/json/json-text.js";
import { sha256Hex } from "./digest.js";
import type { Disk } from "./disk.js";

// {"sha256":"<64 hex digits>","data":<the text that the digest covers>}\n
const opening = '{"sha256":"';
const middle = '","data":';
const closing = "}\n";
const dataStart = opening.length + 64 + middle.length;

/** A step longer than this, or one that would make the file longer than that, replaces the file. */
const longestStep = 8 * 1024;
const longestFile = 64 * 1024;

export class CheckedFile<T> implements SyncAdapter<T> {
  #digest = "";
  #size = 0;
  /** Bytes of the file as we wrote it; 0 = it was not written by us yet, or nobody knows how it ends. */
  #written = 0;
  #grown = false;

  /** `parse` names the shape and throws where it does not fit; `damaged` is the code of every complaint. */
  constructor(
    private readonly disk: Disk,
    readonly path: string,
    private readonly parse: (value: unknown) => T,
    private readonly damaged: FailureCode,
    /** The file grows in steps, and is read as one that does. */
    private readonly steps = false,
  ) {}

  /** SHA-256 (hex) of the data text last read or written. */
  get digest(): string {
    return this.#digest;
  }

  /** Length in bytes of the data text last read or written. */
  get size(): number {
    return this.#size;
  }

  /**
   * What was read last stands behind other steps: an fdatasync that failed may have left it where it can be read and
   * does not last.
   */
  get grown(): boolean {
    return this.#grown;
  }

  /** The proven content. A missing file is damage too: who may start empty knows so by a mark and does not ask. */
  read(): T {
    const bytes = this.disk.read(this.path);
    if (!bytes) throw this.#complaint("is missing", undefined);
    this.#written = 0;
    const proven = this.steps ? lastFrame(bytes) : frameIn(bytes);
    if (proven === undefined) throw this.#complaint("does not match its checksum", undefined);
    this.#grown = dataStart + proven.data.length + closing.length < bytes.length;
    try {
      const value = this.parse(JSON.parse(proven.data.toString("utf8")));
      this.#digest = proven.digest;
      this.#size = proven.data.length;
      return value;
    } catch (cause) {
      throw this.#complaint(
        `holds what this version does not understand (${cause instanceof Error ? cause.message : String(cause)})`,
        cause,
      );
    }
  }

  /** Durable when it returns; throws disk/failed or disk/full. */
  write(data: T): void {
    const text = storedJson(data);
    const digest = sha256Hex(text);
    const bytes = Buffer.from(opening + digest + middle + text + closing);
    const grows =
      this.steps && this.#written > 0 && bytes.length <= longestStep && this.#written + bytes.length <= longestFile;
    const before = this.#written;
    // Whatever fails from here on leaves an end that nobody knows: the next write begins a file of its own.
    this.#written = 0;
    if (grows) this.disk.appendOnce(this.path, bytes);
    else this.disk.replace(this.path, bytes);
    this.#written = grows ? before + bytes.length : bytes.length;
    this.#digest = digest;
    this.#size = bytes.length - dataStart - closing.length;
  }

  #complaint(what: string, cause: unknown): Failure {
    return new Failure(
      this.damaged,
      `${this.path} ${what}: no session can start until it is repaired; "chargetill repair" shows what can be saved`,
      { cause },
    );
  }
}

type Proven = { readonly data: Buffer; readonly digest: string };

/** The data of a frame, or undefined where the bytes are not, one by one, what was written. */
function frameIn(bytes: Buffer): Proven | undefined {
  if (bytes.length < dataStart + closing.length) return undefined;
  const data = bytes.subarray(dataStart, bytes.length - closing.length);
  const frame =
    bytes.subarray(0, dataStart).toString("latin1") + bytes.subarray(bytes.length - closing.length).toString("latin1");
  const digest = sha256Hex(data);
  return frame === opening + digest + middle + closing ? { data, digest } : undefined;
}

/**
 * The last frame, or the one before it where one piece behind it is torn. JSON has no newline of its own, so each ends
 * a frame.
 */
function lastFrame(bytes: Buffer): Proven | undefined {
  const end = bytes.lastIndexOf(0x0a, bytes.length - 2);
  const last = frameIn(bytes.subarray(end + 1));
  if (last !== undefined || end < 0) return last;
  const before = bytes.subarray(0, end + 1);
  return frameIn(before.subarray(before.lastIndexOf(0x0a, before.length - 2) + 1));
}
