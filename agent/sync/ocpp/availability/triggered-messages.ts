// What TriggerMessage names (2.x: F06; 1.6: 5.17 and the security paper), of what this station can send.

import type { LogUploads } from "../requests/log-upload.js";
import type { CsmsLink } from "../rpc/link.js";
import type { Rpc } from "../rpc/rpc.js";
import type { CertificateRenewal } from "../security/certificate-renewal.js";
import type { TransactionReporter } from "../transactions/transaction-reporter.js";
import type { StatusNotifications } from "./status-notifications.js";

type Senders = {
  readonly line: { readonly rpc: Rpc | undefined; bootAgain(): void; beat(): void };
  readonly statusNotifications: StatusNotifications;
  readonly reporter: TransactionReporter;
  readonly link: CsmsLink;
  readonly renewal?: CertificateRenewal;
  readonly logs?: LogUploads;
  readonly connectors: readonly number[];
};

/** See CsmsLink.triggered. */
export function triggeredMessage(
  message: string,
  connector: number | undefined,
  { link, line, statusNotifications, reporter, renewal, logs, connectors }: Senders,
): (() => void) | "nothing" | undefined {
  switch (message) {
    case "BootNotification":
      return () => line.bootAgain();
    case "Heartbeat":
      return () => line.beat();
    case "StatusNotification":
      return () => {
        if (line.rpc !== undefined) statusNotifications.repeat(connector, line.rpc);
      };
    case "SignChargingStationCertificate":
    case "SignChargePointCertificate":
      return renewal === undefined ? undefined : () => renewal.trigger();
    case "LogStatusNotification":
    case "DiagnosticsStatusNotification":
      return logs === undefined ? undefined : () => logs.repeat(message, link);
    case "MeterValues":
    case "TransactionEvent":
      return connectors.some(
        (id) => (connector === undefined || connector === id) && reporter.running(id) !== undefined,
      )
        ? () => void reporter.trigger(connector)
        : "nothing";
    default:
      return undefined;
  }
}
