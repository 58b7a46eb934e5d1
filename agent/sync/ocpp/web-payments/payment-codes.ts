// The code that leads to the page of a CSMS where a driver pays (OCPP 2.1 C25): made anew for each of its short lives,
// and only where a payment would be followed by power.
import { createHmac } from "node:crypto";
import type { ConnectorConfig } from "../../../../config/schema.js";
import type { Moment } from "../../../../drivers/driver.js";
import { ratioOfText, roundHalfUp } from "../../../core/number/money.js";
import { type HmacSha256, oneTimePassword, passwordEndsMs } from "../../../core/web-payment/one-time-password.js";
import { type AddressValues, paymentAddress } from "../../../core/web-payment/payment-address.js";
import type { PaymentCode, RemoteControl } from "../../station-port.js";
import type { WebPaymentSettings } from "../requests/web-payment-settings.js";

const hmac: HmacSha256 = (key, message) => createHmac("sha256", key).update(message).digest();

export type PaymentCodesParts = {
  readonly settings: WebPaymentSettings;
  /** The station as the CSMS knows it. */
  readonly identity: string;
  readonly connectors: readonly ConnectorConfig[];
  readonly remote: () => Pick<RemoteControl, "whyNotPayable"> | undefined;
  /** The CSMS is there to start what is paid for. */
  readonly online: () => boolean;
};

/** The code of a connector now; undefined while one would lead nowhere, or to a payment without power. */
export function paymentCodeAt(connector: number, now: Moment, parts: PaymentCodesParts): PaymentCode | undefined {
  const { settings, identity, connectors, remote, online } = parts;
  const configured = connectors.find(({ id }) => id === connector);
  const rule = settings.rule(connector);
  // By a clock that is not set the password is one that was, or will be.
  if (configured === undefined || rule === undefined || now.trust === "unsynced" || !online()) return undefined;
  const station = remote();
  if (station === undefined || station.whyNotPayable(connector) !== undefined) return undefined;
  const url = paymentAddress(rule.urlTemplate, {
    chargingStationId: identity,
    evse: connector,
    roamingEvseId: rule.roamingEvseId ?? configured.evseId,
    password: oneTimePassword(rule, now.at, hmac),
    ...limitsOf(configured.limits),
  });
  return { url, endsMs: passwordEndsMs(now.at, rule.validityS), quality: rule.quality };
}

/** Where each session here ends by itself: whoever pays need not hold more. */
function limitsOf({ energyKwh, time, cost }: ConnectorConfig["limits"]): Partial<AddressValues> {
  const wattHours = energyKwh === undefined ? undefined : wholeWattHours(energyKwh);
  return {
    ...(wattHours === undefined ? {} : { maxEnergyWh: wattHours }),
    ...(time === undefined ? {} : { maxTimeS: Math.floor(time / 1000) }),
    ...(cost === undefined ? {} : { maxCost: cost }),
  };
}

const wholeWattHours = (kwh: string): number => Number(roundHalfUp(ratioOfText(kwh), 3));
