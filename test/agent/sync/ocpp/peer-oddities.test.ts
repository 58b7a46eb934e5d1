// Whatever a backend does to one message of a session, at its begin, in its middle or at its end, in each version: the
// session is told or parked for a stated reason, and no other one waits for it longer than its bounded tries.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Dialect } from "../../../../agent/sync/ocpp/rpc/frame.js";
import type { Oddity } from "../../../../agent/sync/oddities.js";
import { lossesBeforePoison } from "../../../../agent/sync/outbox-doubt.js";
import { settlement } from "../../../support/sample-receipt.js";
import { letGo, type OpenUplink, ocppConfig, openUplink, type World, world } from "../../../support/sync/ocpp-bench.js";
import { type Asked, closeLoose, type LooseAnswer, LooseCsms } from "../../../support/sync/oddities/loose-csms.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";

const test = suite("a backend's oddities at one message");
test.after.each(async () => {
  await letGo();
  await closeLoose();
});

type Place = "first" | "middle" | "last";
type Kind = {
  readonly name: string;
  readonly places?: readonly Place[];
  readonly dialects?: readonly Dialect[];
  /** Undefined = well. `times` = how often the message was asked before. */
  readonly answer: (payload: Asked["payload"], times: number) => LooseAnswer | undefined;
  /** The line is lost by it, again and again. */
  readonly losesLine?: true;
  /** Why the session is parked; undefined = it is told. */
  readonly parked: (place: Place) => RegExp | undefined;
  /** What is counted of it. */
  readonly counted?: readonly Oddity[];
  /** The station answers what the backend asks under these ids, as they came; undefined = that is not looked at. */
  readonly repliesTo?: readonly (string | number)[];
};

const dialects: readonly Dialect[] = ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"];
const places: readonly Place[] = ["first", "middle", "last"];

const told = (): undefined => undefined;
/** What is lost of the middle of a session is no reason to keep back its end. */
const poison = (place: Place): RegExp | undefined =>
  place === "middle" ? undefined : /failed on this receipt 5 times or more .*, but answered to receipt \d+/;

const error = (code: string): Kind["answer"] => (() => ({ error: code })) as Kind["answer"];
const holds = (value: unknown, name: string): boolean => JSON.stringify(value).includes(`"${name}"`);

/** What a well answer has, with a time in it that names no zone. */
const zoneless = ({ connectorId, idTag }: Asked["payload"]): LooseAnswer => ({
  result: {
    idTagInfo: { status: "Accepted", expiryDate: "2099-01-01T00:00:00" },
    idTokenInfo: { status: "Accepted", cacheExpiryDateTime: "2099-01-01T00:00:00.5" },
    ...(connectorId === undefined || idTag === undefined ? {} : { transactionId: 900 }),
  },
});
/** Of a call that the backend makes in the middle of ours: longer than the standard has them, and numbers. */
const oddIds = ["x".repeat(37), "y".repeat(255), 0, 17, -1.5];

const kinds: readonly Kind[] = [
  ...["NotSupported", "NotImplemented", "SecurityError", "InternalError", "GenericError", "OwnInvention"].flatMap(
    (code): Kind[] => [
      { name: `${code} for ever`, answer: error(code), parked: poison },
      { name: `${code} three times`, answer: (_, times) => (times < 3 ? { error: code } : undefined), parked: told },
    ],
  ),
  ...["FormatViolation", "FormationViolation", "PropertyConstraintViolation", "ProtocolError"].map(
    (code): Kind => ({
      name: `${code} for ever`,
      answer: error(code),
      parked: (place) => (place === "middle" ? undefined : /(Format|PropertyConstraint)Violation|ProtocolError/),
    }),
  ),
  {
    name: "no answer for ever, while others are answered",
    answer: () => "silence",
    parked: (place) => (place === "middle" ? undefined : /did not answer .* it may have arrived: ask the backend/),
  },
  { name: "no answer three times", answer: (_, times) => (times < 3 ? "silence" : undefined), parked: told },
  ...(["cut", "close"] as const).flatMap((how): Kind[] => [
    {
      name: `the line is lost at it for ever (${how})`,
      answer: () => how,
      losesLine: true,
      parked: (place) =>
        place === "middle"
          ? undefined
          : /lost the line at this receipt 10 times or more .* answered to receipt \d+; it may have arrived/,
    },
    {
      name: `the line is lost at it three times (${how})`,
      answer: (_, times) => (times < 3 ? how : undefined),
      parked: told,
    },
  ]),
  {
    name: "it is answered after its time",
    answer: (_, times) => (times < 1 ? { late: { transactionId: 900, idTagInfo: { status: "Accepted" } } } : undefined),
    parked: told,
  },
  ...[
    ["without a payload", [3, "id"]],
    ["by a text", [3, "id", "Accepted"]],
    ["by a number", [3, "id", 7]],
    ["with more than it has", [3, "id", {}, {}, "more"]],
  ].map(
    ([how, frame]): Kind => ({
      name: `it is answered ${String(how)}`,
      places: ["middle", "last"],
      answer: () => ({ frame: frame as readonly unknown[] }),
      parked: told,
    }),
  ),
  ...[
    ["without words", [4, "id", "InternalError"]],
    ["without a code", [4, "id", null, null, null]],
    ["with a code that is a number", [4, "id", 500, 500, 500]],
  ].map(
    ([how, frame]): Kind => ({
      name: `an error ${String(how)} for ever`,
      answer: () => ({ frame: frame as readonly unknown[] }),
      parked: poison,
    }),
  ),
  ...[
    ["a message type that there is not", [9, "id", {}]],
    ["another message's id", [3, "another", {}]],
    ["an id that is an object", [3, {}, {}]],
    ["no list", []],
  ].map(
    ([what, frame]): Kind => ({
      name: `it is answered with ${String(what)}, while others are answered well`,
      answer: () => ({ frame: frame as readonly unknown[], isNone: true }),
      parked: (place) => (place === "middle" ? undefined : /did not answer .* it may have arrived/),
    }),
  ),
  {
    name: "an empty list for an empty answer",
    places: ["middle", "last"],
    answer: () => ({ result: [] }),
    parked: told,
  },
  { name: "null for an empty answer", places: ["middle", "last"], answer: () => ({ result: null }), parked: told },
  {
    name: "nulls in its answer",
    answer: ({ connectorId }) => ({
      result: {
        idTagInfo: { status: "Accepted", parentIdTag: null, expiryDate: null },
        idTokenInfo: null,
        ...(connectorId === undefined ? {} : { transactionId: 900 }),
      },
    }),
    parked: told,
  },
  { name: "times without a zone in its answer", answer: zoneless, parked: told, counted: ["no-zone"] },
  {
    name: "calls of the backend with odd ids before its answer",
    answer: (payload) => ({ ...(zoneless(payload) as { readonly result: unknown }), asksFirst: oddIds }),
    parked: told,
    counted: ["message-id", "no-zone"],
    repliesTo: oddIds,
  },
  ...["ConcurrentTx", "Invalid", "Blocked"].flatMap((status): Kind[] => [
    {
      name: `transaction id 0 and ${status} for ever`,
      places: ["first"],
      dialects: ["ocpp1.6"],
      answer: () => ({ result: { transactionId: 0, idTagInfo: { status } } }),
      parked: () => new RegExp(`transaction id 0, which is not usable, and status "${status}" \\(5 times\\)`),
    },
    {
      name: `transaction id -1 and ${status} three times`,
      places: ["first"],
      dialects: ["ocpp1.6"],
      answer: (_, times) => (times < 3 ? { result: { transactionId: -1, idTagInfo: { status } } } : undefined),
      parked: told,
    },
  ]),
  ...[0, -1, null, "abc", "", "0", 1.5, {}].map(
    (id): Kind => ({
      name: `transaction id ${JSON.stringify(id)} and Accepted`,
      places: ["first"],
      dialects: ["ocpp1.6"],
      answer: () => ({ result: { transactionId: id, idTagInfo: { status: "Accepted" } } }),
      parked: () => /StartTransaction with transaction id .*, which is not usable/,
    }),
  ),
  {
    name: "a transaction id that is text",
    places: ["first"],
    dialects: ["ocpp1.6"],
    answer: () => ({ result: { transactionId: "900", idTagInfo: { status: "Accepted" } } }),
    parked: told,
  },
  ...["FormatViolation", "PropertyConstraintViolation", "InternalError"].flatMap((code): Kind[] => [
    {
      name: `${code} for customData`,
      places: ["middle", "last"],
      dialects: ["ocpp2.1", "ocpp2.0.1"],
      answer: (payload) => (holds(payload, "customData") ? { error: code } : undefined),
      parked: told,
    },
    {
      name: `${code} for the signed value`,
      places: ["last"],
      answer: (payload) =>
        /"signedMeterValue"|"SignedData"/.test(JSON.stringify(payload)) ? { error: code } : undefined,
      parked: told,
    },
    {
      name: `${code} for both`,
      places: ["last"],
      answer: (payload) =>
        /"signedMeterValue"|"SignedData"|"customData"/.test(JSON.stringify(payload)) ? { error: code } : undefined,
      parked: told,
    },
  ]),
];

const oddToken = { uid: "04A1B2C3D4E5F6", type: "RFID", contractId: "C", countryCode: "DE", partyId: "ABC" } as const;
const otherToken = { ...oddToken, uid: "0B0B0B0B" } as const;

class Scene {
  readonly lasting: World = world();
  readonly station = new SimulatedStation(this.lasting.clock, this.lasting.book);
  readonly now: OpenUplink;
  oddAsked = 0;
  #times = 0;

  private constructor(
    readonly csms: LooseCsms,
    readonly dialect: Dialect,
  ) {
    this.now = openUplink(this.lasting, ocppConfig(csms.url), { tariffKnown: () => false }, this.station);
  }

  static async open(dialect: Dialect): Promise<Scene> {
    return new Scene(await LooseCsms.open(dialect), dialect);
  }

  /** The odd session is answered so at this place, all else well. */
  oddly(place: Place, answer: Kind["answer"]): void {
    this.csms.answers = (action, payload) => {
      // What is late comes with the next message.
      this.csms.answerLate();
      if (this.placeOf(action, payload, true) === undefined) return undefined;
      const isHere = this.placeOf(action, payload, true) === place;
      if (isHere) this.oddAsked += 1;
      const odd = isHere ? answer(payload, this.#times++) : undefined;
      if (odd !== undefined) return odd;
      return action === "StartTransaction"
        ? { result: { transactionId: 900, idTagInfo: { status: "Accepted" } } }
        : { result: {} };
    };
  }

  placeOf(action: string, payload: Asked["payload"], isOdd: boolean): Place | undefined {
    const { eventType, transactionInfo, transactionId, idTag } = payload as {
      readonly eventType?: string;
      readonly transactionInfo?: { readonly transactionId: string };
      readonly transactionId?: number;
      readonly idTag?: string;
    };
    switch (action) {
      case "TransactionEvent":
        if ((transactionInfo?.transactionId === "odd") !== isOdd) return undefined;
        return eventType === "Started" ? "first" : eventType === "Ended" ? "last" : "middle";
      case "StartTransaction":
        return (idTag === oddToken.uid) === isOdd ? "first" : undefined;
      case "MeterValues":
        return (transactionId === 900) === isOdd ? "middle" : undefined;
      case "StopTransaction":
        return (transactionId === 900) === isOdd ? "last" : undefined;
      default:
        return undefined;
    }
  }

  /** How many messages of the other sessions were taken at this place. */
  others(place: Place): number {
    return this.csms.asked.filter(({ action, payload }) => this.placeOf(action, payload, false) === place).length;
  }

  until(what: string, holds: () => boolean): Promise<void> {
    return this.csms
      .drive(this.lasting, holds)
      .then((isSo) => assert.ok(isSo, `${what}: ${JSON.stringify(this.now.outbox.status())}`));
  }
}

/** Sold while nobody looks, by another card. */
const sell = ({ lasting }: Scene): number =>
  lasting.book.sell({ token: otherToken, connector: { ...settlement(2).connector, id: 2 } });

for (const dialect of dialects)
  for (const place of places) {
    const mine = kinds.filter(
      (kind) => (kind.dialects ?? dialects).includes(dialect) && (kind.places ?? places).includes(place),
    );
    test(`${dialect}, the ${place} message of a session: told, or parked for a stated reason, and the others go on (${mine.length} kinds)`, async () => {
      for (const { name, answer, parked, losesLine, counted = [], repliesTo } of mine) {
        const scene = await Scene.open(dialect);
        const { station, lasting, now } = scene;
        scene.oddly(place, answer);
        now.outbox.begin();
        await scene.until(`${name}: online`, () => now.outbox.status().reachability === "online");
        // Two run at once: the odd one first, so that it stands before the other.
        station.begins(1, "odd");
        await scene.csms.calm(lasting);
        station.begins(2, "other", undefined, otherToken);
        await scene.until(`${name}: the other's begin`, () => scene.others("first") >= 1);
        await scene.csms.drive(lasting, () => false, 20_000);
        station.reads(1_000_000, "parking", 1);
        station.reads(1_000_000, "parking", 2);
        await scene.until(`${name}: the other's value`, () => scene.others("middle") >= 1);
        await scene.csms.drive(lasting, () => false, 20_000);
        const odd = station.settles(1, { token: oddToken });
        station.settles(2, { token: otherToken });
        // Where the line is lost by it, each of its tries is the proof of one other.
        const numbers = Array.from({ length: losesLine === true ? lossesBeforePoison : 2 }, () => sell(scene));
        now.outbox.kick();
        await scene.until(`${name}: all`, () => now.outbox.status().waiting === 0);
        const { outbox } = now;
        const expected = parked(place);
        const reason = outbox.status().parked.find(({ number }) => number === odd)?.reason;
        if (expected === undefined) assert.equal([outbox.stateOf(odd), reason], ["acked", undefined], name);
        else assert.match(reason ?? "it was told", expected, name);
        assert.equal(
          outbox.status().parked.map(({ number }) => number),
          expected === undefined ? [] : [odd],
          name,
        );
        assert.equal(
          numbers.map((number) => outbox.stateOf(number)),
          numbers.map(() => "acked"),
          name,
        );
        assert.ok(scene.oddAsked <= mostAsked, `${name}: asked ${scene.oddAsked} times`);
        const oddities = now.uplink.oddities().map(({ oddity }) => oddity);
        for (const oddity of counted) assert.ok(oddities.includes(oddity), `${name}: ${oddity} is not counted`);
        if (repliesTo !== undefined) assert.equal([...new Set(scene.csms.repliedTo)], repliesTo, name);
        assert.equal(now.failures, [], name);
        await letGo();
        await closeLoose();
      }
    });
  }

/**
 * While it runs, on its way to the end with its last try, on the way of others, and without what it may be refused for.
 */
const mostAsked = 5 + 6 + 5 + 3;

test.run();
