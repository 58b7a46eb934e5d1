// An OCPI uplink towards a backend on this machine, with its token in a temporary file.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OcpiUplink } from "../../../agent/sync/ocpi/ocpi-uplink.js";
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import { HandClock } from "../time/hand-clock.js";

/** Of this process: a backend of another test, at a port that was ours, does not take it for its own. */
export const token = `plain-token-${process.pid}`;

export class TokenFile {
  readonly folder = mkdtempSync(join(tmpdir(), "chargetill-uplink-"));
  readonly path = join(this.folder, "token");
  constructor(text = `${token}\n`) {
    this.write(text);
  }
  write(text: string): void {
    writeFileSync(this.path, text);
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An uplink to an OCPI backend of the tests, quick to try again; what a test is about stands in `more`. */
export const ocpiConfig = (url: string, tokenFile: string, more: Partial<OcpiUplinkConfig> = {}): OcpiUplinkConfig => ({
  name: "office",
  kind: "ocpi",
  url,
  version: "2.2.1",
  tokenFile,
  toCountryCode: "NL",
  toPartyId: "MSP",
  envelope: "ocpi",
  signedData: "full",
  sessionUpdates: 300_000,
  tokenHeader: "base64",
  acceptUnknownTime: false,
  timeout: 5_000,
  backoff: { first: 100, most: 1_000 },
  tls: {},
  schedule: "* * * * *",
  pull: "7 * * * *",
  ...more,
});

export const uplinkTo = (
  url: string,
  tokenFile: string,
  more: Partial<OcpiUplinkConfig> = {},
  clock = new HandClock(),
): OcpiUplink => new OcpiUplink(ocpiConfig(url, tokenFile, more), { countryCode: "DE", partyId: "ABC" }, clock);

export const item = { id: "cdr-2", body: '{"id":"cdr-2","city":"Köln"}' };
/** A send that nobody aborts. */
export const unstopped = (): AbortSignal => new AbortController().signal;
