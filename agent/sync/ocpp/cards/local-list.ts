// The list of cards that a CSMS keeps at the station (2.x: D01 and D02; 1.6: 5.15 and 5.10).

import { z } from "zod";
import { type ListedCard, mostListedCards, type RemoteAnswer } from "../../station-port.js";
import { isPrintable, type RequestContext, reasonCode, usableGroup } from "../requests/request-context.js";
import {
  idTokenSchema,
  instantSchema,
  readRequest,
  statusInfoOf,
  textSchema,
  wholeNumberSchema,
} from "../requests/request-schemas.js";
import type { Handlers } from "../rpc/rpc.js";

/**
 * Entries of one SendLocalList that surely fit into a frame, with all that an entry may bear: ItemsPerMessage,
 * SendLocalListMaxLength.
 */
export const mostPerMessage = 2_000;
const longestGroup = 36;
const longestToken = 36;

const update = z.enum(["Differential", "Full"]);
const rows = <Schema extends z.ZodType>(schema: Schema) => z.array(schema).max(mostListedCards).default([]);

/** A row in the words of either dialect; `status` undefined = take it out. */
type Row = {
  readonly idToken: string;
  readonly status: string | undefined;
  readonly expiresMs?: number | undefined;
  readonly group?: string | undefined;
  readonly connectors?: readonly number[] | undefined;
};
type Sent = { readonly version: number; readonly full: boolean; readonly rows: readonly Row[] };
type Change = ListedCard | { readonly uid: string; readonly remove: true };

export function localList(context: RequestContext): Handlers {
  const asked = z.object({
    versionNumber: wholeNumberSchema,
    updateType: update,
    localAuthorizationList: rows(
      z.object({
        idToken: idTokenSchema,
        idTokenInfo: z
          .object({
            status: textSchema(20),
            cacheExpiryDateTime: instantSchema.optional(),
            groupIdToken: idTokenSchema.optional(),
            evseId: z.array(wholeNumberSchema).optional(),
          })
          .optional(),
      }),
    ),
  });
  return {
    GetLocalListVersion: () => ({ versionNumber: context.cards.listVersion(context.link.uplink) }),
    SendLocalList: (payload) => {
      const { versionNumber: version, updateType, localAuthorizationList } = readRequest(asked, payload);
      const list = localAuthorizationList.map(
        ({ idToken: token, idTokenInfo: info }): Row => ({
          idToken: token.idToken,
          status: info?.status,
          expiresMs: info?.cacheExpiryDateTime,
          group: info?.groupIdToken?.idToken,
          connectors: info?.evseId,
        }),
      );
      const { status, reason } = take(context, { version, full: updateType === "Full", rows: list });
      return { status, ...(reason === undefined ? {} : statusInfoOf(...reason)) };
    },
  };
}

export function localList16(context: RequestContext): Handlers {
  const asked = z.object({
    listVersion: wholeNumberSchema,
    updateType: update,
    localAuthorizationList: rows(
      z.object({
        idTag: textSchema(20),
        idTagInfo: z
          .object({
            status: textSchema(20),
            expiryDate: instantSchema.optional(),
            parentIdTag: textSchema(20).optional(),
          })
          .optional(),
      }),
    ),
  });
  return {
    GetLocalListVersion: () => ({ listVersion: context.cards.listVersion(context.link.uplink) }),
    SendLocalList: (payload) => {
      const { listVersion: version, updateType, localAuthorizationList } = readRequest(asked, payload);
      const list = localAuthorizationList.map(
        ({ idTag, idTagInfo: info }): Row => ({
          idToken: idTag,
          status: info?.status,
          expiresMs: info?.expiryDate,
          group: info?.parentIdTag,
        }),
      );
      return { status: take(context, { version, full: updateType === "Full", rows: list }).status };
    },
  };
}

type Taken = {
  readonly status: "Accepted" | "Failed" | "VersionMismatch";
  readonly reason?: readonly [code: string, words?: string];
};

function take(context: RequestContext, { version, full, rows: list }: Sent): Taken {
  const { cards, link, note } = context;
  if (version < 1) return { status: "Failed", reason: ["ValuePositiveOnly", "a list has a version of 1 or more"] };
  if (!full && version <= cards.listVersion(link.uplink)) return { status: "VersionMismatch" };
  const uids = list.map(({ idToken: token }) => token.toUpperCase());
  if (new Set(uids).size < uids.length)
    return { status: "Failed", reason: ["InvalidValue", "a token appears twice in the list"] };
  const changes = list.flatMap((row) => changeOf(context, row) ?? []);
  if (changes.length < list.length)
    note(
      `${list.length - changes.length} of ${list.length} tokens of the list are no ` +
        `printable text of at most ${longestToken} characters and were left out`,
    );
  const answer: RemoteAnswer = full
    ? cards.replaceList(
        link.uplink,
        version,
        changes.filter((change): change is ListedCard => !("remove" in change)),
      )
    : cards.changeList(link.uplink, version, changes);
  return answer.accepted ? { status: "Accepted" } : { status: "Failed", reason: [reasonCode[answer.code], answer.why] };
}

/** Undefined for a token that no reader can show and no record can name. Tokens do not tell upper from lower case. */
function changeOf(
  { config }: RequestContext,
  { idToken: token, status, expiresMs, group, connectors }: Row,
): Change | undefined {
  const uid = token.toUpperCase();
  if (!isPrintable(uid) || uid.length > longestToken) return undefined;
  // A card for some connectors alone is asked about online, as if it stood in no list.
  const isPartial = connectors !== undefined && config.connectors.some(({ id }) => !connectors.includes(id));
  if (status === undefined || isPartial) return { uid, remove: true };
  return {
    uid,
    contractId: token,
    status: status === "Accepted" ? "ALLOWED" : status === "Expired" ? "EXPIRED" : "BLOCKED",
    ...(group === undefined || group.length > longestGroup ? {} : usableGroup(group)),
    ...(expiresMs === undefined ? {} : { expires: new Date(expiresMs).toISOString() }),
  };
}
