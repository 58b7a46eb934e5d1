// The files of a line to a backend: secrets and certificates. Read where they are used, so that what a technician mends
// in a file heals without a restart; what they hold appears in no message.
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { UplinkConfig } from "../../../config/uplink-schema.js";
import { Failure } from "../../core/failure.js";

/** Whom a line trusts and who it is, for node:tls. */
export type Identity = {
  readonly ca?: Buffer | (Buffer | string)[];
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
};

/** The bytes of the file that the setting `name` names. Throws Failure config/invalid. */
export function readSetting(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure(
      "config/invalid",
      `${name} ${path} cannot be read (${error instanceof Error && "code" in error ? error.code : "unknown"})`,
      { cause: error },
    );
  }
}

/**
 * A secret that goes with each of ten thousand sends: read anew only where its file is another one, or was written,
 * since.
 */
export class CredentialFile {
  #read: { readonly stamp: string; readonly text: string } | undefined;

  constructor(
    readonly name: string,
    readonly path: string,
  ) {}

  /** Throws Failure config/invalid where it cannot be read. */
  text(): string {
    const stamp = stampOf(this.path);
    if (stamp === undefined || stamp !== this.#read?.stamp)
      this.#read = { stamp: stamp ?? "", text: readSetting(this.name, this.path).toString("utf8") };
    return this.#read.text;
  }
}

/** Undefined where the file cannot even be looked at. */
function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return undefined;
  }
}

/** Throws Failure config/invalid where a file cannot be read. */
export function identityIn({ caFile, certFile, keyFile }: Partial<UplinkConfig["tls"]>): Identity {
  return {
    ...(caFile === undefined ? {} : { ca: readSetting("tls.caFile", caFile) }),
    ...(certFile === undefined ? {} : { cert: readSetting("tls.certFile", certFile) }),
    ...(keyFile === undefined ? {} : { key: readSetting("tls.keyFile", keyFile) }),
  };
}

/** Throws Failure config/invalid where the files do not go together. */
export function proveUsable(identity: Identity): void {
  try {
    createSecureContext(identity);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      "config/invalid",
      `the files under tls cannot be used together (${why}): check tls.caFile, tls.certFile and tls.keyFile`,
      { cause: error },
    );
  }
}
