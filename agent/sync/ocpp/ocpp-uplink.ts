// The OCPP uplink: brings settled sessions to a CSMS as transactions, tells it of the station while the line stands,
// asks it about cards, and lets it ask. The outbox owns the end of every session; what is told while one runs comes
// only when nothing waits there.

import type { Agent } from "node:http";
import type { OcppUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import type { OnlineAnswer } from "../../core/cdr/token.js";
import { apartFromDisclosures } from "../../core/disclosure/disclosure.js";
import { Failure } from "../../core/failure.js";
import type { SessionLimits } from "../../core/session/limits.js";
import { ReceiptFault } from "../../core/signing/signer.js";
import { sha256Hex } from "../../ledger/store/digest.js";
import { Oddities, type OddityCount } from "../oddities.js";
import { reachabilityBy } from "../outbox-status.js";
import type { OnlineCheck, StationFeed } from "../station-port.js";
import type { KeptCredentials } from "../transport/kept-credentials.js";
import type { Outcome, Uplink, UplinkItem, UplinkTies } from "../uplink.js";
import { StatusNotifications } from "./availability/status-notifications.js";
import { triggeredMessage } from "./availability/triggered-messages.js";
import { askAboutCard, type TakenTariff } from "./cards/ask-about-card.js";
import type { Party } from "./cards/authorize.js";
import { ReservationUpdates } from "./cards/reservation-updates.js";
import { CsmsLine } from "./csms-line.js";
import type { LogUploads } from "./requests/log-upload.js";
import type { Dialect } from "./rpc/frame.js";
import { type CsmsLink, type Intervals, type Registration, usualIntervals } from "./rpc/link.js";
import { type Reconnect, reconnectBy } from "./rpc/reconnect.js";
import { CallLost, type Handlers, type Rpc, type RpcCall } from "./rpc/rpc.js";
import type { CertificateRenewal } from "./security/certificate-renewal.js";
import type { SecurityEvents } from "./security/security-events.js";
import { SecurityWatch } from "./security/security-watch.js";
import { completedTransaction } from "./transactions/completed-transaction.js";
import { Extras } from "./transactions/extras.js";
import { sendPayment } from "./transactions/payment-notice.js";
import { TransactionReporter } from "./transactions/transaction-reporter.js";
import { Transactions } from "./transactions/transactions.js";
import type { TransactionsStore } from "./transactions/transactions-state.js";
import { UplinkMemory } from "./uplink-memory.js";

export type OcppUplinkParts = {
  readonly config: OcppUplinkConfig;
  readonly identity: string;
  readonly party: Party;
  readonly version: string;
  readonly connectors: readonly number[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly store: TransactionsStore;
  /** Undefined while there is no station to look at. */
  readonly feed: () => StationFeed | undefined;
  /** What this CSMS may ask of the station, by the version that was agreed on. */
  readonly handlers: (link: CsmsLink, dialect: Dialect) => Handlers;
  /** A backend may name this tariff: it set it, or it said so. */
  readonly tariffKnown: (tariffId: string) => boolean;
  /** Takes up the tariff of an Authorize answer (2.1). */
  readonly takeTariff: (tariff: unknown) => TakenTariff;
  /** The CSMS does not let this token charge. */
  readonly deauthorise: (sessionId: string, status: string) => void;
  /** The CSMS limits what a session may take; written down when it returns. */
  readonly limit: (sessionId: string, limits: SessionLimits) => void;
  readonly agent?: () => Agent | undefined;
  /** What the CSMS has set. */
  readonly credentials: KeptCredentials;
  readonly securityEvents: SecurityEvents;
  readonly logs: LogUploads;
  /** Where the CSMS makes out the station's certificate. */
  readonly renewal?: CertificateRenewal;
  readonly note: (text: string) => void;
  readonly die: (error: unknown) => void;
};

/** After so long without a line the CSMS is told everything anew (OCPPCommCtrlr.OfflineThreshold). */
const offlineThresholdMs = 60_000;

export class OcppUplink implements Uplink, CsmsLink, OnlineCheck {
  readonly name: string;
  sendsPublicKey = true;
  sendsRunningCost = true;
  reconnect: Reconnect;
  readonly #parts: OcppUplinkParts;
  readonly #line: CsmsLine;
  readonly #transactions: Transactions;
  readonly #reporter: TransactionReporter;
  readonly #statusNotifications: StatusNotifications;
  readonly #reservations: ReservationUpdates;
  readonly #memory: UplinkMemory;
  readonly #securityEvents: SecurityEvents;
  readonly #watch: SecurityWatch;
  readonly #oddities: Oddities;
  readonly #extras: Extras;
  #intervals: Intervals;
  #ties: UplinkTies | undefined;
  #stopListening: (() => void) | undefined;
  #lostMonoMs = Number.NEGATIVE_INFINITY;
  #up = false;
  /** Agreed on last. */
  #dialect: Dialect = "ocpp2.0.1";

  constructor(parts: OcppUplinkParts) {
    const { config, clock, random, feed, note, connectors } = parts;
    this.name = config.name;
    this.#parts = parts;
    this.reconnect = reconnectBy(config.backoff);
    this.#intervals = { ...usualIntervals, meterValuesS: config.meterValues / 1000 };
    this.#memory = new UplinkMemory({ name: config.name, store: parts.store, die: parts.die });
    this.#oddities = new Oddities(note);
    this.#extras = new Extras({ config, store: parts.store, note });
    this.#transactions = new Transactions({
      store: parts.store,
      note,
      extras: this.#extras,
      saw: (oddity) => this.#oddities.saw(oddity),
      tookLate: () => {
        this.#ties?.ready();
        this.#reporter.pump();
      },
      die: parts.die,
      begun: (sessionId, payload) => this.#reporter.begun(sessionId, payload),
      answered21: (sessionId, payload) => this.#reporter.answered21(sessionId, payload),
      tariffKnown: parts.tariffKnown,
      sendsRunningCost: () => this.sendsRunningCost,
    });
    this.#statusNotifications = new StatusNotifications({ feed, connectors, clock, note });
    this.#reservations = new ReservationUpdates(config.name, note);
    this.#reporter = new TransactionReporter({
      uplink: config.name,
      limit: parts.limit,
      transactions: this.#transactions,
      feed,
      clock,
      random,
      note,
      backoff: config.backoff,
      waiting: () => this.#ties?.waiting() ?? true,
      meterValuesMs: () => this.#intervals.meterValuesS * 1000,
      costMs: () => (this.sendsRunningCost ? this.#intervals.costS * 1000 : 0),
      deauthorise: parts.deauthorise,
      die: parts.die,
    });
    this.#line = new CsmsLine({
      config,
      clock,
      random,
      note,
      oddities: this.#oddities,
      identity: parts.identity,
      station: { serialNumber: parts.identity, version: parts.version },
      bootReason: () => this.#memory.bootReason(clock.now().boot),
      handlers: (dialect) => {
        this.#dialect = dialect;
        return parts.handlers(this, dialect);
      },
      ...(parts.agent === undefined ? {} : { agent: parts.agent }),
      credentials: parts.credentials,
      intervals: () => this.#intervals,
      reconnect: () => this.reconnect,
      setIntervals: (intervals) => this.setIntervals(intervals),
      accepted: (rpc, anew) => this.#accepted(rpc, anew),
      lost: () => this.#lost(),
      stands: ({ accepted, silent, words, fault }) => {
        const answers = accepted && silent !== true;
        this.#ties?.reached(answers ? "online" : reachabilityBy(fault), words, fault);
      },
      fellBack: (words) => this.#securityEvents.keep("InvalidChargingStationCertificate", words),
      notOpened: (failed) => this.#securityEvents.notOpened(failed),
      malformed: (why) => this.securityEvent("InvalidMessages", why),
      die: parts.die,
    });
    this.#securityEvents = parts.securityEvents;
    this.#securityEvents.started(parts.version);
    this.#watch = new SecurityWatch({
      clock,
      faults: () => feed()?.faults() ?? [],
      keep: (type, techInfo) => this.#keepIfThereIsRoom(type, techInfo),
    });
  }

  // ---- the outbox's side

  begin(ties: UplinkTies): void {
    this.#ties = ties;
    this.#stopListening = this.#parts.feed()?.listen((fact) => {
      this.#memory.saw(fact, this.#line.status.accepted);
      const { event } = fact;
      if (event.type === "RestartAsked") this.securityEvent("ResetOrReboot", `asked for by ${event.by}`);
      this.#watch.look();
      this.#reservations.saw(fact);
      this.#reporter.saw(fact);
      this.#statusNotifications.look();
    });
    this.#watch.begin();
    this.#line.start();
  }

  hurry(): void {
    this.#line.hurry();
  }

  line(): string {
    return this.#line.status.words;
  }

  oddities(): readonly OddityCount[] {
    return this.#oddities.counts();
  }

  leftOut(): readonly string[] {
    return this.#extras.leftOutWords();
  }

  async send(item: UplinkItem, signal: AbortSignal): Promise<Outcome> {
    let completed: ReturnType<typeof completedTransaction>;
    try {
      completed = completedTransaction(item.body);
    } catch (error) {
      if (!(error instanceof ReceiptFault)) throw error;
      return { kind: "refused", reason: error.message };
    }
    if (completed === undefined) return { kind: "refused", reason: "OCPP has no message for this receipt" };
    const reached = await this.#line.reach(signal);
    if (!("callText" in reached))
      return {
        kind: "retry",
        countsAsAttempt: false,
        words: reached.words,
        ...(reached.fault === undefined ? {} : { fault: reached.fault }),
      };
    const { sessionId } = completed.beginning;
    const ending = {
      digest: () => sha256Hex(apartFromDisclosures(item.body).jws),
      tariffKnown: this.#parts.tariffKnown(completed.receipt.sale.tariff.id),
      withKey: this.sendsPublicKey,
    };
    const outcome = await this.#transactions.settle(completed, ending, reached, !this.#memory.endedOnline(sessionId));
    if (outcome.kind === "accepted") this.#memory.told(sessionId);
    return outcome;
  }

  /** Brings the payment of a session that is over to the CSMS (2.1); what it does not know it will never take. */
  async tellPayment(text: string, signal: AbortSignal): Promise<Outcome> {
    const reached = await this.#line.reach(signal);
    if (!("callText" in reached)) return { kind: "retry", countsAsAttempt: false, words: reached.words };
    return await sendPayment(reached, text);
  }

  /** The CSMS has accepted us, and the line stands. */
  get isAccepted(): boolean {
    return this.#acceptedLine !== undefined;
  }

  close(): void {
    this.#stopListening?.();
    this.#watch.close();
    this.#parts.logs.close();
    this.#line.close();
  }

  // ---- the card's side

  async ask(uid: string, _connector: number | null, signal: AbortSignal): Promise<OnlineAnswer | undefined> {
    const rpc = this.#acceptedLine;
    return rpc === undefined ? undefined : await askAboutCard(rpc, uid, this.#parts, signal);
  }

  // ---- what requests of the CSMS may ask of the line

  get uplink(): string {
    return this.name;
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  get registration(): Registration {
    return this.#line.registration;
  }

  get intervals(): Intervals {
    return this.#intervals;
  }

  call: RpcCall = (action, payload) =>
    this.#line.rpc?.call(action, payload) ?? Promise.reject(new CallLost(false, "there is no connection"));

  setIntervals(intervals: Partial<Intervals>): void {
    const { pingS, heartbeatS } = this.#intervals;
    this.#intervals = { ...this.#intervals, ...intervals };
    if (this.#intervals.pingS !== pingS || this.#intervals.heartbeatS !== heartbeatS) this.#line.intervalsChanged();
    this.#reporter.pump();
  }

  get trustedRoot(): string | undefined {
    return this.#line.trustedRoot;
  }

  renew(why: string): void {
    this.#line.renew(why);
  }

  securityEvent(type: string, techInfo?: string): void {
    this.#securityEvents.keep(type, techInfo);
    const rpc = this.#acceptedLine;
    if (rpc !== undefined) void this.#securityEvents.tell(rpc);
  }

  /** That the disk is full may not fit on it. */
  #keepIfThereIsRoom(type: string, techInfo: string): void {
    try {
      this.securityEvent(type, techInfo);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "disk/full") throw error;
      this.#parts.note(`${type} (${techInfo}) is not kept: ${error.message}`);
    }
  }

  transactionOf(sessionId: string): string | number | undefined {
    const transaction = this.#transactions.of(sessionId);
    if (this.dialect === "ocpp1.6") return transaction?.transactionId ?? undefined;
    return transaction === undefined && !this.#runs(sessionId) ? undefined : sessionId;
  }

  sessionOf(transactionId: string | number): string | undefined {
    if (typeof transactionId === "number") return this.#transactions.byTransactionId(transactionId)?.sessionId;
    return this.#transactions.of(transactionId) !== undefined || this.#runs(transactionId) ? transactionId : undefined;
  }

  untold(sessionId: string | undefined): boolean {
    const sessions = this.#parts.feed()?.stationState().sessions.values() ?? [];
    return [...sessions].some((session) => {
      const id = "sale" in session ? session.sale.opening.id : undefined;
      if (id === undefined || (sessionId !== undefined && id !== sessionId)) return false;
      const transaction = this.#transactions.of(id);
      return transaction?.started !== true || transaction.pending !== null;
    });
  }

  triggered(message: string, connector: number | undefined): (() => void) | "nothing" | undefined {
    const [line, statusNotifications, reporter] = [this.#line, this.#statusNotifications, this.#reporter];
    return triggeredMessage(message, connector, { ...this.#parts, link: this, line, statusNotifications, reporter });
  }

  // ---- the line

  get #acceptedLine(): Rpc | undefined {
    return this.#line.status.accepted ? this.#line.rpc : undefined;
  }

  #accepted(rpc: Rpc, anew: boolean): void {
    const { boot, monoMs } = this.#parts.clock.now();
    this.#up = true;
    this.#memory.accepted(boot, anew);
    this.#reservations.attach(rpc);
    this.#statusNotifications.attach(rpc, anew || monoMs - this.#lostMonoMs > offlineThresholdMs);
    void this.#securityEvents.tell(rpc);
    this.#parts.renewal?.attach(rpc);
    this.#reporter.attach({
      dialect: rpc.dialect,
      callText: (action, text, late) => rpc.callText(action, text, late),
      knowsUs: () => rpc.knowsUs(),
      sinceMonoMs: monoMs,
      boot,
    });
    // Whether it is online the first answer shows.
    this.#ties?.ready();
  }

  #lost(): void {
    if (this.#up) this.#lostMonoMs = this.#parts.clock.now().monoMs;
    this.#up = false;
    this.#reporter.detach();
    this.#statusNotifications.detach();
    this.#reservations.detach();
    this.#parts.renewal?.detach();
  }

  #runs(sessionId: string): boolean {
    const sessions = this.#parts.feed()?.stationState().sessions.values() ?? [];
    return [...sessions].some((session) => "sale" in session && session.sale.opening.id === sessionId);
  }
}
