// What a tap at a payment terminal means: a bank card starts a session on money that is held first, and the same card
// stops it; an RFID card is a tap like at the reader beside it. Everything is journalled before anybody relies on it.
import type { ConnectorConfig, StationFacts } from "../../config/schema.js";
import type { Clock, Moment } from "../../drivers/driver.js";
import type { MinorAmount, PaymentTap, RefusalCode } from "../../drivers/payment-gateway.js";
import { capMinor, type Hold } from "../core/payment/hold.js";
import { holdOf } from "../core/payment/hold-task.js";
import { amountInWords, minorText } from "../core/payment/minor-amount.js";
import type { Acceptance } from "../core/session/opening.js";
import { stopDetails } from "../core/session/session-event.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Layout, StationState } from "../core/station/station-state.js";
import { decideTap, hasJustBegun } from "../core/station/tap-decision.js";
import { accept, type DriverAnswer, decisionWords, decline, finishedWords } from "../station/driver-answer.js";
import type { AgentEvent } from "../station/events.js";
import type { HoldAnswer } from "./hold-ask.js";
import type { HoldLedger } from "./hold-ledger.js";
import { refusalWordsOfPayment } from "./refusal-words.js";

type BankCard = Extract<PaymentTap, { readonly kind: "bank-card" }>;

export type BankCardHandlerParts = {
  readonly clock: Clock;
  readonly station: Pick<StationFacts, "countryCode" | "partyId">;
  /** The reader whose connectors the terminal serves, by the reader's own rule. */
  readonly reader: string;
  readonly layout: Layout;
  readonly connectors: readonly ConnectorConfig[];
  readonly ledger: Pick<HoldLedger, "hold">;
  /** What is held at a tap. */
  readonly amount: () => MinorAmount;
  readonly stationState: () => StationState;
  readonly record: (event: StationEvent) => boolean;
  /** Why nobody may start at a connector now who has no reservation. */
  readonly refusal: (connector: number) => string | undefined;
  /** Why a session on this hold could not be sold at a connector now: its price, or a hold below the least total. */
  readonly whyTooLittle: (connector: ConnectorConfig, acceptance: Acceptance) => string | undefined;
  readonly openContactor: (connector: number) => void;
  /** The lamp of a connector at which somebody pays, or no longer. */
  readonly paying: (connector: number, on: boolean) => void;
  /** Says on the terminal's own display why a card was refused. */
  readonly tell: (code: RefusalCode) => void;
  readonly rfid: (uid: string, moment: Moment) => void;
  /** Shows a refusal at the connector that it is about, or at all of the reader's. */
  readonly showRefused: (connector: number | null) => void;
  readonly emit: (event: AgentEvent) => void;
  readonly die: (error: unknown) => void;
};

/** So much of a keyed hash is kept: 128 bits tell all cards apart. */
const keptHash = 32;
const kept = (cardKey: string): string => cardKey.slice(0, keptHash);

/** All that a log or a display shows of a bank card. */
const cardInWords = ({ card }: BankCard): string =>
  card?.lastFour === undefined ? (card?.brand ?? "bank card") : `…${card.lastFour}`;

export class BankCardHandler {
  readonly #parts: BankCardHandlerParts;
  #isPaying = false;

  constructor(parts: BankCardHandlerParts) {
    this.#parts = parts;
  }

  /** A tap at the terminal. */
  tapped(tap: PaymentTap): void {
    if (tap.kind === "id-card") return this.#parts.rfid(tap.uid, tap.moment);
    if (tap.kind === "unreadable") {
      this.#parts.tell(tap.code);
      return this.#answer("bank card", decline(refusalWordsOfPayment[tap.code]));
    }
    const stop = this.#stopBy(tap);
    if (stop !== undefined) return this.#answer(cardInWords(tap), stop);
    if (this.#isPaying) return this.#answer(cardInWords(tap), decline("a payment is under way: one moment"));
    const place = this.#place(tap);
    if (typeof place !== "number") return this.#answer(cardInWords(tap), place);
    this.#isPaying = true;
    this.#parts.paying(place, true);
    void this.#pay(tap, place)
      .catch((error: unknown) => this.#parts.die(error))
      .finally(() => {
        this.#isPaying = false;
        this.#parts.paying(place, false);
      });
  }

  // ---- the card that pays already

  /** The answer to the card on whose hold a session is open here; undefined for any other card. */
  #stopBy({ cardKey }: BankCard): DriverAnswer | undefined {
    const { stationState, clock, openContactor, record } = this.#parts;
    const { sessions, holds } = stationState();
    for (const [connector, session] of sessions) {
      const reference = holdOf(session);
      if (reference === undefined || holds.get(reference)?.cardKey !== kept(cardKey)) continue;
      if (session.state === "starting") return decline(decisionWords["just-started"], connector);
      if (session.state !== "charging") return decline(decisionWords.ending, connector);
      const moment = clock.now();
      if (hasJustBegun(session, moment)) return decline(decisionWords["just-started"], connector);
      openContactor(connector);
      record({ type: "StopRequested", moment, connector, reason: "Local", detail: stopDetails.card });
      return accept(`connector ${connector} stops: what was not used is released`, connector);
    }
    return undefined;
  }

  // ---- a start

  /** Where the card would start, or what its bearer is told instead. No money is held before a car is there. */
  #place({ cardKey, moment }: BankCard): number | DriverAnswer {
    const { stationState, layout, reader, amount } = this.#parts;
    const decision = decideTap(stationState(), layout, reader, cardKey, moment, undefined);
    switch (decision.kind) {
      case "authorize": {
        const { connector } = decision;
        if (connector === null) return decline("plug in the car first, then hold the bank card again");
        const { minor, currency } = amount();
        const why = this.#whyNoStart(connector, this.#acceptance("asked", minorText(minor, currency)));
        return why === undefined ? connector : decline(`no session can start: ${why}`, connector);
      }
      case "refuse":
        return decision.connector === undefined
          ? decline(decisionWords[decision.why])
          : decline(finishedWords(decision.connector), decision.connector);
      case "stop":
      case "waits-already":
        return decline(decisionWords["in-use"]);
      default:
        return decision satisfies never;
    }
  }

  async #pay(tap: BankCard, connector: number): Promise<void> {
    const { ledger, emit, clock } = this.#parts;
    const amount = this.#parts.amount();
    const held = amountInWords(amount);
    const text = `connector ${connector}: ${held} are being held on the card ${cardInWords(tap)}; what is not used is released at the end`;
    emit({ type: "note", at: clock.now().at, text });
    const { cardKey, card } = tap;
    const answer = await ledger.hold({
      connector,
      amount,
      cardKey: kept(cardKey),
      ...(card === undefined ? {} : { card }),
      begin: (hold) => this.#begin(hold),
      later: (late) => this.#answer(cardInWords(tap), driverWords(late, connector, held)),
    });
    if (answer.kind === "refused") this.#parts.tell(answer.code);
    this.#answer(cardInWords(tap), driverWords(answer, connector, held));
  }

  /** The money is held: the start is journalled, or why there is none. */
  #begin(hold: Hold): string | undefined {
    const { clock, record, stationState } = this.#parts;
    const { connector, reference } = hold;
    const session = stationState().sessions.get(connector);
    if (session?.state !== "occupied") return "the connector is not free any more";
    const acceptance = this.#acceptance(reference, minorText(capMinor(hold), hold.amount.currency));
    const why = this.#whyNoStart(connector, acceptance);
    if (why !== undefined) return why;
    return record({ type: "CardAccepted", moment: clock.now(), connector, acceptance })
      ? undefined
      : "the station is closing";
  }

  /** Why no session can start at a connector on what is, or would be, held. */
  #whyNoStart(connector: number, acceptance: Acceptance): string | undefined {
    const { refusal, connectors, whyTooLittle } = this.#parts;
    const config = connectors.find(({ id }) => id === connector);
    return refusal(connector) ?? (config === undefined ? "it is not there" : whyTooLittle(config, acceptance));
  }

  #acceptance(reference: string, cost: string): Acceptance {
    const { countryCode, partyId } = this.#parts.station;
    return {
      token: {
        uid: reference,
        type: "AD_HOC_USER",
        idTokenType: "DirectPayment",
        contractId: reference,
        countryCode,
        partyId,
      },
      authMethod: "AUTH_REQUEST",
      limits: { cost, why: "no more is held" },
      hold: reference,
    };
  }

  // ---- the answer

  #answer(card: string, answer: DriverAnswer): void {
    const { clock, reader, emit, showRefused } = this.#parts;
    emit({ type: "tap", at: clock.now().at, reader, card, ...answer });
    if (!answer.accepted) showRefused(answer.connector);
  }
}

function driverWords(answer: HoldAnswer, connector: number, held: string): DriverAnswer {
  switch (answer.kind) {
    case "began":
      return accept(
        `${held} are held: connector ${connector} starts; what is not used is released at the end`,
        connector,
      );
    case "not-begun":
      return decline(`${answer.why}: what was held is released`, connector);
    case "refused":
      return decline(refusalWordsOfPayment[answer.code], connector);
    case "unsure":
      return accept("the answer of the bank is missing: it is being asked, please wait", connector);
    default:
      return answer satisfies never;
  }
}
