// The security profile of the line, and its upgrade from 2 to 3 by the CSMS (2.x: A05 with B09; 1.6: the key
// SecurityProfile): from basic auth to the client certificate alone. It counts once a line was opened by it; until then
// the one before it stays usable. There is no way down but the config file.
import { z } from "zod";
import type { KeptCredentials } from "../../transport/kept-credentials.js";
import type { RequestContext } from "../requests/request-context.js";
import { countSchema, readRequest, statusInfoOf, textSchema, wholeNumberSchema } from "../requests/request-schemas.js";
import type { Handlers } from "../rpc/rpc.js";
import { takePassword } from "./basic-auth-password.js";

type Line = Pick<RequestContext, "uplink" | "credentials">;

export function securityProfile({ uplink: { url, passwordFile, tls }, credentials }: Line): number {
  if (!url.startsWith("wss:")) return passwordFile === undefined && credentials.passwords.length === 0 ? 0 : 1;
  return tls.certFile !== undefined || credentials.upgrade?.state === "worked" ? 3 : 2;
}

/** The slot of the config's own network profile; an upgrade has another. */
const ownSlot = 1;

/** The slots that there are, the one in force first. */
export function networkSlots({ credentials: { upgrade } }: Pick<RequestContext, "credentials">): readonly number[] {
  if (upgrade === null) return [ownSlot];
  return upgrade.state === "offered" ? [ownSlot, upgrade.slot] : [upgrade.slot, ownSlot];
}

/** Why a profile cannot be had; undefined = it can, or is the one in force. */
function whyNoProfile(line: Line, profile: number): { readonly code: string; readonly why: string } | undefined {
  const { uplink, credentials } = line;
  const now = securityProfile(line);
  if (profile === now) return undefined;
  if (profile < now) return { code: "NoSecurityDowngrade", why: "a lower security profile is not taken" };
  if (profile !== 3 || now !== 2)
    return { code: "InvalidNetworkConf", why: "the address stands in the config: wss is set there" };
  if (credentials.certificates.length === 0 && uplink.tls.certFile === undefined)
    return { code: "InvalidNetworkConf", why: "the station has no certificate yet" };
  return undefined;
}

/** 1.6: takes effect on a line that is opened anew. False = it cannot be had. */
export function takeProfile16(line: Line, text: string): boolean {
  const profile = Number(text);
  if (!/^[0-3]$/.test(text) || whyNoProfile(line, profile) !== undefined) return false;
  if (profile !== securityProfile(line)) line.credentials.setUpgrade({ slot: ownSlot + 1, state: "wanted" });
  return true;
}

/** 2.x: `text` = slots, the one that is wanted first. The answer is a reason code against it. */
export function takePriority(
  { credentials }: { readonly credentials: KeptCredentials },
  text: string,
): string | undefined {
  const slots = text.split(",").map((slot) => (/^\d{1,9}$/.test(slot.trim()) ? Number(slot) : Number.NaN));
  const known = networkSlots({ credentials });
  if (!slots.every((slot) => known.includes(slot)) || new Set(slots).size < slots.length) return "InvalidNetworkConf";
  const { upgrade } = credentials;
  if (upgrade === null || (slots[0] === ownSlot && upgrade.state === "offered")) return undefined;
  if (slots[0] === ownSlot && upgrade.state === "worked") return "NoSecurityDowngrade";
  if (upgrade.state !== "worked")
    credentials.setUpgrade({ ...upgrade, state: slots[0] === ownSlot ? "offered" : "wanted" });
  return undefined;
}

const profileAsked = z.object({
  configurationSlot: wholeNumberSchema,
  connectionData: z.object({
    ocppTransport: textSchema(20),
    ocppCsmsUrl: textSchema(2000),
    securityProfile: countSchema,
    identity: textSchema(48).optional(),
    basicAuthPassword: textSchema(64).optional(),
    apn: z.unknown().optional(),
    vpn: z.unknown().optional(),
  }),
});

const withoutSlash = (url: string): string => url.replace(/\/$/, "");

/** SetNetworkProfile (2.x: B09): the same CSMS by another security profile, or with another password. */
export function networkProfiles(context: RequestContext): Handlers {
  const { uplink, config, credentials } = context;
  const refused = (reasonCode: string, why: string): object => ({
    status: "Rejected",
    ...statusInfoOf(reasonCode, why),
  });
  return {
    SetNetworkProfile: (payload) => {
      const { configurationSlot: slot, connectionData: asked } = readRequest(profileAsked, payload);
      if (slot < 0 || (slot === ownSlot && asked.securityProfile !== securityProfile(context)))
        return refused("InvalidConfSlot", `slot ${ownSlot} is that of the config file`);
      if (withoutSlash(asked.ocppCsmsUrl) !== withoutSlash(uplink.url) || asked.ocppTransport !== "JSON")
        return refused("InvalidNetworkConf", "the address of the CSMS stands in the config file");
      if ((asked.identity ?? uplink.identity ?? config.station.id) !== (uplink.identity ?? config.station.id))
        return refused("InvalidNetworkConf", "the identity stands in the config file");
      if (asked.apn !== undefined || asked.vpn !== undefined)
        return refused("InvalidNetworkConf", "this station sets up no network of its own");
      const against = whyNoProfile(context, asked.securityProfile);
      if (against !== undefined) return refused(against.code, against.why);
      const wrong = asked.basicAuthPassword === undefined ? undefined : takePassword(context, asked.basicAuthPassword);
      if (wrong !== undefined) return refused(wrong, "the password cannot be used");
      if (asked.securityProfile !== securityProfile(context)) credentials.setUpgrade({ slot, state: "offered" });
      return { status: "Accepted" };
    },
  };
}
