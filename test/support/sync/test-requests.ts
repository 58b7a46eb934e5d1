// A whole agent asked in OCPP's words: the station is real, the connection is a value that a test sets. Every answer
// must fit the standard's schema.

import { ReservationUpdates } from "../../../agent/sync/ocpp/cards/reservation-updates.js";
import { requestHandlers } from "../../../agent/sync/ocpp/request-handlers.js";
import { LogUploads } from "../../../agent/sync/ocpp/requests/log-upload.js";
import type { RequestContext } from "../../../agent/sync/ocpp/requests/request-context.js";
import { type KeptSettings, Settings } from "../../../agent/sync/ocpp/requests/settings.js";
import {
  noWebPayments,
  WebPaymentSettings,
  type WebPaymentTable,
} from "../../../agent/sync/ocpp/requests/web-payment-settings.js";
import type { Dialect } from "../../../agent/sync/ocpp/rpc/frame.js";
import { CallError, errorCodeFor } from "../../../agent/sync/ocpp/rpc/frame.js";
import type { CsmsLink, Intervals } from "../../../agent/sync/ocpp/rpc/link.js";
import { reconnectBy } from "../../../agent/sync/ocpp/rpc/reconnect.js";
import { Reply } from "../../../agent/sync/ocpp/rpc/rpc.js";
import type { CardLists, ListedCard } from "../../../agent/sync/station-port.js";
import { type Credentials, KeptCredentials, noCredentials } from "../../../agent/sync/transport/kept-credentials.js";
import { type OcppUplinkConfig, uplink as uplinkSchema } from "../../../config/uplink-schema.js";
import { TestStation } from "../station/test-station.js";
import { mustFit } from "./schemas.js";

/** The lists as plainly as they can be kept. */
class PlainLists implements CardLists {
  version = 0;
  cards = new Map<string, ListedCard>();
  cleared = 0;
  most = 1000;

  listVersion = (): number => this.version;
  listSize = (): number => this.cards.size;
  replaceList: CardLists["replaceList"] = (_, version, cards) => {
    if (cards.length > this.most) return { accepted: false, code: "full", why: "no room" };
    [this.version, this.cards] = [version, new Map(cards.map((card) => [card.uid, card]))];
    return { accepted: true };
  };
  changeList: CardLists["changeList"] = (_, version, changes) => {
    this.version = version;
    for (const change of changes) {
      if ("remove" in change) this.cards.delete(change.uid);
      else this.cards.set(change.uid, change);
    }
    return { accepted: true };
  };
  clearCache: CardLists["clearCache"] = () => {
    this.cleared += 1;
    return { accepted: true };
  };
}

export class TestRequests {
  readonly lists = new PlainLists();
  readonly sent: { action: string; payload: object }[] = [];
  readonly triggered: string[] = [];
  readonly notes: string[] = [];
  kept: KeptSettings = {};
  credentials: Credentials = noCredentials;
  webPayments: WebPaymentTable = noWebPayments;
  diagnostics = "the log\n";
  /** Each time the connection was opened anew, and each security event. */
  readonly lineWords: string[] = [];
  registration: CsmsLink["registration"] = "Accepted";
  readonly link: CsmsLink;
  readonly context: RequestContext;

  constructor(
    readonly dialect: Dialect,
    readonly testStation = new TestStation(),
    changes: Partial<OcppUplinkConfig> = {},
  ) {
    const { sent, triggered } = this;
    const station = testStation.services.station;
    const registration = (): CsmsLink["registration"] => this.registration;
    let intervals: Intervals = { heartbeatS: 300, pingS: 60, meterValuesS: 300, costS: 60 };
    this.link = {
      uplink: "csms",
      dialect,
      sendsPublicKey: true,
      sendsRunningCost: true,
      reconnect: reconnectBy({ first: 5_000, most: 900_000 }),
      untold: () => false,
      get registration() {
        return registration();
      },
      get intervals() {
        return intervals;
      },
      setIntervals: (changes) => void (intervals = { ...intervals, ...changes }),
      call: (action, payload) => {
        mustFit(dialect, action, "request", payload);
        sent.push({ action, payload });
        return Promise.resolve({});
      },
      trustedRoot: undefined,
      renew: (why) => void this.lineWords.push(`renew: ${why}`),
      securityEvent: (type) => void this.lineWords.push(type),
      transactionOf: (sessionId) => (dialect === "ocpp1.6" ? this.numberOf(sessionId) : sessionId),
      sessionOf: (id) =>
        this.sessions().find((session) => (typeof id === "number" ? this.numberOf(session) === id : session === id)),
      triggered: (message, connector) => {
        if (
          !["BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "TransactionEvent"].includes(message)
        )
          return undefined;
        if (message === "MeterValues" && this.sessions().length === 0) return "nothing";
        return () => void triggered.push(`${message} ${connector ?? "all"}`);
      },
    };
    const uplink = uplinkSchema.parse({
      name: "csms",
      kind: "ocpp",
      url: "wss://csms.example/ocpp",
      passwordFile: "/secret",
      ...changes,
    }) as OcppUplinkConfig;
    this.context = {
      link: this.link,
      config: testStation.config,
      uplink,
      version: "1.2.3",
      remote: testStation.services.remote,
      cards: this.lists,
      feed: station.feed(),
      logs: new LogUploads({
        config: uplink,
        clock: testStation.clock,
        diagnostics: async () => this.diagnostics,
        securityLog: () => "the security log\n",
        note: (text) => void this.notes.push(text),
      }),
      credentials: new KeptCredentials({
        read: () => this.credentials,
        write: (kept) => void (this.credentials = kept),
      }),
      webPayments: new WebPaymentSettings({
        read: () => this.webPayments,
        write: (kept) => void (this.webPayments = kept),
      }),
      settings: new Settings(
        { read: () => this.kept, write: (kept) => void (this.kept = kept) },
        (changes) => testStation.services.remote.settingSet(changes, "csms").accepted,
      ),
      now: () => testStation.clock.now().at,
      waits: () => false,
      note: (text) => void this.notes.push(text),
    };
    const updates = new ReservationUpdates("csms", this.context.note);
    this.context.feed.listen((fact) => updates.saw(fact));
    updates.attach(this.link);
  }

  sessions(): string[] {
    return [...this.testStation.services.station.stationState().sessions.values()].flatMap((session) =>
      "sale" in session ? [session.sale.opening.id] : [],
    );
  }

  numberOf(sessionId: string): number {
    return Number(/\d+/.exec(sessionId)?.[0] ?? Number.NaN);
  }

  /** The answer's payload, or the code of the CALLERROR. */
  ask(action: string, payload: unknown): unknown {
    const handlers = requestHandlers(this.context, this.dialect);
    const handler = Object.hasOwn(handlers, action) ? handlers[action] : undefined;
    if (handler === undefined) return errorCodeFor("NotImplemented", this.dialect);
    try {
      const answer = handler(payload);
      const plain = answer instanceof Reply ? answer.payload : answer;
      mustFit(this.dialect, action, "response", plain);
      if (answer instanceof Reply) answer.afterwards();
      return JSON.parse(JSON.stringify(plain));
    } catch (error) {
      if (error instanceof CallError) return errorCodeFor(error.code, this.dialect);
      throw error;
    }
  }

  /** As `ask`, of a handler that takes its time. */
  async askLater(action: string, payload: unknown): Promise<unknown> {
    const handlers = requestHandlers(this.context, this.dialect);
    const answer = await (Object.hasOwn(handlers, action) ? handlers[action] : undefined)?.(payload);
    const plain = answer instanceof Reply ? answer.payload : answer;
    mustFit(this.dialect, action, "response", plain);
    if (answer instanceof Reply) answer.afterwards();
    return JSON.parse(JSON.stringify(plain));
  }

  /** The status alone. */
  status(action: string, payload: unknown): unknown {
    const answer = this.ask(action, payload);
    return typeof answer === "object" && answer !== null && "status" in answer ? answer.status : answer;
  }

  reason(action: string, payload: unknown): unknown {
    const answer = this.ask(action, payload) as {
      readonly status?: unknown;
      readonly statusInfo?: { readonly reasonCode?: unknown };
    };
    return [answer.status, answer.statusInfo?.reasonCode];
  }
}
