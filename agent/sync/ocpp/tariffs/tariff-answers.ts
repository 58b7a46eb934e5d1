// Tariffs by the word of a CSMS (OCPP 2.1, I07 and I09 to I11): for sessions to come. The price in force at the start
// governs a session to its end, so that no price changes under a driver's hands: a change of a running session's tariff
// is always refused.
import { z } from "zod";
import type { Tariff } from "../../../core/tariff/tariff.js";
import type { PushedTariff } from "../../../tariffs/pushed-tariffs.js";
import { evsePlace, type RequestContext, reasonCode } from "../requests/request-context.js";
import { countSchema, listOf, readRequest, statusInfoOf, textSchema } from "../requests/request-schemas.js";
import { CallError } from "../rpc/frame.js";
import type { Handlers } from "../rpc/rpc.js";
import { placeOfTariff, sameTariff } from "./given-tariff.js";
import { tariffFromOcpp } from "./tariff-translation.js";
import { tariffType } from "./tariff-type.js";

const setAsked = z.object({ evseId: countSchema, tariff: tariffType });
const getAsked = z.object({ evseId: countSchema });
const clearAsked = z.object({ tariffIds: listOf(textSchema(60)).optional(), evseId: countSchema.optional() });
const changeAsked = z.object({ transactionId: textSchema(36), tariff: tariffType });

export function tariffAnswers(context: RequestContext): Handlers {
  const ifOn =
    (answer: (context: RequestContext, payload: unknown) => object) =>
    (payload: unknown): object => {
      if (!context.settings.tariffs) throw new CallError("NotSupported", "TariffCostCtrlr.Enabled[Tariff] is false");
      return answer(context, payload);
    };
  return {
    SetDefaultTariff: ifOn(setDefaultTariff),
    GetTariffs: ifOn(getTariffs),
    ClearTariffs: ifOn(clearTariffs),
    ChangeTransactionTariff: ifOn(changeTransactionTariff),
  };
}

/** The tariffs that this CSMS has set at connectors. */
const defaultTariffs = ({ remote, link }: RequestContext): readonly PushedTariff[] =>
  remote.tariffs().filter(({ by, connector }) => by === link.uplink && connector !== undefined);

function setDefaultTariff(context: RequestContext, payload: unknown): object {
  const { remote, config } = context;
  const { evseId, tariff: given } = readRequest(setAsked, payload);
  const place = evsePlace(context, { id: evseId });
  if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
  const { chargeReservations } = context.uplink;
  const translated = tariffFromOcpp(given, { ...placeOfTariff(context, place.connector), chargeReservations });
  if (!translated.ok) {
    const { status, why } = translated;
    return { status, ...statusInfoOf(status === "TooManyElements" ? "TooManyElements" : "UnsupportedParam", why) };
  }
  const known = remote.tariffs().filter(({ tariff }) => tariff.id === translated.tariff.id);
  if (known.some(({ tariff }) => !sameTariff(tariff, translated.tariff))) return { status: "DuplicateTariffId" };
  const connectors = config.connectors.map(({ id }) => id);
  const { connector } = place;
  return install(
    context,
    translated.tariff,
    connectors.filter((id) => connector === null || id === connector),
  );
}

function getTariffs(context: RequestContext, payload: unknown): object {
  const place = evsePlace(context, { id: readRequest(getAsked, payload).evseId });
  if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
  const assignments = [...defaultAssignments(context, place.connector), ...driverAssignments(context, place.connector)];
  return assignments.length === 0 ? { status: "NoTariff" } : { status: "Accepted", tariffAssignments: assignments };
}

/** By tariff: at which EVSEs it stands. `asked` null = all. */
function defaultAssignments(context: RequestContext, asked: number | null): object[] {
  const set = defaultTariffs(context).filter(
    ({ connector }) => asked === null || connector === null || connector === asked,
  );
  return [...new Set(set.map(({ tariff }) => tariff.id))].map((tariffId) => {
    const rows = set.filter(({ tariff }) => tariff.id === tariffId);
    const startMs = rows[0]?.tariff.startMs;
    const evseIds = context.config.connectors
      .map(({ id }) => id)
      .filter((id) => rows.some(({ connector }) => connector === null || connector === id))
      .filter((id) => asked === null || id === asked);
    return {
      tariffId,
      tariffKind: "DefaultTariff",
      ...(startMs === undefined ? {} : { validFrom: new Date(startMs).toISOString() }),
      evseIds,
    };
  });
}

/** Of drivers' own tariffs those are told by which a session of theirs runs. */
function driverAssignments({ feed, link }: RequestContext, asked: number | null): object[] {
  return [...feed.stationState().sessions].flatMap(([connector, session]) => {
    const acceptance = "sale" in session ? session.sale.opening.acceptance : undefined;
    if (acceptance?.tariff === undefined || acceptance.by !== link.uplink) return [];
    if (asked !== null && connector !== asked) return [];
    const { tariff: tariffId, token } = acceptance;
    return [{ tariffId, tariffKind: "DriverTariff", evseIds: [connector], idTokens: [token.uid] }];
  });
}

function clearTariffs(context: RequestContext, payload: unknown): object {
  const { remote, link } = context;
  const { tariffIds, evseId } = readRequest(clearAsked, payload);
  const place = evsePlace(context, evseId === undefined ? undefined : { id: evseId });
  const there =
    place === undefined
      ? []
      : defaultTariffs(context).filter(({ connector }) => place.connector === null || connector === place.connector);
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
}

function changeTransactionTariff({ link, feed }: RequestContext, payload: unknown): object {
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
