// A backend that is asked about a card over OCPI: real-time authorization (2.2.1 mod_tokens, POST
// {token_uid}/authorize).
import { z } from "zod";
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import type { OnlineAnswer } from "../../core/cdr/token.js";
import { shortLine } from "../../core/words/printable.js";
import type { OnlineCheck } from "../station-port.js";
import { OcpiLine, type OcpiParty } from "./ocpi-line.js";
import { readToken, sessionTokenOf } from "./ocpi-token.js";
import { envelopeOf } from "./ocpi-verdict.js";

export type OcpiCheckParts = {
  readonly config: OcpiUplinkConfig;
  readonly tokensUrl: string;
  readonly from: OcpiParty;
  readonly clock: Clock;
  readonly locationId: string;
  /** The EVSE's uid at the backend. */
  readonly evseUid: (connector: number) => string | undefined;
  readonly timeoutMs: number;
};

const authorization = z.looseObject({
  allowed: z.enum(["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]),
  token: z.unknown(),
  location: z.looseObject({ location_id: z.string(), evse_uids: z.array(z.string()).nullish() }).nullish(),
  authorization_reference: z.string().max(36).nullish(),
  info: z.looseObject({ text: z.string() }).nullish(),
});
const longestInfo = 100;
/** OCPI: Unknown Token. */
const unknownToken = 2004;

export class OcpiCheck implements OnlineCheck {
  readonly name: string;
  readonly #parts: OcpiCheckParts;
  readonly #line: OcpiLine;
  /** Tokens are judged at this address: somebody there knew one. */
  #hasAnswered = false;

  /** Throws Failure config/invalid where the token would travel in the open. */
  constructor(parts: OcpiCheckParts) {
    this.name = parts.config.name;
    this.#parts = parts;
    this.#line = new OcpiLine(parts.config, parts.from, new URL(parts.tokensUrl), parts.clock);
  }

  /** Undefined = no answer that can be believed. */
  ask(uid: string, connector: number | null, signal: AbortSignal): Promise<OnlineAnswer | undefined> {
    return this.#parts.clock.busy(this.#ask(uid, connector, signal));
  }

  close(): void {
    this.#line.close();
  }

  async #ask(uid: string, connector: number | null, signal: AbortSignal): Promise<OnlineAnswer | undefined> {
    const token = this.#line.ready();
    if (typeof token !== "string") return undefined;
    const evseUid = connector === null ? undefined : this.#parts.evseUid(connector);
    const url = new URL(this.#parts.tokensUrl);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${encodeURIComponent(uid)}/authorize`;
    url.searchParams.set("type", "RFID");
    const body = JSON.stringify({
      location_id: this.#parts.locationId,
      ...(evseUid === undefined ? {} : { evse_uids: [evseUid] }),
    });
    const answer = await this.#line.ask(
      { method: "POST", url, body, headers: { "Content-Type": "application/json" }, timeoutMs: this.#parts.timeoutMs },
      token,
      signal,
    );
    if (answer.kind === "lost") return undefined;
    const envelope = envelopeOf(answer.body);
    // The standard asks for both, HTTP 404 and OCPI 2004; backends are seen to give one of them. A 404 without a word of
    // OCPI, or with that of a server's failure, may be a wrong address, until this one has answered for another token.
    if (answer.status === 404 && (this.#hasAnswered || (envelope !== undefined && envelope.code < 3000)))
      return { allowed: "NOT_KNOWN" };
    if (envelope === undefined) return undefined;
    if (envelope.code === unknownToken) return { allowed: "NOT_KNOWN" };
    if (answer.status !== 200 || envelope.code >= 2000) return undefined;
    const read = authorization.safeParse(envelope.data);
    if (!read.success) return undefined;
    this.#hasAnswered = true;
    return answerOf(read.data, this.#parts.locationId, evseUid);
  }
}

function answerOf(
  { allowed, token, location, authorization_reference, info }: z.infer<typeof authorization>,
  locationId: string,
  evseUid: string | undefined,
): OnlineAnswer | undefined {
  const said = shortLine(info?.text ?? "", longestInfo);
  const words = said === "" ? {} : { info: said };
  if (allowed !== "ALLOWED") return { allowed, ...words };
  // Where the answer names places, the driver may charge there and nowhere else.
  const elsewhere =
    location != null &&
    (location.location_id !== locationId ||
      (evseUid !== undefined &&
        location.evse_uids != null &&
        location.evse_uids.length > 0 &&
        !location.evse_uids.includes(evseUid)));
  if (elsewhere) return { allowed: "NOT_ALLOWED", ...words };
  const read = readToken(token);
  // Without a token there is nobody to send the bill to.
  if (!read.ok) return undefined;
  const owner = read.token;
  if (!owner.valid) return { allowed: "BLOCKED", ...words };
  return {
    allowed: "ALLOWED",
    token: sessionTokenOf(owner),
    ...(owner.group_id == null ? {} : { group: owner.group_id }),
    ...(authorization_reference == null ? {} : { authorizationReference: authorization_reference }),
    ...(owner.whitelist === "NEVER" || owner.whitelist === "ALLOWED_OFFLINE" ? { once: true } : {}),
    ...words,
  };
}
