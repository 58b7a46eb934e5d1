// One setting of payments on the page of a CSMS, by the name that OCPP gives it: what it is now, and how it is set. The
// device model of 2.x and the keys of 1.6 are made from it alike.
import { passwordBounds } from "../../../core/web-payment/one-time-password.js";
import { addressLimits, passwordVersion, templateFault } from "../../../core/web-payment/payment-address.js";
import { isPrintable, type RequestContext } from "../requests/request-context.js";
import { type SettingBounds, takeFlag, takeNumber } from "../requests/setting-text.js";
import { codeQualities, longestRoamingEvseId, type WebPaymentFields } from "../requests/web-payment-settings.js";

export type WebPaymentSetting = {
  readonly name: string;
  /** Undefined = it can be written and not read. */
  readonly value: string | undefined;
  readonly dataType: "boolean" | "string" | "integer" | "OptionList" | "MemberList";
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
  readonly valuesList?: string;
  /** Puts a value into force for good; the answer is a reason code against it. Absent = it cannot be set. */
  readonly set?: (value: string) => string | undefined;
};

type Asked = Pick<RequestContext, "webPayments" | "settings" | "link" | "note">;

/** All settings at an EVSE; `allEvses` = for all that have none of their own. `evseId` = its name for roaming. */
export function webPaymentSettings(context: Asked, evse: number, evseId: string): readonly WebPaymentSetting[] {
  const now = context.webPayments.shown(evse);
  const keep = (what: string, changes: WebPaymentFields): undefined => keepSetting(context, evse, what, changes);
  return [
    {
      name: "Enabled",
      value: String(now.enabled ?? false),
      dataType: "boolean",
      set: takeFlag((enabled) => keep("Enabled", { enabled })),
    },
    {
      name: "URLTemplate",
      value: now.urlTemplate ?? "",
      dataType: "string",
      set: (text) => {
        const fault = templateFault(text);
        if (fault === undefined) return keep("URLTemplate", { urlTemplate: text });
        context.note(`WebPaymentsCtrlr.URLTemplate is refused: ${fault}`);
        return "InvalidValue";
      },
    },
    {
      name: "URLParameters",
      value: addressLimits.join(","),
      dataType: "MemberList",
      valuesList: addressLimits.join(","),
    },
    {
      name: "TOTPVersion",
      value: passwordVersion,
      dataType: "OptionList",
      valuesList: passwordVersion,
      set: (text) => (text.toLowerCase() === passwordVersion ? undefined : "InvalidValue"),
    },
    {
      name: "RoamingEvseId",
      value: now.roamingEvseId ?? evseId,
      dataType: "string",
      set: (text) =>
        isPrintable(text) && text.length <= longestRoamingEvseId
          ? keep("RoamingEvseId", { roamingEvseId: text })
          : "InvalidValue",
    },
    {
      name: "ValidityTime",
      unit: "s",
      ...numberSetting(now.validityS, passwordBounds.validityS, (validityS) => keep("ValidityTime", { validityS })),
    },
    {
      name: "SharedSecret",
      value: undefined,
      dataType: "string",
      most: passwordBounds.secret.most,
      set: (text) => {
        const { least, most } = passwordBounds.secret;
        if (!isPrintable(text) || text.length < least || text.length > most) return "InvalidValue";
        keep("SharedSecret", { secret: text });
        context.link.securityEvent(
          "ReconfigurationOfSecurityParameters",
          "the secret of payment codes was changed by the CSMS",
        );
        return undefined;
      },
    },
    { name: "Length", ...numberSetting(now.length, passwordBounds.length, (length) => keep("Length", { length })) },
    {
      name: "QRCodeQuality",
      value: now.quality,
      dataType: "OptionList",
      valuesList: codeQualities.join(","),
      set: (text) => {
        const quality = codeQualities.find((one) => one.toLowerCase() === text.toLowerCase());
        return quality === undefined ? "InvalidValue" : keep("QRCodeQuality", { quality });
      },
    },
  ];
}

const numberSetting = (
  value: number,
  bounds: SettingBounds,
  put: (value: number) => void,
): Omit<WebPaymentSetting, "name"> => ({
  value: String(value),
  dataType: "integer",
  ...bounds,
  set: takeNumber(bounds, put),
});

/** Journalled by its name alone: what it was set to may be the secret. */
function keepSetting(
  { webPayments, settings }: Asked,
  evse: number,
  what: string,
  changes: WebPaymentFields,
): undefined {
  settings.note({ [`WebPaymentsCtrlr.${evse}.${what}`]: true });
  webPayments.set(evse, changes);
}
