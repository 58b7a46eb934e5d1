// The ways to a backend, as the config file names them: OCPI over HTTPS, OCPP over a websocket.
import { z } from "zod";
import { cronText } from "./cron.js";
import { durationFieldOr, nameField, secretFileField } from "./parts/schema-fields.js";

/** Hosts of a URL that are this machine itself: the only ones that a secret may travel to in the open. */
export const loopback: readonly string[] = ["127.0.0.1", "[::1]", "localhost"];

/** The words for a text that is no such address; a value that is missing or no text has words of its own. */
const worded =
  (words: string) =>
  (issue: { readonly code?: string }): string | undefined =>
    issue.code === "invalid_format" ? words : undefined;

/**
 * A URL of the secure scheme; the plain one only to this machine itself, since the token must not travel in the open.
 * No user and password: a config is shown and sent around.
 */
const secureOrLoopback = (secure: "https" | "wss", plain: "http" | "ws", secret: "tokenFile" | "passwordFile") =>
  z
    .url({
      protocol: new RegExp(`^(${secure}|${plain})$`),
      error: worded(
        `expected an address such as ${secure === "wss" ? "wss://csms.example.org/ocpp" : "https://example.org/ocpi/2.2.1/cdrs"}`,
      ),
      abort: true,
    })
    .refine((value) => {
      const url = new URL(value);
      return url.protocol === `${secure}:` || loopback.includes(url.hostname);
    }, `expected ${secure}:// (plain ${plain} only to this machine itself)`)
    .refine(
      (value) => new URL(value).username === "" && new URL(value).password === "",
      `no user or password here: put the secret into a file and name it as ${secret}`,
    );

const common = {
  name: nameField,
  backoff: z
    .strictObject({ first: durationFieldOr("5s", "100ms", "10m"), most: durationFieldOr("15m", "1s", "1d") })
    .prefault({}),
  tls: z
    .strictObject({
      caFile: secretFileField.optional(),
      certFile: secretFileField.optional(),
      keyFile: secretFileField.optional(),
    })
    .prefault({}),
  /** An HTTP proxy that is asked to CONNECT; TLS goes through it end to end. */
  proxy: z
    .url({
      protocol: /^http$/,
      error: worded("expected an address such as http://proxy.example.org:3128"),
      abort: true,
    })
    .refine(
      (value) => new URL(value).username === "" && new URL(value).password === "",
      "no user or password here: put user:password into a file and name it as proxyAuthFile",
    )
    .optional(),
  /** The file that holds `user:password` for the proxy, where it asks for them. */
  proxyAuthFile: secretFileField.optional(),
  /** node-cron, in UTC: when a waiting outbox is looked at again. */
  schedule: cronText.default("* * * * *"),
};

const ocpi = z.strictObject({
  ...common,
  kind: z.literal("ocpi"),
  /** Where CDRs are posted. */
  url: secureOrLoopback("https", "http", "tokenFile"),
  version: z.enum(["2.2.1", "2.3.0"]).default("2.2.1"),
  /** The file that holds the credentials token; the token itself never stands in this file. */
  tokenFile: secretFileField,
  /** How the token stands in the Authorization header: in base64 since OCPI 2.2, as it is for older receivers. */
  tokenHeader: z.enum(["base64", "plain"]).default("base64"),
  toCountryCode: z.string().regex(/^[A-Z]{2}$/, "expected two capital letters"),
  toPartyId: z.string().regex(/^[A-Z0-9]{3}$/, "expected three capitals or digits"),
  /** `ocpi` = every answer carries an OCPI envelope; `none` = an empty 201 or 204 is an acceptance. */
  envelope: z.enum(["ocpi", "none"]).default("ocpi"),
  acceptUnknownTime: z.boolean().default(false),
  /**
   * The signed record in a CDR: whole; with an empty plain_data, for receivers that take 512 characters there; or none.
   */
  signedData: z.enum(["full", "empty", "none"]).default("full"),
  timeout: durationFieldOr("30s", "1s", "5m"),
  /**
   * What is fetched from the backend: the tokens endpoint (also asked whether a card may charge) and the tariffs
   * endpoint.
   */
  tokensUrl: secureOrLoopback("https", "http", "tokenFile").optional(),
  tariffsUrl: secureOrLoopback("https", "http", "tokenFile").optional(),
  /**
   * Where the backend takes what happens while it happens, beside the CDRs: Sessions, and the status of each EVSE (below
   * its locations endpoint). Off where they are not given.
   */
  sessionsUrl: secureOrLoopback("https", "http", "tokenFile").optional(),
  locationsUrl: secureOrLoopback("https", "http", "tokenFile").optional(),
  /** How often a Session that runs is told anew. */
  sessionUpdates: durationFieldOr("5m", "10s", "1h"),
  /** The backend's versions endpoint: `doctor` asks it for its addresses and compares them with those here. */
  versionsUrl: secureOrLoopback("https", "http", "tokenFile").optional(),
  /** node-cron, in UTC: when tokens and tariffs are fetched. */
  pull: cronText.default("7 * * * *"),
});

const ocpp = z.strictObject({
  ...common,
  kind: z.literal("ocpp"),
  /** The CSMS endpoint; the station's identity is added to its path. */
  url: secureOrLoopback("wss", "ws", "passwordFile"),
  /** The station's identity at the CSMS; station.id where it is not given. */
  identity: z
    .string()
    .regex(/^[A-Za-z0-9*\-_=:+|@.]{1,48}$/, "expected up to 48 letters, digits and *-_=:+|@.")
    .optional(),
  /** Offered to the CSMS, newest first. */
  versions: z
    .array(z.enum(["2.1", "2.0.1", "1.6"]))
    .min(1)
    .max(3)
    .default(["2.1", "2.0.1", "1.6"]),
  /**
   * The file that holds the basic auth password (security profiles 1 and 2); profile 3 is tls.certFile and tls.keyFile.
   */
  passwordFile: secretFileField.optional(),
  /** How long an answer is waited for (OCPP MessageTimeout). */
  timeout: durationFieldOr("60s", "1s", "5m"),
  /** While charging, a TransactionEvent (Updated) or MeterValues is sent at least this often. */
  meterValues: durationFieldOr("5m", "10s", "1h"),
  /**
   * The CSMS, or the app behind it, tells the driver what a reservation costs before it sends ReserveNow: only then is
   * it charged.
   */
  chargeReservations: z.boolean().default(false),
  /**
   * The price as customData (2.x), and the signed meter value: told until this backend refuses a message for it ("auto"),
   * also then, so that the message is parked ("always"), or never.
   */
  customData: z.enum(["auto", "always", "never"]).default("auto"),
  signedData: z.enum(["auto", "always", "never"]).default("auto"),
  /**
   * The CSMS may have the station make a key and take a certificate for it, and may add authorities by which it is known
   * itself.
   */
  certificatesByCsms: z.boolean().default(false),
  /** Where a log may be sent that the CSMS asks for: hosts of https addresses, with the port where it is another. */
  logHosts: z
    .array(z.string().regex(/^[a-z0-9.-]+(?::\d{1,5})?$/, "expected a host such as files.example.org"))
    .max(10)
    .default([]),
});

export const uplink = z.discriminatedUnion("kind", [ocpi, ocpp]);

export type UplinkConfig = z.infer<typeof uplink>;
export type OcpiUplinkConfig = z.infer<typeof ocpi>;
export type OcppUplinkConfig = z.infer<typeof ocpp>;

/** All files of an uplink that hold a secret in plain text. */
export const secretFiles = (config: UplinkConfig): string[] =>
  [secretFile(config), config.proxyAuthFile].filter((path) => path !== undefined);

/** The file that holds what the backend knows us by; undefined where certificates alone say it. */
const secretFile = (config: UplinkConfig): string | undefined =>
  config.kind === "ocpi" ? config.tokenFile : config.passwordFile;
