// What a connector needs of the station around it.
import type { Config } from "../../../config/schema.js";
import type { ButtonChange, Clock, Indication, MeterIdentity, Reading } from "../../../drivers/driver.js";
import type { LimitReached } from "../../core/session/limits.js";
import type { Acceptance, Opening } from "../../core/session/opening.js";
import type { Sale } from "../../core/session/sale.js";
import type { Session } from "../../core/session/session.js";
import type { SessionEvent } from "../../core/session/session-event.js";
import type { Faults } from "../../sync/faults.js";

export type ConnectorContext = {
  readonly clock: Clock;
  readonly config: Config;
  readonly faults: Faults;
  session(): Session;
  /** Writes the event down and moves the session; false when it had no meaning. */
  record(event: SessionEvent): boolean;
  /** The opening of a session that may begin now with this meter and reading, or why it may not. */
  open(acceptance: Acceptance, meter: MeterIdentity, begin: Reading): Opening | string;
  /** At which register a meter was billed from last, or accepted since; undefined = never. */
  billedMilliWh(serial: string): number | undefined;
  /** Settles the session that waits for it; false when it could not be done yet. */
  settle(): boolean;
  /** No session by this tariff, or by the connector's own, may start here while the answer is a reason. */
  blocked(tariff: string | undefined): string | undefined;
  /** Whether the sessions of this card have together reached what it may have open. */
  exposed(sale: Sale): LimitReached | undefined;
  /** What the lamp should say. */
  indication(): Indication;
  /** The connector's button has something to tell. */
  button(change: ButtonChange): void;
  changed(): void;
  note(text: string): void;
  /** An error that is not a device's: the process cannot go on. */
  die(error: unknown): void;
};
