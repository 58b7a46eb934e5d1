// Opens what takes money on the spot, where the machine has a payment gateway: the line to it, the holds that it drives to
// their end, the meaning of a bank card, and what is owed back.
import type { Config, ConnectorConfig } from "../../../config/schema.js";
import type { Clock, MeterIdentity } from "../../../drivers/driver.js";
import type { RefusalCode } from "../../../drivers/payment-gateway.js";
import { Failure } from "../../core/failure.js";
import { capMinor, type Hold, isEnded } from "../../core/payment/hold.js";
import { lookAheadAt, whyBelowLeastTotal } from "../../core/payment/hold-cap.js";
import { amountInWords, minorOf, minorText } from "../../core/payment/minor-amount.js";
import type { Payable } from "../../core/payment-facts.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import type { Acceptance } from "../../core/session/opening.js";
import { minuteMs } from "../../core/time/time.js";
import { paymentWords } from "../../core/words/payment-words.js";
import type { Book } from "../../ledger/book/book.js";
import { receiptOfSession } from "../../ledger/book/session-receipt.js";
import { BankCardHandler } from "../../payments/bank-card-handler.js";
import { bankCardLines, terminalReader } from "../../payments/bank-card-words.js";
import { openCardKey } from "../../payments/card-key.js";
import { GatewayLine } from "../../payments/gateway-line.js";
import { HoldLedger } from "../../payments/hold-ledger.js";
import { HoldTable } from "../../payments/hold-table.js";
import { Refunds } from "../../payments/refunds.js";
import type { Payments } from "../../receipts/payments.js";
import type { Station } from "../../station/station.js";
import { faultCodeOf } from "../../sync/faults.js";
import type { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import type { PaymentNotices } from "../uplinks/payment-notices.js";
import type { PaymentServices, ServicesParts } from "./services.js";

export type PaymentTies = {
  readonly station: Station;
  readonly book: Book;
  readonly payments: Payments;
  readonly paymentLines: readonly PaymentNotices[];
  readonly activeTariffs: ActiveTariffs;
};

/** Its faults stand under this name. */
const device = "terminal";
/** Receipts that are looked through for the one of a lost session. */
const newestLookedAt = 64;

/** Undefined where the machine has no gateway. Begins to work at once. */
export function openPayments(parts: ServicesParts, ties: PaymentTies): PaymentServices | undefined {
  const { machine, loaded } = parts;
  const { gateway: openGateway } = machine;
  if (openGateway === undefined) return undefined;
  const { config } = loaded;
  const { station, book } = ties;
  const { clock } = machine;
  const opened = openKept(parts, station);
  if (opened === undefined) return undefined;
  const { table, cardKey } = opened;
  const note = (text: string): void => parts.emit({ type: "note", at: clock.now().at, text });
  const record = station.enter.bind(station);
  const refunds = new Refunds({ table, book, payments: ties.payments, record });
  let isAmountWrong = false;
  // A start is the word of a person that the dialect is right now: what ended before it is told again, and stops nothing.
  const endedBefore = new Set([...station.stationState().holds.values()].filter(isEnded));
  const ledger: HoldLedger = new HoldLedger({
    clock,
    table,
    record,
    stationState: () => station.stationState(),
    gateway: () => line.gateway,
    payable: (receipt) => payableIn(book, receipt),
    receiptOf: (sessionId) => receiptOfSession(book, sessionId, newestLookedAt),
    whyNotBooked: () => (isAmountWrong ? "the terminal booked a wrong amount: nothing more is booked" : undefined),
    faults: station.faults,
    releaseUnknown: config.payments.releaseUnknownHolds,
    ended: (hold) => {
      isAmountWrong = (tellEnd(hold, parts, ties, refunds) && !endedBefore.has(hold)) || isAmountWrong;
    },
    newId: parts.newId,
    note,
    die: parts.die,
  });
  const cards = openCards(
    parts,
    ties,
    ledger,
    () => line.gateway?.currency,
    () => isAmountWrong,
    (code) => line.gateway?.show?.(paymentWords[config.language].refusals[code]),
  );
  const line: GatewayLine = new GatewayLine({
    clock,
    device,
    open: () => openGateway(cardKey),
    faults: station.faults,
    tapped: (tap) => cards.tapped(tap),
    back: async () => {
      showText();
      ledger.meet(true);
      const why = await ledger.reconcile();
      if (why !== undefined) note(`${device}: its open holds could not be asked for: ${why}`);
      for (const { handle } of ledger.unknown) note(`${device}: hold ${handle} is open there and not known here`);
    },
    die: parts.die,
  });
  /** The price, where all connectors of the terminal have the same, and what is held, on the terminal's own display if it has one. */
  const showText = (): void => {
    if (config.terminal?.texts !== true) return;
    const reader = terminalReader(config) ?? "";
    const served = config.connectors.filter((one) => one.reader === reader);
    const prices = new Set(served.map((one) => ties.activeTariffs.lines(one, clock.now())[0] ?? ""));
    const [price = ""] = prices.size === 1 ? prices : [];
    const texts = [price, ...bankCardLines(config, reader, true)].filter((text) => text !== "");
    line.gateway?.show?.(texts.join(". "));
  };
  const stopListening = station.feed().listen(({ before, after }) => {
    if (before.holds !== after.holds || before.sessions !== after.sessions) ledger.meet();
  });
  let cancel = (): void => undefined;
  const lookAtHolds = failingAsFault(station, clock, () => ledger.minute());
  const lookAtRefunds = failingAsFault(station, clock, () => refunds.look(clock.now().at));
  const everyMinute = (): void => {
    lookAtHolds();
    showText();
    lookAtRefunds();
    cancel = clock.at(clock.now().monoMs + minuteMs, everyMinute);
  };
  everyMinute();
  void line.run();
  return {
    ledger,
    refunds,
    table,
    line,
    cards,
    close: async () => {
      stopListening();
      cancel();
      ledger.close();
      await line.close();
    },
  };
}

/** Work that comes again: a book or a disk that fails it is a fault for so long, and stops nothing else. */
function failingAsFault({ faults }: Station, clock: Clock, work: () => void): () => void {
  let raised: string | undefined;
  return () => {
    try {
      work();
      if (raised !== undefined) faults.mended(device, raised);
      raised = undefined;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      raised = faultCodeOf(error);
      faults.raise(device, faultCodeOf(error), error.message, clock.now().at);
    }
  };
}

/** What is kept of payments; where it cannot be opened nobody pays by card, and everything else is sold on. */
function openKept(
  { machine, disk, loaded }: ServicesParts,
  station: Station,
): { readonly table: HoldTable; readonly cardKey: Uint8Array } | undefined {
  const { state } = loaded.config;
  try {
    return { table: HoldTable.open(disk, state), cardKey: openCardKey(disk, state) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    station.faults.raise(device, faultCodeOf(error), error.message, machine.clock.now().at);
    return undefined;
  }
}

function openCards(
  { loaded, machine, emit, die }: ServicesParts,
  { station, activeTariffs }: PaymentTies,
  ledger: HoldLedger,
  currency: () => string | undefined,
  isAmountWrong: () => boolean,
  tell: (code: RefusalCode) => void,
): BankCardHandler {
  const { config } = loaded;
  const { clock } = machine;
  const reader = terminalReader(config) ?? "";
  return new BankCardHandler({
    clock,
    station: config.station,
    reader,
    layout: station.layout,
    connectors: config.connectors,
    ledger,
    amount: () => amountOf(config, currency() ?? "EUR"),
    stationState: () => station.stationState(),
    record: station.enter.bind(station),
    refusal: (connector) =>
      isAmountWrong()
        ? "the terminal booked a wrong amount: nobody can pay by card"
        : station.refusal(connector, undefined),
    whyTooLittle: (connector, acceptance) =>
      whyTooLittle(connector, acceptance, currency(), config, machine, activeTariffs),
    openContactor: (connector) => station.connectors.get(connector)?.openContactor(),
    paying: (connector, on) => station.paying(connector, on),
    tell,
    rfid: (uid, moment) => station.cardHandler.tapped(reader, { kind: "card", uid, moment }),
    showRefused: (connector) => {
      for (const { id, reader: of } of station.layout.connectors)
        if (of === reader && (connector === null || connector === id)) station.connectors.get(id)?.answer("refused");
    },
    emit,
    die,
  });
}

const amountOf = ({ payments }: Config, currency: string) => ({ minor: minorOf(payments.hold, currency), currency });

/** Nothing is metered yet: what a session would begin with, for the question what it costs at least. */
const noMeter: MeterIdentity = { vendor: "", model: "", serial: "" };
/** The register of a meter moves by this much at most where it is not known yet: 10 Wh. */
const coarseStepMilliWh = 10_000;

function whyTooLittle(
  connector: ConnectorConfig,
  acceptance: Acceptance,
  currency: string | undefined,
  { timing }: Config,
  { clock }: ServicesParts["machine"],
  activeTariffs: ActiveTariffs,
): string | undefined {
  const begin = { moment: clock.now(), energyMilliWh: 0, powerW: 0, serial: "" };
  const opening = activeTariffs.opening("asked", connector, acceptance, noMeter, begin);
  if (typeof opening === "string") return opening;
  if (currency !== undefined && opening.tariff.currency !== currency)
    return `the price is in ${opening.tariff.currency}, and the terminal takes ${currency}`;
  return whyBelowLeastTotal(
    opening,
    lookAheadAt(connector, timing, { stepMilliWh: coarseStepMilliWh, powerW: 0, sinceMs: 0 }),
  );
}

/** Whoever must know that a hold has ended is told; again after a crash. True = its amount is not the receipt's. */
function tellEnd(
  hold: Hold,
  parts: ServicesParts,
  { station, book, payments, paymentLines }: PaymentTies,
  refunds: Refunds,
): boolean {
  const { clock } = parts.machine;
  const now = clock.now();
  const { receipt, reference, amount, finalMinor, bookedMinor, endedMs = now.at, why } = hold;
  const { currency } = amount;
  if (receipt === undefined) return false;
  const status = hold.state === "booked" ? "settled" : hold.state === "released" ? "canceled" : "rejected";
  const told =
    hold.state === "booked" ? (bookedMinor ?? finalMinor ?? 0) : hold.state === "failed" ? capMinor(hold) : 0;
  const info = hold.state === "booked" && bookedMinor === null ? "the terminal did not confirm the amount" : why;
  try {
    payments.tell(
      receipt,
      {
        reference,
        status,
        amount: minorText(told, currency),
        at: new Date(Math.min(endedMs, now.at)).toISOString(),
        ...(info === undefined ? {} : { info }),
        otherAmount: true,
      },
      // That it was booked or let go of stands in the journal already.
      { book, now, record: () => true },
    );
    for (const { outbox } of paymentLines) outbox.kick();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "usage/invalid") throw error;
    parts.emit({ type: "note", at: now.at, text: `payment ${hold.number} could not be noted: ${error.message}` });
  }
  if (hold.state !== "booked") return false;
  refunds.booked(receipt, now.at);
  if (typeof bookedMinor !== "number" || finalMinor === undefined || bookedMinor === finalMinor) return false;
  const [booked, final] = [bookedMinor, finalMinor].map((minor) => amountInWords({ minor, currency }));
  const words = `payment ${hold.number}: ${booked} booked where receipt ${receipt} asks for ${final}`;
  station.faults.raise(device, "payment/amount", words, now.at);
  if (bookedMinor > finalMinor) refunds.overbooked(receipt, reference, currency, { bookedMinor, finalMinor }, now.at);
  return true;
}

function payableIn(book: Book, receipt: number): Payable | undefined {
  const entry = book.get(receipt);
  const payload = entry === undefined ? undefined : payloadOf(entry.jws);
  if (payload?.kind !== "sale") return undefined;
  const { price, energyKwh } = payload.sale;
  return { gross: price.due.gross, currency: price.currency, energyKwh };
}
