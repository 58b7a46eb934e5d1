// Every fault code of the station, with its words: what it means, what to do, what is not sold while it stands, and
// whether somebody has to come. `status`, the log, `doctor` and the live view take their words from here, and the manual
// (systemd/INSTALL.md) shows this table; a test compares the two and finds a code that nothing raises.
import type { DeviceFaultCode } from "../../drivers/driver.js";

/** What is not sold while the fault stands. `reader` = no card starts or stops a session at that reader. */
export type FaultReach = "station" | "connector" | "reader" | "nothing";

/**
 * `if-it-stays`: it is tried again by itself, and goes when its cause does. `says-so`: what it was seen by is gone as
 * soon as nothing is sold, its cause is not: it stands, over a restart too, until somebody says or shows that it is
 * mended.
 */
type FaultPerson = "yes" | "if-it-stays" | "says-so";

export type FaultRow = {
  readonly meaning: string;
  readonly remedy: string;
  readonly stops: FaultReach;
  readonly person: FaultPerson;
};

/** Codes that no driver knows: of the station itself, its files and its backends. */
type StationFaultCode =
  | "contactor/welded"
  | "contactor/not-closing"
  | "plug/unsteady"
  | "button/stuck"
  | "button/unsteady"
  | "opener/missing"
  | "disk/full"
  | "disk/failed"
  | "journal/damaged"
  | "book/damaged"
  | "numbers/unknown"
  | "key/unusable"
  | "tariff/unreadable"
  | "tariff/refused"
  | "config/invalid"
  | "state/locked"
  | "uplink/unauthorised"
  | "uplink/unsure"
  | "cdr/wrong"
  | "payment/unsure"
  | "payment/hold-old"
  | "payment/amount"
  /** A broken promise of ours, not trouble with a device. */
  | "agent/defect";

export type FaultCode = DeviceFaultCode | StationFaultCode;

export const faultTable: Readonly<Record<FaultCode, FaultRow>> = {
  "meter/timeout": {
    meaning: "the meter does not answer; a running session is settled to the last good reading",
    remedy: "check its supply, wiring A/B, baud rate, parity and address; `chargetill meter scan` looks for it",
    stops: "connector",
    person: "if-it-stays",
  },
  "meter/exception": {
    meaning: "the meter answers that it has no such register, or cannot tell it now",
    remedy: "check that the model in the config is the meter on the line",
    stops: "connector",
    person: "if-it-stays",
  },
  "meter/garbled": {
    meaning: "answers of the meter arrive damaged (checksum or length)",
    remedy: "check cable, shield and the 120 ohm at both ends, and that no two devices have the same address",
    stops: "connector",
    person: "if-it-stays",
  },
  "meter/implausible": {
    meaning: "the register jumped, went back or holds no possible value; the value is not used",
    remedy: "check word order and wiring",
    stops: "connector",
    person: "if-it-stays",
  },
  "meter/serial-changed": {
    meaning:
      "another meter answers than the one the session began with; the session is settled to the last reading after " +
      "which the first one still answered",
    remedy: "put the right meter back, or write the new serial number into the config",
    stops: "connector",
    person: "yes",
  },
  "meter/unknown": {
    meaning: "the meter is not the model in the config, is set up otherwise, or has not passed its check",
    remedy: "correct model or settings; `chargetill meter check` for a model that must be checked first",
    stops: "connector",
    person: "yes",
  },
  "meter/stale": {
    meaning: "power flows and the register stands still",
    remedy: "replace the meter, then `chargetill meter accept --connector N --note TEXT`",
    stops: "connector",
    person: "says-so",
  },
  "meter/power-while-open": {
    meaning: "the meter shows power while the contactor is open: an old value, or welded contacts",
    remedy: "look at the contactor first, then replace the meter",
    stops: "connector",
    person: "if-it-stays",
  },
  "meter/backwards": {
    meaning:
      "the meter shows energy flowing out of the car: it is wired backwards, and its register hides what the car takes; " +
      "no time is billed, and the session is settled to the last good reading",
    remedy:
      "turn its current transformers, or swap its line in and out, phase by phase (`chargetill doctor` names the " +
      "phase), then `chargetill meter accept --connector N --note TEXT`",
    stops: "connector",
    person: "says-so",
  },
  "meter/register-fell": {
    meaning:
      "the register is lower than on the last receipt of the very same meter: it was set back, replaced under its old " +
      "number, or is another one",
    remedy:
      "find out why; then `chargetill meter accept --connector N --note TEXT`, which stands on the next receipt, or " +
      "`chargetill commission`",
    stops: "connector",
    person: "yes",
  },
  "port/missing": {
    meaning: "the serial adapter is not there, or may not be opened",
    remedy: "`chargetill doctor` names what keeps it: not plugged in, the group of its file, or a program that uses it",
    stops: "connector",
    person: "if-it-stays",
  },
  "port/lost": {
    meaning: "the serial adapter went away while it was in use",
    remedy: "plug it in again; check its cable and supply",
    stops: "connector",
    person: "if-it-stays",
  },
  "reader/missing": {
    meaning: "no card reader chip answers on SPI",
    remedy: "check power (3.3 V, never 5 V) and wiring, `dtparam=spi=on`",
    stops: "reader",
    person: "if-it-stays",
  },
  "reader/lost": {
    meaning: "the card reader chip stopped answering",
    remedy: "check power (3.3 V, never 5 V) and wiring",
    stops: "reader",
    person: "if-it-stays",
  },
  "gpio/missing": {
    meaning: "no such pin, it is in use elsewhere, or no permission",
    remedy: "check GPIO numbers in the config, group `gpio`, and overlays in config.txt that hold a pin",
    stops: "connector",
    person: "yes",
  },
  "terminal/lost": {
    meaning: "the card terminal cannot be reached or does not answer: nobody can pay by card; cards at the reader work",
    remedy: "check its power, its cable and its address; `chargetill terminal status` asks it",
    stops: "nothing",
    person: "if-it-stays",
  },
  "terminal/changed": {
    meaning: "another terminal answers than the one in the config: it takes no money",
    remedy: "put the right terminal back, or write its id into the config, then `chargetill terminal test`",
    stops: "nothing",
    person: "yes",
  },
  "terminal/not-ready": {
    meaning:
      "the terminal answers and takes no payment: its password, currency or set-up is wrong, or it is out of order",
    remedy: "the message says what it wants; `chargetill terminal status`, then its acquirer",
    stops: "nothing",
    person: "if-it-stays",
  },
  "terminal/unproven": {
    meaning: "nobody has proven how this terminal books less than a hold: it takes no money",
    remedy: "`chargetill terminal test`, with a card of your own",
    stops: "nothing",
    person: "yes",
  },
  "contactor/welded": {
    meaning: "told to open, the auxiliary contact says closed",
    remedy:
      "switch off the supply, replace the contactor, or its feedback is wired the other way round (`activeLow`); then " +
      "`chargetill contactor test N` beside the running agent",
    stops: "connector",
    person: "says-so",
  },
  "contactor/not-closing": {
    meaning:
      "told to close or to stay closed, the auxiliary contact says open or does not hold still; the session is ended, " +
      "and no time is billed since the last reading before",
    remedy: "check coil, relay and wiring, then `chargetill contactor test N` beside the running agent",
    stops: "connector",
    person: "says-so",
  },
  "plug/unsteady": {
    meaning:
      "the plug contact changes more often than people make it; it counts as unplugged until it has been quiet for a while",
    remedy: "look for a loose contact or wire of the plug contact, or a missing pull-up",
    stops: "connector",
    person: "if-it-stays",
  },
  "button/stuck": {
    meaning: "a button has been down for a minute",
    remedy: "free the button; check its wire, and `activeLow`",
    stops: "nothing",
    person: "yes",
  },
  "opener/missing": {
    meaning: "nobody opens the contactors within a second should the agent hang; the watchdog does it later",
    remedy: "`systemctl restart chargetill-opener`; `journalctl -u chargetill-opener` says why it ended",
    stops: "nothing",
    person: "yes",
  },
  "button/unsteady": {
    meaning: "a button changes more often than people press; it counts as let go until it has been quiet for a while",
    remedy: "look for a loose contact or wire of the button, or a missing pull-up",
    stops: "nothing",
    person: "if-it-stays",
  },
  "disk/full": {
    meaning: "little space is left: a receipt might not fit; selling starts again by itself when there is room",
    remedy: "`journalctl --vacuum-size=50M`, `apt clean`",
    stops: "station",
    person: "yes",
  },
  "disk/failed": {
    meaning: "the disk is read-only or does not write",
    remedy: "`dmesg`, `chargetill doctor`; replace the card if it fails again",
    stops: "station",
    person: "if-it-stays",
  },
  "journal/damaged": {
    meaning: "a file of the journal was changed or lost",
    remedy: "`chargetill repair`",
    stops: "station",
    person: "yes",
  },
  "book/damaged": {
    meaning: "a page of the receipt book or a table was changed or lost; running sessions are settled",
    remedy: "`chargetill repair`",
    stops: "station",
    person: "yes",
  },
  "numbers/unknown": {
    meaning:
      "the station was restored from a backup, and nobody here knows which receipt numbers were given since; none is " +
      "given until somebody names the last one",
    remedy:
      "find the last receipt that was given (drivers' copies, the backend, paper), then " +
      "`chargetill receipts continue --after N --note TEXT`",
    stops: "station",
    person: "yes",
  },
  "key/unusable": {
    meaning: "the key is missing, damaged, that of another station, or readable by others",
    remedy: "restore it from the backup; `chmod 600`",
    stops: "station",
    person: "yes",
  },
  "tariff/unreadable": {
    meaning: "a tariff file of the config cannot be read or priced exactly; found at the start",
    remedy: "`chargetill tariff check FILE --zone Europe/Berlin` (your time zone)",
    stops: "station",
    person: "yes",
  },
  "tariff/refused": {
    meaning: "a tariff that a backend sends cannot be priced exactly; it is refused, and the old one stays",
    remedy: "tell the backend's operator what the message says",
    stops: "nothing",
    person: "yes",
  },
  "config/invalid": {
    meaning: "the config asks for what is not there or does not fit together; found at the start",
    remedy: "`chargetill config check`",
    stops: "station",
    person: "yes",
  },
  "state/locked": {
    meaning: "another process works in the state folder; found at the start",
    remedy: "wait for it to end, or stop it: the message names its process",
    stops: "station",
    person: "if-it-stays",
  },
  "uplink/unauthorised": {
    meaning: "the backend refuses the token or password, or the address is wrong; nothing is lost meanwhile",
    remedy: "check token file or password file, and url",
    stops: "nothing",
    person: "yes",
  },
  "uplink/unsure": {
    meaning: "an answer that cannot be believed, such as a login page; the same copy is sent again",
    remedy: "check the line, and url",
    stops: "nothing",
    person: "if-it-stays",
  },
  "cdr/wrong": {
    meaning:
      "a CDR, priced again from its own text, does not cost what its receipt says: an error in chargetill; the CDR is " +
      "kept back, and the receipt stands",
    remedy:
      "`chargetill bundle`, and report it with an issue; look at it (`chargetill sync parked`), then " +
      "`chargetill sync resend N` or `chargetill sync leave N`",
    stops: "nothing",
    person: "yes",
  },
  "payment/unsure": {
    meaning: "it is not known whether a payment was held, booked or released; it is asked about, and never sent twice",
    remedy: "bring the terminal's line back; where it goes on, compare `chargetill payments open` with the terminal",
    stops: "nothing",
    person: "if-it-stays",
  },
  "payment/hold-old": {
    meaning: "money of a driver has been held for so long that the bank will soon let go of it",
    remedy: "end the session, or bring the terminal's line back so that it is booked",
    stops: "nothing",
    person: "yes",
  },
  "payment/amount": {
    meaning:
      "the terminal booked another amount than the receipt's; nobody can pay by card until the agent is started again",
    remedy: "check the terminal's dialect in the config, then pay back what `chargetill payments list` shows",
    stops: "nothing",
    person: "yes",
  },
  "agent/defect": {
    meaning: "an error in chargetill itself; contactors open, the agent starts again and settles what was open",
    remedy: "`chargetill bundle`, and report it with an issue; `journalctl -u chargetill` has the details",
    stops: "station",
    person: "if-it-stays",
  },
};

/** Whether a word is one of the codes. */
export const isFaultCode = (word: string | undefined): word is FaultCode =>
  word !== undefined && Object.hasOwn(faultTable, word);

/** Whether a fault, once raised, stands until somebody says or shows that it is mended. */
export const standsUntilSaid = (code: string): boolean => isFaultCode(code) && faultTable[code].person === "says-so";

/** What a fault costs while it stands. */
export const reachWords: Readonly<Record<FaultReach, string>> = {
  station: "nothing is sold",
  connector: "this connector sells nothing",
  reader: "no cards at this reader",
  nothing: "the station goes on selling",
};

/** What a fault costs and what to do about it, in one line beneath its message. */
export function remedyLine(code: FaultCode): string {
  const { remedy, stops } = faultTable[code];
  return `${reachWords[stops]}; what to do: ${remedy.replaceAll("`", "")}`;
}

/** What to do, as plain text. */
export const remedyOf = (code: FaultCode): string => faultTable[code].remedy.replaceAll("`", "");
