// What the running agent answers over its socket: how it stands, the operator's words, and what a technician asks of
// the devices.
import type { Config } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import type { Machine } from "../../drivers/machine/open-machine.js";
import type { ControlAnswer, ControlRequest } from "../control/control-socket.js";
import { requestedNumber, requestedSwitch, requestedText, requestedValue } from "../control/request-fields.js";
import { Failure } from "../core/failure.js";
import { cleanJson } from "../core/json/clean-json.js";
import { refundWays } from "../core/receipt/receipt-payload.js";
import { ReceiptFault, SignerFailed } from "../core/signing/signer.js";
import { parseTariff } from "../core/tariff/tariff-reader.js";
import { cleanedText } from "../core/words/printable.js";
import type { Disk } from "../ledger/store/disk.js";
import { answerPaymentRequest } from "../payments/payment-requests.js";
import type { CreditBy } from "../receipts/corrections.js";
import { adoptKey, stageKey } from "../receipts/key-rotation.js";
import type { PaymentAnswer } from "../receipts/payments.js";
import { type Forgotten, forgetPerson, tracesOf } from "../receipts/privacy/forgetting.js";
import type { Snapshot } from "../station/snapshot.js";
import type { Outbox } from "../sync/outbox.js";
import { answerDeviceRequest } from "../technician/device-requests.js";
import { answerComplaintRequest } from "./complaint-requests.js";
import type { Services } from "./services/services.js";
import { startSync, syncFinished } from "./sync-now.js";
import type { UplinkStatus } from "./uplinks/uplink-status.js";

export type ControlContext = {
  /** The config, and the file that it came from. */
  readonly file: string;
  readonly config: Config;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly services: Services | undefined;
  /** Why nothing is sold, where that is so. */
  readonly whyClosed: () => string | undefined;
  /** The agent lets go of everything: nothing is issued any more. */
  readonly isEnding: () => boolean;
  readonly snapshot: () => Snapshot;
  readonly newId: () => string;
  /**
   * Sells nothing more and stops what runs, or sells again; answers the connectors whose sessions are not settled yet.
   */
  readonly drain: (on: boolean) => number[];
  readonly die: (error: unknown) => void;
};

/** Answers one request. A refusal is an answer; only a broken promise of ours is thrown. */
export async function answerControlRequest(request: ControlRequest, context: ControlContext): Promise<ControlAnswer> {
  const { services } = context;
  switch (request.do) {
    case "status":
      return { ok: true, value: context.snapshot() };
    case "config":
      // Cards are not among what a command needs of it, and could be more than a line holds.
      return { ok: true, value: { file: context.file, config: { ...context.config, tokens: [] } } };
    case "stop": {
      const connector = requestedNumber(request["connector"], "connector");
      const refused =
        services === undefined ? (context.whyClosed() ?? "the station is not open") : services.station.stop(connector);
      return refused === null ? { ok: true, value: { stopping: connector } } : { ok: false, why: refused };
    }
    case "drain":
      return { ok: true, value: { open: context.drain(requestedSwitch(request["on"], "on") ?? true) } };
    case "credit":
      return issue(context, ({ issuer }, now) =>
        issuer.corrections.credit(requestedNumber(request["number"], "number"), creditOrder(request), now),
      );
    case "correct":
      return issue(context, ({ issuer }, now) => {
        const parsed = parseTariff(cleanJson(request["tariff"]).value);
        if (!parsed.ok)
          throw new Failure(
            "tariff/invalid",
            `the tariff cannot be read: ${parsed.faults[0]?.path ?? ""}: ${parsed.faults[0]?.message ?? ""}`,
          );
        return issuer.corrections.correct(
          requestedNumber(request["number"], "number"),
          parsed.tariff,
          context.newId(),
          now,
        );
      });
    case "rotate-key":
      return issue(context, ({ issuer, mayRotate }, now) => {
        if (!mayRotate)
          throw new Failure("usage/invalid", "the key is handed in from outside (systemd credential): change it there");
        const number = issuer.changeKey(stageKey(context.disk, context.config.state), now);
        adoptKey(context.disk, context.config.state);
        return number;
      });
    case "numbers-continue":
      return continueNumbers(context, request);
    case "settle":
      return askServices(context, (services, now) => settle(services, request, now));
    case "payments":
    case "payment-release":
    case "payment-release-unknown":
    case "payment-refunded":
      return askServices(context, ({ station, onTheSpot }, now) =>
        answerPaymentRequest(request, station.stationState(), onTheSpot, now),
      );
    case "complaint-open":
    case "complaint-answer":
    case "complaint-close":
      return complaintAnswer(context, request);
    case "privacy-forget": {
      const card = requestedText(request["card"], "card", 36);
      return askServices(context, (services) => forgetCard(services, card));
    }
    case "sync-status":
      return services === undefined
        ? { ok: false, why: context.whyClosed() ?? "the station is not open" }
        : { ok: true, value: uplinksOf(services) };
    case "sync-now":
    case "sync-wait": {
      if (services === undefined) return { ok: false, why: context.whyClosed() ?? "the station is not open" };
      if (request.do === "sync-now") startSync(services);
      const done = await syncFinished(services);
      return { ok: true, value: { done, uplinks: uplinksOf(services) } };
    }
    case "sync-leave":
      return { ok: true, value: decideOn(services, request, (outbox, receipt) => outbox.leave(receipt)) };
    case "sync-park":
      return { ok: true, value: decideOn(services, request, (outbox, receipt) => outbox.park(receipt)) };
    case "sync-resend":
      return { ok: true, value: resend(services, request["number"], request["uplink"]) };
    default:
      return (
        (await askField(request, context)) ?? {
          ok: false,
          why: `this agent does not know "${requestedValue(request.do)}"`,
        }
      );
  }
}

/** What the services of an open station answer; a failure of theirs is told in words. */
async function askServices(
  { services, machine, whyClosed, die }: ControlContext,
  work: (services: Services, now: Moment) => unknown,
): Promise<ControlAnswer> {
  if (services === undefined) return { ok: false, why: whyClosed() ?? "the station is not open" };
  try {
    return { ok: true, value: await work(services, machine.clock.now()) };
  } catch (error) {
    return failureAnswer(error, die);
  }
}

async function askField(
  request: ControlRequest,
  { config, machine, services, whyClosed, die }: ControlContext,
): Promise<ControlAnswer | undefined> {
  if (services === undefined) return { ok: false, why: whyClosed() ?? "the station is not open" };
  const { station, cards, acceptedMeters, acceptedTerminals, terminalTests } = services;
  const accepted = { acceptedMeters, acceptedTerminals };
  return answerDeviceRequest(request, { config, machine, station, cards, ...accepted, terminalTests, die });
}

/** Forgets whose the receipts of a card are, and what was written about them; what is complained about waits. */
async function forgetCard(
  { book, disclosures, nameUser, outboxes, complaints }: Services,
  uid: string,
): Promise<Forgotten> {
  const { id: name } = nameUser({ uid, type: "RFID" }, "WHITELIST");
  const isDone = (receipt: number): boolean =>
    outboxes.every((outbox) => outbox.stateOf(receipt) === "acked") &&
    complaints.about(receipt).every(({ end }) => end !== undefined);
  const { known, receipts } = await tracesOf(book, disclosures.of, { uid, name });
  const forgotten = await forgetPerson(disclosures, known, isDone);
  complaints.forgetAbout(new Set(receipts));
  return forgotten;
}

/** A failure in words; of the disk it ends the process too. Throws what is none. */
function failureAnswer(error: unknown, die: ControlContext["die"]): ControlAnswer {
  if (!(error instanceof Failure)) throw error;
  if (error.code === "disk/failed" || error.code === "disk/full") die(error);
  return { ok: false, why: error.message };
}

/** Issues a receipt by hand and hands it to the uplinks. */
function issue(
  { services, machine, whyClosed, isEnding, die }: ControlContext,
  make: (services: Services, now: Moment) => number,
): ControlAnswer {
  if (services === undefined) return { ok: false, why: whyClosed() ?? "the station is not open" };
  if (isEnding()) return { ok: false, why: "the station is closing" };
  try {
    const number = make(services, machine.clock.now());
    for (const outbox of services.outboxes) outbox.kick();
    return { ok: true, value: { receipt: number, keyId: services.issuer.keyId } };
  } catch (error) {
    return issuingAnswer(error, die);
  }
}

/** Why a receipt was not issued, in words. Throws what is no failure. */
function issuingAnswer(error: unknown, die: ControlContext["die"]): ControlAnswer {
  if (error instanceof ReceiptFault) return { ok: false, why: error.message };
  if (error instanceof SignerFailed)
    return { ok: false, why: "the signer failed, so nothing was issued: chargetill doctor looks at the key" };
  return failureAnswer(error, die);
}

/** A person names the last receipt number that was given; what waited for it goes on. */
function continueNumbers(
  { services, machine, whyClosed, isEnding, die }: ControlContext,
  { after, by, note }: ControlRequest,
): ControlAnswer {
  if (services === undefined) return { ok: false, why: whyClosed() ?? "the station is not open" };
  if (isEnding()) return { ok: false, why: "the station is closing" };
  const { issuer, station } = services;
  try {
    const last = requestedNumber(after, "after");
    const lost = issuer.numbers.continueAfter(
      last,
      printedLine(by, "by", longestName),
      printedLine(note, "note", longestReason),
      machine.clock.now(),
    );
    station.faults.mended("station", "numbers/");
    return { ok: true, value: { after: last, lost } };
  } catch (error) {
    return failureAnswer(error, die);
  }
}

/** Takes up what was said of a payment; it goes out to the backends that have a message for it. */
function settle(
  { payments, paymentLines, outboxes, station, book }: Services,
  { number, reference, status, amount, at, info, otherAmount }: ControlRequest,
  now: Moment,
): PaymentAnswer {
  const { payment, known } = payments.tell(
    requestedNumber(number, "number"),
    { reference, status, amount, at, info, otherAmount },
    { book, now, record: (event) => station.enter(event) },
  );
  for (const { outbox } of paymentLines) outbox.kick();
  return {
    payment,
    known,
    uplinks: outboxes
      .map((outbox) => outbox.status().uplink)
      .map((uplink) => ({ uplink, told: paymentLines.some(({ name }) => name === uplink) })),
  };
}

function complaintAnswer(
  { services, config, machine, whyClosed, isEnding, die }: ControlContext,
  request: ControlRequest,
): ControlAnswer {
  if (services === undefined) return { ok: false, why: whyClosed() ?? "the station is not open" };
  if (isEnding()) return { ok: false, why: "the station is closing" };
  try {
    return { ok: true, value: answerComplaintRequest(request, services, config.language, machine.clock.now()) };
  } catch (error) {
    return issuingAnswer(error, die);
  }
}

/** What was fetched, and what is told of payments, stands beside what was sent. */
function uplinksOf({ outboxes, pulls, paymentLines, payments }: Services): UplinkStatus[] {
  const pulled = new Map(pulls.map((pull) => [pull.status().uplink, pull.status()]));
  const lines = new Map(paymentLines.map(({ name, outbox }) => [name, outbox.status()]));
  const known = payments.last();
  return outboxes.map((outbox) => {
    const status = outbox.status();
    const [pull, line] = [pulled.get(status.uplink), lines.get(status.uplink)];
    const { waiting, parked, words } = line ?? { waiting: 0, parked: [], words: undefined };
    const told = {
      known,
      ...(line === undefined ? {} : { waiting, parked, ...(words === undefined || words === "" ? {} : { words }) }),
    };
    return {
      ...status,
      ...(pull === undefined ? {} : { pull }),
      ...(line === undefined && known === 0 ? {} : { payments: told }),
    };
  });
}

/** What a person decides on one receipt; answers the uplinks that it concerned. */
function decideOn(
  services: Services | undefined,
  { number, uplink }: ControlRequest,
  decide: (outbox: Outbox, receipt: number) => boolean,
): string[] {
  const receipt = requestedNumber(number, "number");
  return (services?.outboxes ?? [])
    .filter((outbox) => uplink === undefined || outbox.status().uplink === uplink)
    .filter((outbox) => decide(outbox, receipt))
    .map((outbox) => outbox.status().uplink);
}

/** Receipts by their numbers, and the payments of those receipts. */
function resend(
  services: Services | undefined,
  wanted: unknown,
  uplink: unknown,
): { uplink: string; numbers: number[]; payments: number[] }[] {
  const asked = wanted === "all" ? wanted : requestedNumber(wanted, "number");
  return (services?.outboxes ?? [])
    .map((outbox) => ({ outbox, uplink: outbox.status().uplink }))
    .filter((one) => uplink === undefined || one.uplink === uplink)
    .map((one) => ({
      uplink: one.uplink,
      numbers: one.outbox.resend(asked),
      payments: services?.paymentLines.find(({ name }) => name === one.uplink)?.resend(asked) ?? [],
    }));
}

/** What is said of a credit; it stands in a signed receipt for ever. */
function creditOrder(request: Readonly<Record<string, unknown>>): CreditBy {
  const refund = refundWays.find((way) => way === request["refund"]);
  if (refund === undefined && request["refund"] !== undefined)
    throw new Failure("usage/invalid", `refund: expected one of ${refundWays.join(", ")}`);
  const reason = printedLine(request["reason"], "the reason", longestReason);
  const by = printedLine(request["by"], "by", longestName);
  return { reason, by, ...(refund === undefined ? {} : { refund }) };
}

const longestReason = 200;
const longestName = 80;

/** A line of words for a receipt, which is printed on 32 columns: not less and not more. */
function printedLine(text: unknown, name: string, longest: number): string {
  const line = typeof text === "string" ? text.trim() : "";
  if (line === "" || line.length > longest || cleanedText(line) !== line)
    throw new Failure("usage/invalid", `${name} is one line of 1 to ${longest} characters`);
  return line;
}
