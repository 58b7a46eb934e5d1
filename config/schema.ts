// The one config file, as a schema: what a technician may write, with defaults and limits.
// Past this door no one checks again. Unknown keys are faults: a misspelt setting must never be silently ignored.
import { z } from "zod";
import { languages } from "./languages.js";
import { pageSchema } from "./parts/page-schema.js";
import { payments } from "./parts/payments-schema.js";
import { decimalField, durationField, durationFieldOr, nameField, textField } from "./parts/schema-fields.js";
import { stationFacts } from "./parts/station-schema.js";
import { terminal } from "./parts/terminal-schema.js";
import { busPins } from "./pins/header-buses.js";
import { uplink } from "./uplink-schema.js";

/** A BCM pin of the Pi's header. */
const pin = z.strictObject({
  gpio: z.int().min(0).max(53),
  activeLow: z.boolean().default(false),
});

export const serialPort = z.strictObject({
  path: z.string().startsWith("/dev/", "expected a device path such as /dev/serial/by-id/usb-…"),
  baud: z
    .union([
      z.literal(1200),
      z.literal(2400),
      z.literal(4800),
      z.literal(9600),
      z.literal(19200),
      z.literal(38400),
      z.literal(57600),
      z.literal(115200),
    ])
    .default(9600),
  parity: z.enum(["none", "even", "odd"]).default("none"),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
});

const meter = z.strictObject({
  port: nameField,
  unit: z.int().min(1).max(247).default(1),
  /** The name of a file in config/meters, without .json, or a re-brand that one of them lists. */
  model: nameField,
  poll: durationFieldOr("1s", "200ms", "1m"),
  timeout: durationFieldOr("1s", "50ms", "15s"),
  /** After this long without a good reading the contactor opens and the session is settled to the last good one. */
  lostAfter: durationFieldOr("30s", "2s", "10m"),
  serial: textField(40)
    .optional()
    .describe(
      "binds the connector to one device: another serial number is a fault. Where the meter " +
        "tells none, the number on its label; receipts then say that it was entered by hand",
    ),
  calibratedUntil: z.iso
    .date("expected a date such as 2031-12-31")
    .optional()
    .describe("the last day of the meter's calibration, as its label says; it stands on receipts"),
  /** Bills from a register that fewer than two independent sources describe, or that counts in coarse steps. */
  acceptUnproven: z.boolean().default(false),
});

const reader = z.strictObject({
  driver: z.literal("mfrc522").default("mfrc522"),
  spi: z.strictObject({ bus: z.int().min(0).max(6), device: z.int().min(0).max(2) }),
  poll: durationFieldOr("250ms", "50ms", "5s"),
  /** A card that stays in the field, or comes back within this time, is one tap. */
  debounce: durationFieldOr("2s", "500ms", "30s"),
});

const connector = z.strictObject({
  id: z.int().min(1).max(64),
  evseId: z.string().regex(/^[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9*]{1,31}$/, "expected an EVSE id such as DE*ABC*E0001*1"),
  standard: z
    .enum([
      "IEC_62196_T1",
      "IEC_62196_T1_COMBO",
      "IEC_62196_T2",
      "IEC_62196_T2_COMBO",
      "IEC_62196_T3A",
      "IEC_62196_T3C",
      "IEC_60309_2_single_16",
      "IEC_60309_2_three_16",
      "IEC_60309_2_three_32",
      "IEC_60309_2_three_64",
      "CHADEMO",
      "DOMESTIC_E",
      "DOMESTIC_F",
      "DOMESTIC_G",
      "DOMESTIC_J",
      "TESLA_S",
    ])
    .default("IEC_60309_2_three_16"),
  format: z.enum(["SOCKET", "CABLE"]).default("SOCKET"),
  powerType: z.enum(["AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"]).default("AC_3_PHASE"),
  maxPowerW: z.int().min(500).max(1_000_000),
  reader: nameField,
  meter,
  contactor: z.strictObject({ ...pin.shape, feedback: pin.optional() }),
  plug: pin,
  /**
   * Lamps and buzzer: each state has a rhythm of its own, so that nobody needs to tell green from red
   * (drivers/gpio/gpio-indicator.ts has the strips).
   */
  indicator: z
    .strictObject({
      green: pin.describe(
        "lit: free; long on and off: hold your card; long and short: chosen by its button, hold " +
          "your card; two flashes: plug in; flickering: checking; lit with a short gap: charging; " +
          "one flash: the car asks for no power; three flashes: finished, unplug; two short and a long one: " +
          "to stop now costs the minimum price, do it again to stop",
      ),
      red: pin
        .optional()
        .describe(
          "five quick flashes: refused; half a second on and off: out of order. Not wired, its rhythms come on the green lamp",
        ),
      buzzer: pin
        .optional()
        .describe(
          "half a second: charging begins; two beeps: finished; three: refused; two and a long one: to stop now costs the " +
            "minimum price; one second: out of order",
        ),
    })
    .optional(),
  button: z
    .strictObject({
      ...pin.shape,
      does: z
        .enum(["select", "stop"])
        .default("select")
        .describe(
          "select: the next card at the reader is for this connector; stop: whoever presses it ends the session, without a card",
        ),
    })
    .optional(),
  /** The id of the tariff that this connector sells by. */
  tariff: textField(36),
  limits: z
    .strictObject({
      energyKwh: decimalField("60").optional(),
      cost: decimalField("80.00").optional(),
      time: durationField("1m", "7d").optional(),
    })
    .prefault({}),
});

/** One card of the local list. */
export const tokenSchema = z.strictObject({
  uid: z
    .string()
    .regex(/^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/, "expected a card UID of 4, 7 or 10 bytes as upper-case hex"),
  contractId: textField(36),
  valid: z.boolean().default(true),
  whitelist: z.enum(["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]).default("ALWAYS"),
  group: textField(36).optional(),
  expires: z.iso.datetime({ offset: true, error: "expected an instant such as 2027-12-31T23:59:59Z" }).optional(),
  tariff: textField(36).optional(),
});

/** A simulated bench in place of the machine's buses: for the demo and for trying a config without devices. */
const bench = z.strictObject({
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1),
  /** How many seconds of the bench's world pass in one real second; 0 = as fast as it goes. */
  speed: z.number().min(0).max(100_000).default(1),
  scenario: z.enum(["demo", "quiet"]).default("demo"),
});

export const configSchema = z
  .strictObject({
    station: stationFacts,
    /** The state folder: journal, receipts, keys. */
    state: z.string().startsWith("/", "expected an absolute path").default("/var/lib/chargetill"),
    /** The unix socket for status and remote words; default: control.sock in the state folder. */
    socket: z.string().startsWith("/", "expected an absolute path").optional(),
    bench: bench.optional(),
    serialPorts: z.record(nameField, serialPort),
    readers: z.record(nameField, reader),
    terminal: terminal
      .optional()
      .describe("a card terminal: bank cards and wallets pay, and its RFID reader is one more"),
    connectors: z.array(connector).min(1).max(64),
    /** OCPI tariff files, beside this file or absolute. */
    tariffs: z.array(textField(500)).min(1).max(100),
    tokens: z.array(tokenSchema).max(10_000).default([]),
    timing: z
      .strictObject({
        /** An accepted card that is not used lapses after this long. */
        authorisation: durationFieldOr("60s", "5s", "10m"),
        /** A plugged car without a card is reminded; a card refused is shown this long. */
        refusalShown: durationFieldOr("5s", "1s", "1m"),
        /** While charging, a reading is journalled at least this often. */
        journalReading: durationFieldOr("1m", "1s", "15m"),
        /** Under this power for `idleAfter` the car is taken to ask for none. */
        idleAfter: durationFieldOr("10s", "1s", "10m"),
        /** The first part of each idle stretch that costs nothing. */
        idleGrace: durationFieldOr("0s", "0s", "12h"),
        /** No energy within this time: the session ends and nothing is charged. 0s = never. */
        noEnergy: durationFieldOr("30m", "0s", "12h"),
        /** How long the final reading may wait for the current to be zero after the contactor opened. */
        settle: durationFieldOr("10s", "1s", "2m"),
        contactor: durationFieldOr("2s", "100ms", "30s"),
      })
      .prefault({}),
    idlePowerW: z.int().min(0).max(1_000).default(60),
    /**
     * Where each receipt goes for the driver: files to take away (JSON and text, relative to the state folder), a
     * receipt printer, or both.
     */
    receiptOutput: z
      .strictObject({
        folder: textField(200).optional(),
        printer: z
          .strictObject({
            device: z.string().startsWith("/dev/", "expected a device path such as /dev/usb/lp0"),
            columns: z.union([z.literal(32), z.literal(80)]).default(32),
          })
          .optional(),
      })
      .refine(
        ({ folder, printer }) => folder !== undefined || printer !== undefined,
        "expected a folder, a printer, or both",
      )
      .optional(),
    /**
     * A font (TTF or OTF) for the PDF of receipts whose names are written in other letters than Latin, Greek and
     * Cyrillic. A letter that no font has is printed by its number, U+6F22.
     */
    receiptFont: z.string().startsWith("/", "expected an absolute path such as /usr/share/fonts/own.ttf").optional(),
    /**
     * A folder of its own, outside the state folder and of no backup, for the highest receipt number that was given:
     * after an older backup was restored, numbers go on above it. The Debian package makes this one.
     */
    numberMark: z.string().startsWith("/", "expected an absolute path such as /var/lib/chargetill-number").optional(),
    /**
     * How long is kept what nobody asks for any more. Receipts are never removed, and nothing before every uplink has
     * acknowledged it.
     */
    retention: z
      .strictObject({
        /**
         * The packed journal of settled sessions: what disputes are settled with, and what a damaged page of the book
         * is rebuilt from.
         */
        evidence: durationFieldOr("400d", "30d", "7300d"),
        /** The copies that lie in `receiptOutput.folder`; the book gives out others at any time. */
        copies: durationFieldOr("400d", "1d", "7300d"),
        /** Whose a receipt is: card, contract and references, whole. Their last four characters stay. */
        personal: durationFieldOr("400d", "30d", "7300d"),
        /** What people wrote in complaints, after these were closed. */
        complaints: durationFieldOr("90d", "1d", "3650d"),
      })
      .prefault({}),
    /** Within what time the operator answers a complaint: the due date that a driver is told. */
    complaintAnswer: durationFieldOr("14d", "1d", "60d"),
    privacy: z
      .strictObject({
        meterRecordUser: z
          .enum(["hashed", "full"])
          .default("hashed")
          .describe(
            "how signed meter records name the card: by a name that only the operator's key can make from it, and its last " +
              "four characters; or the whole UID, where a law wants it: such a card cannot be forgotten",
          ),
      })
      .prefault({}),
    /** Language of display and receipts. */
    language: z.enum(languages).default("en"),
    log: z
      .strictObject({
        level: z.enum(["error", "warn", "info", "debug"]).default("info"),
        /** JSON with all fields, or a sentence with its priority; auto = sentences for the systemd journal, else JSON. */
        format: z.enum(["auto", "json", "sentence"]).default("auto"),
      })
      .prefault({}),
    uplinks: z.array(uplink).max(4).default([]),
    payments,
    /** The driver's page, a process of its own; without it there is none. */
    page: pageSchema.optional(),
    /** Who may charge when the local list alone does not say so. */
    authorisation: z
      .strictObject({
        /** How long a driver waits for a backend's answer before the offline rule decides. */
        onlineTimeout: durationFieldOr("6s", "1s", "30s"),
        /**
         * Without a backend's answer: `known` = cards of the local list and the cache alone, `all` = also unknown ones
         * up to `offlineEnergyKwh`, `none` = only cards that never need a question.
         */
        offline: z.enum(["known", "all", "none"]).default("known"),
        offlineEnergyKwh: decimalField("20").optional(),
        /**
         * What one token may have open at the backends, begun without their word: above it, it is refused until they
         * have it.
         */
        exposure: z
          .strictObject({ energyKwh: decimalField("100").optional(), cost: decimalField("80.00").optional() })
          .prefault({}),
        /** How long a backend's earlier word about a card is believed; 0s = no cache. */
        cacheLifetime: durationFieldOr("30d", "0s", "365d"),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const fault = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    const seen = new Map<string, string>();
    const once = (key: string, path: (string | number)[], what: string): void => {
      const before = seen.get(key);
      if (before === undefined)
        seen.set(
          key,
          path.reduce<string>(
            (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
            "",
          ),
        );
      else fault(path, `${what} is already used at ${before}`);
    };
    // A bench has no header.
    const busOfPin = config.bench === undefined ? busPins(config) : new Map<number, string>();
    config.connectors.forEach((entry, index) => {
      const at = (...rest: (string | number)[]): (string | number)[] => ["connectors", index, ...rest];
      once(`connector ${entry.id}`, at("id"), `connector ${entry.id}`);
      once(`evse ${entry.evseId}`, at("evseId"), `EVSE id ${entry.evseId}`);
      once(
        `meter ${entry.meter.port} ${entry.meter.unit}`,
        at("meter", "unit"),
        `unit ${entry.meter.unit} on ${entry.meter.port}`,
      );
      if (config.serialPorts[entry.meter.port] === undefined)
        fault(at("meter", "port"), `serial port "${entry.meter.port}" is not listed under serialPorts`);
      if (config.readers[entry.reader] === undefined)
        fault(at("reader"), `reader "${entry.reader}" is not listed under readers`);
      const pins: [{ readonly gpio: number } | undefined, ...string[]][] = [
        [entry.contactor, "contactor"],
        [entry.plug, "plug"],
        [entry.contactor.feedback, "contactor", "feedback"],
        [entry.button, "button"],
        ...(["green", "red", "buzzer"] as const).map((lamp): (typeof pins)[number] => [
          entry.indicator?.[lamp],
          "indicator",
          lamp,
        ]),
      ];
      for (const [pin, ...place] of pins) {
        if (pin === undefined) continue;
        const { gpio } = pin;
        once(`gpio ${gpio}`, at(...place, "gpio"), `GPIO ${gpio}`);
        const bus = busOfPin.get(gpio);
        if (bus !== undefined) fault(at(...place, "gpio"), `GPIO ${gpio} is ${bus}: use another pin`);
      }
    });
    for (const [index, entry] of config.tokens.entries())
      once(`token ${entry.uid}`, ["tokens", index, "uid"], `the card ${entry.uid.slice(-4)}`);
    for (const [index, entry] of config.uplinks.entries()) {
      once(`uplink ${entry.name}`, ["uplinks", index, "name"], `the name ${entry.name}`);
      if ((entry.tls.certFile === undefined) !== (entry.tls.keyFile === undefined))
        fault(["uplinks", index, "tls"], "certFile and keyFile go together");
    }
    const { reader: payingReader } = config.payments;
    if (payingReader !== undefined && config.readers[payingReader] === undefined)
      fault(["payments", "reader"], `reader "${payingReader}" is not listed under readers`);
    if (config.page !== undefined && config.receiptOutput?.folder === undefined)
      fault(["page"], "the page hands out what lies in receiptOutput.folder: name that folder");
    if (config.authorisation.offline === "all" && config.authorisation.offlineEnergyKwh === undefined)
      fault(
        ["authorisation", "offlineEnergyKwh"],
        "say how much an unknown card may draw at most where offline is all",
      );
  });

export type Config = z.infer<typeof configSchema>;
export type StationFacts = Config["station"];
export type ConnectorConfig = Config["connectors"][number];
export type ConnectorFacts = Pick<ConnectorConfig, "id" | "evseId" | "standard" | "format" | "powerType" | "maxPowerW">;

/** What of a connector's config a receipt tells. */
export const connectorFacts = ({
  id,
  evseId,
  standard,
  format,
  powerType,
  maxPowerW,
}: ConnectorConfig): ConnectorFacts => ({ id, evseId, standard, format, powerType, maxPowerW });

export type MeterConfig = ConnectorConfig["meter"];
export type ReaderConfig = Config["readers"][string];
export type SerialPortConfig = Config["serialPorts"][string];
export type PinConfig = z.infer<typeof pin>;
export type TokenConfig = Config["tokens"][number];
export type BenchConfig = NonNullable<Config["bench"]>;
