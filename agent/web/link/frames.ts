// What station and page say to each other, a JSON value a line: the station pushes what may be shown, the page asks a
// few bounded questions. Each side parses what comes from the other.
import { z } from "zod";
import { languages } from "../../../config/languages.js";
import { complaintReasons, longestComplaint } from "../../core/complaints/complaint.js";

/** Questions of one page that the station answers at a time; what is asked beyond is told to wait. */
export const mostAnswering = 16;

/** The longest line that the page takes from the station: a receipt file with its record. */
export const longestPush = 4 * 1024 * 1024;
/** The longest line that the station takes from the page: a complaint of 500 characters, each four bytes and escaped. */
export const longestQuestion = 8 * 1024;

const connectorFrame = z.object({
  id: z.int(),
  evseId: z.string(),
  standard: z.string(),
  format: z.string(),
  powerType: z.string(),
  maxPowerW: z.number(),
  /** A press ends the session. */
  buttonStops: z.boolean(),
  /** What the terminal holds on a bank card, such as "50.00 EUR". */
  heldOnCard: z.string().max(40).optional(),
  limits: z.object({
    energyKwh: z.string().optional(),
    cost: z.string().optional(),
    time: z.number().optional(),
  }),
});

/** What does not change while the station runs; the first line of each connection. */
const helloFrame = z.object({
  type: z.literal("hello"),
  /** A font for the PDF of receipts. */
  receiptFont: z.string().exactOptional(),
  version: z.string(),
  language: z.enum(languages),
  page: z.object({
    listen: z.object({ host: z.string(), port: z.int() }),
    reach: z.enum(["proxy", "hotspot", "lan"]),
    address: z.string(),
    trustedProxies: z.array(z.string()),
    wifi: z.object({ name: z.string(), password: z.string().optional() }).optional(),
    display: z.int().optional(),
    linksMs: z.number(),
    stop: z.boolean(),
  }),
  station: z.object({
    id: z.string(),
    timeZone: z.string(),
    countryCode: z.string(),
    partyId: z.string(),
    verifyUrl: z.string().optional(),
    operator: z.object({
      name: z.string(),
      address: z.string(),
      email: z.string(),
      helpline: z.string(),
      complaints: z.string(),
    }),
    location: z.object({
      id: z.string(),
      name: z.string(),
      address: z.string(),
      city: z.string(),
      postalCode: z.string(),
      country: z.string(),
      latitude: z.string(),
      longitude: z.string(),
    }),
  }),
  idleGraceMs: z.number(),
  noEnergyMs: z.number(),
  connectors: z.array(connectorFrame),
});

/** The tariff that each connector sells by, as OCPI has it; null = none is in force. */
const tariffsFrame = z.object({
  type: z.literal("tariffs"),
  tariffs: z.array(z.object({ connectors: z.array(z.int()), tariff: z.unknown(), sinceMs: z.number() })),
});

/** The public key, and the newest signed checkpoint. */
const keyFrame = z.object({
  type: z.literal("key"),
  keyId: z.string(),
  publicKeys: z.string(),
  checkpoint: z.string(),
});

const unitPrices = z.object({
  perKwh: z.string().optional(),
  perHour: z.string().optional(),
  idlePerHour: z.string().optional(),
});

const liveSession = z.object({
  /** The secret that its driver holds. */
  link: z.string(),
  startMs: z.number(),
  activity: z.enum(["charging", "parking", "grace", "suspended", "reserved"]),
  energyMilliWh: z.number(),
  powerW: z.number(),
  elapsedMs: z.number(),
  currency: z.string(),
  /** Incl. tax: the cost of what was used, and the bill if it ended now. */
  accrued: z.string(),
  ifStopped: z.string(),
  leftUnderCap: z.string().optional(),
  unitPrices,
  nextChange: z.object({ atMs: z.number(), unitPrices }).optional(),
  idleForMs: z.number().optional(),
  idleFreeMs: z.number().optional(),
  /** The limits at which it ends by itself, and what is left. */
  limits: z.array(z.object({ at: z.string(), left: z.string() })),
});

const connectorState = z.object({
  id: z.int(),
  state: z.enum([
    "free",
    "occupied",
    "waiting",
    "checking",
    "paying",
    "starting",
    "charging",
    "stopping",
    "finished",
    "reserved",
    "out-of-order",
  ]),
  /** Status of OCPI for its EVSE, and since when. */
  status: z.enum(["AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "RESERVED"]),
  sinceMs: z.number(),
  /** The address of the page where a start here can be paid for, and the error correction of its code. */
  payment: z
    .object({ url: z.url({ protocol: /^https$/ }), quality: z.enum(["Low", "Medium", "Quartile", "High"]) })
    .optional(),
  /** Of a connector that is reserved. */
  reservedUntilMs: z.number().optional(),
  session: liveSession.optional(),
  /** The session that is over while its car is still plugged in. */
  finished: z.object({ link: z.string(), receipt: z.number() }).optional(),
});

/** The station as it stands now; at most one a second. */
const stateFrame = z.object({
  type: z.literal("state"),
  atMs: z.number(),
  trust: z.enum(["synced", "holdover", "unsynced"]),
  /** Nothing is sold. */
  closed: z.boolean(),
  connectors: z.array(connectorState),
});

/** Power of a session that was running before the page came: epoch ms, W; oldest first. */
const curveFrame = z.object({
  type: z.literal("curve"),
  connector: z.int(),
  link: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
});

const answerFrame = z.object({
  type: z.literal("answer"),
  id: z.int(),
  answer: z.discriminatedUnion("ok", [
    z.object({ ok: z.literal(true), value: z.unknown() }),
    z.object({
      ok: z.literal(false),
      /** `unknown` = no such thing; `wait` = too many tries; `refused` = not possible now. */
      why: z.enum(["unknown", "wait", "refused"]),
      waitMs: z.number().optional(),
    }),
  ]),
});

/** All that the station says. */
export const pushSchema = z.discriminatedUnion("type", [
  helloFrame,
  tariffsFrame,
  keyFrame,
  stateFrame,
  curveFrame,
  answerFrame,
]);

export type StationPush = z.infer<typeof pushSchema>;
export type StationHello = z.infer<typeof helloFrame>;
export type StationTariffs = z.infer<typeof tariffsFrame>;
export type StationKey = z.infer<typeof keyFrame>;
export type PushedState = z.infer<typeof stateFrame>;
export type PushedConnector = z.infer<typeof connectorState>;
export type PushedSession = z.infer<typeof liveSession>;
export type PushedCurve = z.infer<typeof curveFrame>;
export type PageAnswer = z.infer<typeof answerFrame>["answer"];

/** 128 random bits as base64url. */
export const linkPattern = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const link = z.string().regex(linkPattern);
/** The last four characters of a card's number. */
export const lastFourPattern = /^[0-9A-Z]{4}$/;
const lastFour = z.string().regex(lastFourPattern);
/** A total as it stands on a receipt. */
export const totalPattern = /^\d{1,7}(\.\d{1,4})?$/;

/** A character may be two units of UTF-16. */
const mostTextUnits = 2 * longestComplaint;

/** All that the page may ask. */
const questionSchema = z.discriminatedUnion("ask", [
  /** The link of the session at a connector, for who knows the last four characters of its card. */
  z.strictObject({ ask: z.literal("claim"), connector: z.int().min(1).max(64), lastFour }),
  /** What a link leads to. */
  z.strictObject({ ask: z.literal("receipt"), link }),
  /** The link of a receipt, for who knows what stands on it. `client` = whose tries are counted. */
  z.strictObject({
    ask: z.literal("find"),
    client: z.string().max(64),
    date: z.iso.date(),
    evseId: z.string().max(40),
    lastFour,
    total: z.string().regex(totalPattern),
  }),
  z.strictObject({ ask: z.literal("stop"), link }),
  /** Something is wrong with the receipt of a link. */
  z.strictObject({
    ask: z.literal("complain"),
    link,
    reason: z.enum(complaintReasons),
    text: z.string().max(mostTextUnits),
    contact: z.string().max(mostTextUnits),
    language: z.enum(languages),
  }),
]);

export type PageQuestion = z.infer<typeof questionSchema>;
/** A question on its way; the answer bears the same id. */
export const askedSchema = z.object({ id: z.int().min(1), question: questionSchema });

const linkedComplaint = z.object({
  number: z.int(),
  reason: z.enum(complaintReasons),
  /** Absent once it is forgotten. */
  text: z.string().optional(),
  dueMs: z.number(),
  answers: z.array(z.object({ atMs: z.number(), text: z.string() })),
  end: z.object({ atMs: z.number(), credit: z.int().optional() }).optional(),
});

/** What a link leads to: a session that runs, or the receipt's file, its meter record, and what came after it. */
export const linkedSchema = z.discriminatedUnion("is", [
  z.object({ is: z.literal("running"), connector: z.int() }),
  z.object({
    is: z.literal("issued"),
    number: z.int(),
    file: z.string(),
    ocmf: z.string(),
    /** The receipts that took it back and corrected it. */
    later: z.object({ creditedBy: z.int().exactOptional(), correctedBy: z.int().exactOptional() }),
    /** What was complained about, and what came of it; without the way to reach the driver. */
    complaints: z.array(linkedComplaint),
  }),
]);
export type Linked = z.infer<typeof linkedSchema>;
