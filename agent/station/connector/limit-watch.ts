// Whether the session of a connector has come to one of its limits: its own, those that it was granted, what its card may
// have open, and the amount that is held for it.
import type { Config, ConnectorConfig } from "../../../config/schema.js";
import type { Reading } from "../../../drivers/driver.js";
import { type LookAhead, lookAheadAt, mayPassCap, whyBelowLeastTotal } from "../../core/payment/hold-cap.js";
import { grantedLimits, type LimitReached, limitReached } from "../../core/session/limits.js";
import type { LiveReading } from "../../core/session/live-reading.js";
import type { Opening } from "../../core/session/opening.js";
import type { Sale } from "../../core/session/sale.js";
import type { ConnectorContext } from "./connector-context.js";

export type LimitWatchParts = {
  readonly connector: ConnectorConfig;
  readonly timing: Config["timing"];
  /** Of the meter's register. */
  readonly stepMilliWh: number;
  readonly context: Pick<ConnectorContext, "clock" | "session" | "exposed">;
};

export class LimitWatch {
  readonly #parts: LimitWatchParts;

  constructor(parts: LimitWatchParts) {
    this.#parts = parts;
  }

  /** The limit that is reached at a look at the meter, if any. */
  reached(live: LiveReading): LimitReached | undefined {
    const { connector, timing, context } = this.#parts;
    // A limit that came while the meter was asked counts too.
    const session = context.session();
    const granted = grantedLimits(session.state === "charging" ? session.sale : live.sale);
    return (
      limitReached(live, connector.limits, granted, timing.noEnergy) ??
      this.#holdReached(live.sale) ??
      context.exposed(live.sale)
    );
  }

  /** The meter told nothing: what may have flowed since its last reading, at full power, counts towards the hold. */
  reachedUnseen(live: LiveReading | undefined): LimitReached | undefined {
    const session = this.#parts.context.session();
    const sale = live?.sale ?? (session.state === "charging" ? session.sale : undefined);
    return sale === undefined ? undefined : this.#holdReached(sale);
  }

  /** Why a session may not begin: what is held for it is less than the least that it costs. */
  whyNotBegun(opening: Opening): string | undefined {
    return whyBelowLeastTotal(opening, this.#lookAhead(opening.begin));
  }

  /** A session that is paid by a hold ends before its total can pass it. */
  #holdReached(sale: Sale): LimitReached | undefined {
    const { hold, limits } = sale.opening.acceptance;
    if (hold === undefined || limits?.cost === undefined) return undefined;
    if (!mayPassCap(sale, limits.cost, this.#lookAhead(sale.last))) return undefined;
    const detail = `the limit of ${limits.cost} ${sale.opening.tariff.currency} is as good as reached: ${limits.why}`;
    return { reason: "CostLimitReached", detail };
  }

  #lookAhead({ powerW, moment }: Reading): LookAhead {
    const { connector, timing, stepMilliWh, context } = this.#parts;
    const now = context.clock.now();
    const sinceMs = moment.boot === now.boot ? Math.max(0, now.monoMs - moment.monoMs) : 0;
    return lookAheadAt(connector, timing, { stepMilliWh, powerW, sinceMs });
  }
}
