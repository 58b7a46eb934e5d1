// A driver's own tariff, which a CSMS gives with its word about a token (2.1, I08).
import type { RequestContext } from "../requests/request-context.js";
import { placeOfTariff, sameTariff } from "./given-tariff.js";
import { tariffFromOcpp } from "./tariff-translation.js";
import { tariffType } from "./tariff-type.js";

/**
 * The tariff that came with the CSMS's word about a token (2.1, I08), kept for sessions that name it. Its id, or
 * undefined where it cannot be priced exactly or is another one than the station knows by that id: then no session may
 * be sold by it.
 */
export function takeDriverTariff(
  context: Pick<RequestContext, "link" | "remote" | "config" | "settings" | "feed" | "now">,
  given: unknown,
): string | undefined {
  const asked = tariffType.safeParse(given);
  if (!asked.success || !context.settings.tariffs) return undefined;
  const { remote, link } = context;
  const translated = tariffFromOcpp(asked.data, placeOfTariff(context, null));
  if (!translated.ok) return undefined;
  const { tariff } = translated;
  const known = remote.tariffs().filter((row) => row.tariff.id === tariff.id);
  if (known.some((row) => !sameTariff(row.tariff, tariff))) return undefined;
  if (known.some(({ connector, by }) => connector === undefined && by === link.uplink)) return tariff.id;
  const isKept =
    remote.setTariff(tariff, undefined, link.uplink).accepted ||
    (makeRoom(context) && remote.setTariff(tariff, undefined, link.uplink).accepted);
  if (!isKept) return undefined;
  context.settings.rememberTariff(tariff.id);
  return tariff.id;
}

/** Lets go of the oldest driver's tariff that no session runs by; false where there is none. */
function makeRoom({ remote, link, feed }: Pick<RequestContext, "remote" | "link" | "feed">): boolean {
  const used = new Set(
    [...feed.stationState().sessions.values()].map((session) =>
      "sale" in session
        ? session.sale.opening.acceptance.tariff
        : session.state === "starting"
          ? session.acceptance.tariff
          : undefined,
    ),
  );
  const rows = remote.tariffs();
  const oldest = rows.find(
    ({ connector, by, tariff }) =>
      connector === undefined &&
      by === link.uplink &&
      !used.has(tariff.id) &&
      rows.filter((row) => row.tariff.id === tariff.id).length === 1,
  );
  return oldest !== undefined && remote.clearTariff(oldest.tariff.id, link.uplink).accepted;
}
