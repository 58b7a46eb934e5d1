// What an OCPI backend says of its own addresses, beside those of the config: asked only where the config names its
// versions endpoint.
import type { Config } from "../../../config/schema.js";
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import { SystemClock } from "../../../drivers/clock.js";
import type { Clock } from "../../../drivers/driver.js";
import { Failure } from "../../core/failure.js";
import { askVersions, type NamedEndpoint } from "../../sync/ocpi/ocpi-versions.js";

/** What was compared for an uplink; `trouble` where it is not well. */
export type AddressFinding = {
  readonly uplink: string;
  readonly value: string;
  readonly trouble?: { readonly why: string; readonly fix: string };
};

/** One for each OCPI uplink that names a versions endpoint, or one for each of its addresses that differs. */
export async function compareAddresses(
  { uplinks, station }: Pick<Config, "uplinks" | "station">,
  openClock: () => Promise<Clock & { close?(): void }> = () => SystemClock.open(),
): Promise<AddressFinding[]> {
  const asked = uplinks.flatMap((uplink) =>
    uplink.kind === "ocpi" && uplink.versionsUrl !== undefined ? [{ uplink, versionsUrl: uplink.versionsUrl }] : [],
  );
  if (asked.length === 0) return [];
  const clock = await openClock();
  try {
    const found: AddressFinding[] = [];
    for (const { uplink, versionsUrl } of asked) found.push(...(await compareOne(uplink, versionsUrl, station, clock)));
    return found;
  } finally {
    clock.close?.();
  }
}

async function compareOne(
  uplink: OcpiUplinkConfig,
  versionsUrl: string,
  station: Config["station"],
  clock: Clock,
): Promise<AddressFinding[]> {
  const found = { uplink: uplink.name, value: `OCPI ${uplink.version} at ${versionsUrl}` };
  const troubled = (why: string, fix: string): AddressFinding[] => [{ ...found, trouble: { why, fix } }];
  try {
    const answer = await askVersions(uplink, versionsUrl, station, clock);
    if (!answer.ok) return troubled(answer.words, answer.fix ?? "check versionsUrl");
    const wrong = answer.endpoints.flatMap((endpoint) => differing(uplink.name, endpoint));
    return wrong.length > 0 ? wrong : [{ ...found, value: `${found.value}: its addresses are the config's` }];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return troubled(error.message, "correct it in the config");
  }
}

/** An address that both name and that differs, or that the config has and the backend does not know. */
function differing(uplink: string, { module, key, configured, named }: NamedEndpoint): AddressFinding[] {
  if (configured === undefined || (named !== undefined && isSame(configured, named))) return [];
  const trouble =
    named === undefined
      ? { why: `the backend names no endpoint for ${module}`, fix: "ask the backend for that address" }
      : { why: `the backend names ${named} for ${module}`, fix: `set ${key}: ${named}` };
  return [{ uplink, value: `${key} ${configured}`, trouble }];
}

/** As a server would read them: a slash at the end tells no two addresses apart. */
function isSame(configured: string, named: string): boolean {
  const plain = (text: string): string => new URL(text).href.replace(/\/+$/, "");
  return plain(configured) === plain(named);
}
