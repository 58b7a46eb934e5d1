// A station that the CSMS makes out certificates for, over real TLS with a test CA, on a disk that lasts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { requestHandlers } from "../../../agent/sync/ocpp/request-handlers.js";
import type { Dialect } from "../../../agent/sync/ocpp/rpc/frame.js";
import { CertificateRenewal } from "../../../agent/sync/ocpp/security/certificate-renewal.js";
import { KeptCredentials } from "../../../agent/sync/transport/kept-credentials.js";
import type { OcppUplinkConfig } from "../../../config/uplink-schema.js";
import type { Moment } from "../../../drivers/driver.js";
import { Csms } from "../sync/csms.js";
import { type OpenUplink, ocppConfig, openUplink, world } from "../sync/ocpp-bench.js";
import { TestRequests } from "../sync/test-requests.js";
import { HandClock } from "../time/hand-clock.js";
import type { VolatileFiles } from "../volatile-files.js";
import { type FrontCertificate, TlsFront } from "./tls-front.js";

export const subject = { commonName: "CT-1", organization: "Stadtwerke Musterstadt" };

/** Certificates are made out for today. */
class TodaysClock extends HandClock {
  readonly #fromMs = Date.now();
  override now(): Moment {
    const moment = super.now();
    return { ...moment, at: this.#fromMs + moment.monoMs };
  }
}

export type Place = {
  /** Where the certificates are. */
  readonly folder: string;
  readonly csms: Csms;
  readonly front: TlsFront;
  readonly dialect: Dialect;
};

/** By the certificate and key of this name in the folder; clients are known by `ca`. */
export function frontWith(folder: string, name: string, ca = "ours"): FrontCertificate {
  const text = (file: string): string => readFileSync(join(folder, file), "utf8");
  return { key: text(`${name}.key`), cert: text(`${name}.pem`), ca: text(`${ca}.pem`) };
}

/** A CSMS behind TLS, with the certificate `server`. */
export async function place(folder: string, dialect: Dialect): Promise<Place> {
  const csms = await Csms.open([dialect]);
  csms.answers["SignCertificate"] = () => ({ status: "Accepted" });
  return { folder, csms, front: await TlsFront.open(csms.url, frontWith(folder, "server")), dialect };
}

export const keptOn = (files: VolatileFiles): KeptCredentials =>
  KeptCredentials.open(new Disk(files), "/state", "csms");

export type SecuredStation = OpenUplink & { readonly credentials: KeptCredentials; readonly clock: HandClock };

/** A station at this CSMS, with what lasts of it on this disk. */
export async function stationAt(
  { folder, csms, front, dialect }: Place,
  files: VolatileFiles,
  more: Partial<OcppUplinkConfig> = {},
): Promise<SecuredStation> {
  const requests = new TestRequests(dialect);
  const credentials = keptOn(files);
  const lasting = { ...world(), clock: new TodaysClock() };
  const config = ocppConfig(front.url, {
    identity: "CT-1",
    certificatesByCsms: true,
    tls: { caFile: join(folder, "ours.pem") },
    ...more,
  });
  const notes: string[] = [];
  const failures: unknown[] = [];
  const [note, die] = [(words: string) => void notes.push(words), (error: unknown) => void failures.push(error)];
  const renewal = new CertificateRenewal({
    clock: lasting.clock,
    credentials,
    subject,
    certFile: config.tls.certFile,
    note,
    die,
  });
  const opened = openUplink(lasting, config, {
    credentials,
    renewal,
    note,
    die,
    handlers: (link) =>
      requestHandlers(
        { ...requests.context, uplink: config, link, credentials, note, now: () => lasting.clock.now().at },
        dialect,
      ),
  });
  lasting.book.sell();
  await opened.outbox.now();
  await requests.testStation.close();
  assert.equal(csms.violations, []);
  return { ...opened, notes, failures, credentials, clock: lasting.clock };
}

/** The CSMS wants a certificate asked for; answers the request. */
export async function asked({ csms, dialect }: Place): Promise<string> {
  const before = csms.of("SignCertificate").length;
  const came = csms.until(() => csms.of("SignCertificate").length > before);
  const [action, requestedMessage] =
    dialect === "ocpp1.6"
      ? ["ExtendedTriggerMessage", "SignChargePointCertificate"]
      : ["TriggerMessage", "SignChargingStationCertificate"];
  assert.equal(await csms.client?.call(action, { requestedMessage }), { status: "Accepted" });
  await came;
  return String(csms.of("SignCertificate").at(-1)?.payload["csr"]);
}

/** The CSMS sends a chain; answers the status. */
export async function sent({ csms }: Place, certificateChain: string): Promise<unknown> {
  const answer = await csms.client?.call("CertificateSigned", { certificateChain });
  return (answer as { readonly status: unknown } | undefined)?.status;
}

/** As `sent`; resolves when the station has come again after it. */
export async function sentAndBack(at: Place, chain: string): Promise<unknown> {
  const { csms } = at;
  const before = csms.connections;
  const heard = csms.of("SecurityEventNotification").length;
  const back = csms.until(() => csms.connections > before && csms.of("SecurityEventNotification").length > heard);
  const status = await sent(at, chain);
  await back;
  return status;
}
