// What the handlers of cards and buttons share: how they see the station, and how they tell it facts.
import type { Config } from "../../config/schema.js";
import type { Clock } from "../../drivers/driver.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Layout, StationState } from "../core/station/station-state.js";
import type { Faults } from "../sync/faults.js";
import type { ConnectorController } from "./connector/connector-controller.js";
import type { StopWarnings } from "./connector/stop-warnings.js";
import type { AgentEvent } from "./events.js";

export type HandlerParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly layout: Layout;
  readonly faults: Faults;
  readonly connectors: ReadonlyMap<number, ConnectorController>;
  readonly stationState: () => StationState;
  readonly stopWarnings: StopWarnings;
  /** Written down before it returns. */
  readonly record: (event: StationEvent) => void;
  readonly emit: (event: AgentEvent) => void;
};
