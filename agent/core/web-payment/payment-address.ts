// The address that a payment code leads to: the backend's template, filled in by the charge point (OCPP 2.1 C25, "URL
// templates"). The case of a variable's name does not matter.

/** What fills the variables of a template. */
export type AddressValues = {
  readonly chargingStationId: string;
  readonly evse: number;
  readonly roamingEvseId: string;
  readonly password: string;
  /** The limits at which a session here ends by itself: whole Wh and s, and money incl. tax. */
  readonly maxEnergyWh?: number;
  readonly maxTimeS?: number;
  readonly maxCost?: string;
};

/** The limits that a charge point names (WebPaymentsCtrlr.URLParameters). */
export const addressLimits = ["maxEnergy", "maxTime", "maxCost"] as const;
export const passwordVersion = "v1";
/** A longer one makes a code that no phone reads from a small screen. */
export const longestTemplate = 400;

const variable = /\{([^{}]*)\}/g;
const known = ["chargingstationid", "evse", "evseid", "roamingevseid", "totp", "version"];
const limitNames = addressLimits.map((name) => name.toLowerCase());

/** The variables of a template, in lower case. */
const variablesNamed = (template: string): readonly string[] =>
  [...template.matchAll(variable)].map(([, name = ""]) => name.toLowerCase());

/** Why a template leads nowhere, or to where no driver should be sent; undefined where it may be used. */
export function templateFault(template: string): string | undefined {
  if (template.length > longestTemplate) return `more than ${longestTemplate} characters`;
  if (!/^[\x21-\x7e]+$/.test(template)) return "only printable characters without blanks may stand in it";
  const names = variablesNamed(template);
  const unknown = names.find((name) => !known.includes(name) && !limitNames.includes(name));
  if (unknown !== undefined) return `there is no variable {${unknown}}`;
  if (/[{}]/.test(template.replaceAll(variable, ""))) return "a brace without its other one";
  // Without it anybody's photograph of the code would be as good as the code.
  if (!names.includes("totp")) return "the variable {totp} is missing";
  if (!/^https:\/\/[^/?#@{}\\]+([/?#]|$)/.test(template)) return "expected https:// with a host";
  return undefined;
}

/** The address; limits that the template has no place for go on as query parameters. */
export function paymentAddress(template: string, values: AddressValues): string {
  const limits: readonly (readonly [name: string, text: string | undefined])[] = [
    ["maxenergy", values.maxEnergyWh?.toString()],
    ["maxtime", values.maxTimeS?.toString()],
    ["maxcost", values.maxCost],
  ];
  const texts: ReadonlyMap<string, string | undefined> = new Map([
    ["chargingstationid", values.chargingStationId],
    ["evse", String(values.evse)],
    ["evseid", String(values.evse)],
    ["roamingevseid", values.roamingEvseId],
    ["totp", values.password],
    ["version", passwordVersion],
    ...limits,
  ]);
  const filled = template.replaceAll(variable, (_, name: string) =>
    encodeURIComponent(texts.get(name.toLowerCase()) ?? ""),
  );
  const placed = variablesNamed(template);
  const more = limits.flatMap(([name, text]) =>
    text === undefined || placed.includes(name) ? [] : [`${name}=${encodeURIComponent(text)}`],
  );
  if (more.length === 0) return filled;
  const [address = "", ...fragment] = filled.split("#");
  const joined = `${address}${address.includes("?") ? "&" : "?"}${more.join("&")}`;
  return [joined, ...fragment].join("#");
}
