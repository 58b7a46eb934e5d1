// Tariffs by the word of a CSMS (OCPP 2.1, I07 and I09 to I11): for sessions to come. The price in force at the start
// governs a session to its end, so that no price changes under a driver's hands: a change of a running session's tariff
// is always refused.

import { z } from "zod";
import { canonicalText } from "../../../core/json/json-text.js";
import type { Tariff } from "../../../core/tariff/tariff.js";
import { evsePlace, type RequestContext, reasonCode } from "../requests/request-context.js";
import { countSchema, listOf, readRequest, statusInfoOf, textSchema } from "../requests/request-schemas.js";
import { CallError } from "../rpc/frame.js";
import type { Handlers } from "../rpc/rpc.js";
import { tariffFromOcpp } from "./tariff-translation.js";
import { tariffType } from "./tariff-type.js";

const setAsked = z.object({ evseId: countSchema, tariff: tariffType });
const getAsked = z.object({ evseId: countSchema });
const clearAsked = z.object({ tariffIds: listOf(textSchema(60)).optional(), evseId: countSchema.optional() });
const changeAsked = z.object({ transactionId: textSchema(36), tariff: tariffType });

export function tariffAnswers(context: RequestContext): Handlers {
  const { link, remote, feed, config, settings } = context;
  const own = () => remote.tariffs().filter(({ by, connector }) => by === link.uplink && connector !== undefined);
  const onlyIfOn = (): void => {
    if (!settings.tariffs) throw new CallError("NotSupported", "TariffCostCtrlr.Enabled[Tariff] is false");
  };
  return {
    SetDefaultTariff: (payload) => {
      onlyIfOn();
      const { evseId, tariff: given } = readRequest(setAsked, payload);
      const place = evsePlace(context, { id: evseId });
      if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
      const translated = tariffFromOcpp(given, {
        countryCode: config.station.countryCode,
        partyId: config.station.partyId,
        kind: kindOf(context, place.connector),
        lastUpdated: new Date(context.now()).toISOString(),
      });
      if (!translated.ok)
        return {
          status: translated.status,
          ...statusInfoOf(
            translated.status === "TooManyElements" ? "TooManyElements" : "UnsupportedParam",
            translated.why,
          ),
        };
      const known = remote.tariffs().filter(({ tariff }) => tariff.id === translated.tariff.id);
      if (known.some(({ tariff }) => !sameTariff(tariff, translated.tariff))) return { status: "DuplicateTariffId" };
      const targets = config.connectors.flatMap(({ id }) =>
        place.connector === null || id === place.connector ? [id] : [],
      );
      return install(context, translated.tariff, targets);
    },
    GetTariffs: (payload) => {
      onlyIfOn();
      const place = evsePlace(context, { id: readRequest(getAsked, payload).evseId });
      if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
      const at = (connector: number | null | undefined): boolean =>
        place.connector === null || connector === null || connector === place.connector;
      const set = own().filter(({ connector }) => at(connector));
      const assignments = [
        ...[...new Set(set.map(({ tariff }) => tariff.id))].map((tariffId) => {
          const rows = set.filter(({ tariff }) => tariff.id === tariffId);
          const startMs = rows[0]?.tariff.startMs;
          const evseIds = config.connectors.flatMap(({ id }) =>
            rows.some(({ connector }) => connector === null || connector === id) &&
            (place.connector === null || id === place.connector)
              ? [id]
              : [],
          );
          return {
            tariffId,
            tariffKind: "DefaultTariff",
            ...(startMs === undefined ? {} : { validFrom: new Date(startMs).toISOString() }),
            evseIds,
          };
        }),
        // Of drivers' own tariffs those are told by which a session of theirs runs.
        ...[...feed.stationState().sessions].flatMap(([connector, session]) => {
          const acceptance = "sale" in session ? session.sale.opening.acceptance : undefined;
          if (acceptance?.tariff === undefined || acceptance.by !== link.uplink || !at(connector)) return [];
          return [
            {
              tariffId: acceptance.tariff,
              tariffKind: "DriverTariff",
              evseIds: [connector],
              idTokens: [acceptance.token.uid],
            },
          ];
        }),
      ];
      return assignments.length === 0 ? { status: "NoTariff" } : { status: "Accepted", tariffAssignments: assignments };
    },
    ClearTariffs: (payload) => {
      onlyIfOn();
      const { tariffIds, evseId } = readRequest(clearAsked, payload);
      const place = evsePlace(context, evseId === undefined ? undefined : { id: evseId });
      const there =
        place === undefined
          ? []
          : own().filter(({ connector }) => place.connector === null || connector === place.connector);
      const wanted = tariffIds ?? [...new Set(there.map(({ tariff }) => tariff.id))];
      const cleared = there.filter(({ tariff }) => wanted.includes(tariff.id));
      const answer = cleared.length === 0 ? undefined : remote.changeTariffs({ cleared, added: [] }, link.uplink);
      const results = wanted.map((tariffId) => {
        if (answer === undefined || !cleared.some(({ tariff }) => tariff.id === tariffId))
          return { tariffId, status: "NoTariff" };
        return answer.accepted
          ? { tariffId, status: "Accepted" }
          : { tariffId, status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
      });
      return { clearTariffsResult: results.length > 0 ? results : [{ status: "NoTariff" }] };
    },
    ChangeTransactionTariff: (payload) => {
      onlyIfOn();
      const { transactionId, tariff } = readRequest(changeAsked, payload);
      const session = link.sessionOf(transactionId);
      const running = [...feed.stationState().sessions.values()].find(
        (one) => "sale" in one && one.sale.opening.id === session,
      );
      if (running === undefined || !("sale" in running)) return { status: "TxNotFound" };
      if (running.sale.opening.tariff.currency !== tariff.currency) return { status: "NoCurrencyChange" };
      return {
        status: "Rejected",
        ...statusInfoOf("TxStarted", "the price in force at the start governs the session to its end"),
      };
    },
  };
}

/** The same prices and conditions; when it was sent is no part of them. */
function sameTariff(a: Tariff, b: Tariff): boolean {
  const text = ({ source: { last_updated: _, ...rest } }: Tariff): string => canonicalText(rest);
  return text(a) === text(b);
}

function kindOf({ config }: Pick<RequestContext, "config">, connector: number | null): "AC" | "DC" | "mixed" {
  const kinds = new Set(
    config.connectors
      .filter(({ id }) => connector === null || id === connector)
      .map(({ powerType }) => (powerType === "DC" ? "DC" : "AC")),
  );
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? kind : "mixed";
}

/**
 * Sets a tariff at each of these connectors (evseId 0 is every one of them, I07), all or none. One that is in force
 * from now on takes the place of what was in force there; one of a later hour waits beside it. Where the same tariff
 * stands already nothing changes.
 */
function install(
  { remote, link, settings, now }: RequestContext,
  tariff: Tariff,
  connectors: readonly number[],
): object {
  const own = remote
    .tariffs()
    .filter(
      ({ by, connector }) => by === link.uplink && typeof connector === "number" && connectors.includes(connector),
    );
  const missing = connectors.filter((id) => !own.some((row) => row.tariff.id === tariff.id && row.connector === id));
  const isDue = (one: Tariff): boolean => (one.startMs ?? 0) <= now();
  const cleared = isDue(tariff) ? own.filter((row) => row.tariff.id !== tariff.id && isDue(row.tariff)) : [];
  if (missing.length + cleared.length === 0) return { status: "Accepted" };
  const answer = remote.changeTariffs(
    { cleared, added: missing.map((connector) => ({ tariff, connector, by: link.uplink })) },
    link.uplink,
  );
  if (!answer.accepted) return { status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
  settings.rememberTariff(tariff.id);
  return { status: "Accepted" };
}

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
  const { remote, link, config } = context;
  const translated = tariffFromOcpp(asked.data, {
    countryCode: config.station.countryCode,
    partyId: config.station.partyId,
    kind: kindOf(context, null),
    lastUpdated: new Date(context.now()).toISOString(),
  });
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
