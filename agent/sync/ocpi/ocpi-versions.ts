// What a backend says of its own addresses (OCPI 2.2.1 and 2.3.0, mod_versions): the list of versions, and the endpoints
// of the one that is spoken. Asked by a technician, never by the agent: the addresses of the config are the ones in use.
import { z } from "zod";
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { OcpiLine, type OcpiParty } from "./ocpi-line.js";
import { answerWords, envelopeOf, shownAddress, whyLost, wrongToken } from "./ocpi-verdict.js";

/** An address of one module, from the config's side and from the backend's; undefined = it names none. */
export type NamedEndpoint = {
  readonly module: string;
  readonly key: (typeof modules)[number][2];
  readonly configured: string | undefined;
  readonly named: string | undefined;
};

export type VersionsAnswer =
  | { readonly ok: true; readonly endpoints: readonly NamedEndpoint[] }
  /** `fix` where it is not the address alone that is wrong. */
  | { readonly ok: false; readonly words: string; readonly fix?: string };

/** For both requests, each. */
const longestWaitMs = 10_000;

const address = z.url({ protocol: /^https?$/ }).max(255);
const versionList = z.array(z.looseObject({ version: z.string(), url: address }));
const versionDetails = z.looseObject({
  version: z.string(),
  endpoints: z.array(z.looseObject({ identifier: z.string(), role: z.string(), url: address })),
});

/** The modules that a station uses, with the side on which the backend offers each. */
const modules = [
  ["cdrs", "RECEIVER", "url"],
  ["tokens", "SENDER", "tokensUrl"],
  ["tariffs", "SENDER", "tariffsUrl"],
  ["sessions", "RECEIVER", "sessionsUrl"],
  ["locations", "RECEIVER", "locationsUrl"],
] as const;

/** Asks a backend for its versions and for the endpoints of the one that the uplink speaks. Never rejects. */
export async function askVersions(
  config: OcpiUplinkConfig,
  versionsUrl: string,
  from: OcpiParty,
  clock: Clock,
): Promise<VersionsAnswer> {
  const start = new URL(versionsUrl);
  const line = new OcpiLine(config, from, start, clock);
  try {
    const list = await askOne(line, config, start, versionList);
    if (!list.ok) return list;
    const found = list.data.find(({ version }) => version === config.version);
    if (found === undefined) {
      const offered = list.data.map(({ version }) => version).join(", ");
      return { ok: false, words: `it does not offer OCPI ${config.version}, but: ${offered}`, fix: "set version" };
    }
    const details = new URL(found.url);
    // The token goes where the config says, and nowhere else.
    if (details.origin !== start.origin)
      return { ok: false, words: `its endpoints stand at ${details.origin}, where the token is not sent` };
    const answer = await askOne(line, config, details, versionDetails);
    if (!answer.ok) return answer;
    return {
      ok: true,
      endpoints: modules.map(([module, role, key]) => ({
        module,
        key,
        configured: config[key],
        named: answer.data.endpoints.find((one) => one.identifier === module && one.role === role)?.url,
      })),
    };
  } finally {
    line.close();
  }
}

type Answer<T> = { readonly ok: true; readonly data: T } | Extract<VersionsAnswer, { readonly ok: false }>;

async function askOne<T>(line: OcpiLine, config: OcpiUplinkConfig, url: URL, schema: z.ZodType<T>): Promise<Answer<T>> {
  const token = line.ready();
  if (typeof token !== "string") return { ok: false, words: token.why };
  const answer = await line.ask(
    { method: "GET", url, headers: {}, timeoutMs: Math.min(longestWaitMs, config.timeout) },
    token,
    new AbortController().signal,
  );
  if (answer.kind === "lost") return { ok: false, words: whyLost(answer, url).words };
  const envelope = envelopeOf(answer.body);
  const words = answerWords(answer, envelope);
  if (answer.status === 401 || answer.status === 403) {
    const tokenLooksEncoded = line.looksEncoded(token);
    return {
      ok: false,
      words: `${wrongToken({ tokenFile: config.tokenFile, tokenLooksEncoded })} (${words})`,
      fix: `write the backend's token into ${config.tokenFile}`,
    };
  }
  const read = schema.safeParse(envelope?.data);
  if (answer.status !== 200 || envelope === undefined || envelope.code >= 2000 || !read.success)
    return { ok: false, words: `${shownAddress(url)} is not an OCPI versions endpoint (${words})` };
  return { ok: true, data: read.data };
}
