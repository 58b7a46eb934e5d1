// Handles presses of the buttons: a press finds its meaning, and the driver gets an answer by lamp, buzzer and word. It tells
// the station facts and moves nothing itself. A choice that no card follows lapses; a choice whose card is still being
// asked about waits for the answer.
import type { Config } from "../../config/schema.js";
import type { ButtonChange, Clock, Moment } from "../../drivers/driver.js";
import { decidePress } from "../core/station/press-decision.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Layout, StationState } from "../core/station/station-state.js";
import type { Faults } from "../sync/faults.js";
import type { ConnectorController } from "./connector/connector.js";
import type { AgentEvent } from "./events.js";

export type ButtonHandlerParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly layout: Layout;
  readonly faults: Faults;
  readonly points: ReadonlyMap<number, ConnectorController>;
  readonly stationState: () => StationState;
  /** Written down before it returns. */
  readonly record: (event: StationEvent) => void;
  /** Whether a backend is being asked about a card at this reader. */
  readonly asks: (reader: string) => boolean;
  /** Why nothing is sold at a connector now. */
  readonly blocked: (connector: number) => string | undefined;
  readonly tell: (event: AgentEvent) => void;
};

/** So long a lapse is put off at a time while a backend is asked. */
const askedAgainMs = 1_000;

export class ButtonHandler {
  readonly #parts: ButtonHandlerParts;
  readonly #lapses = new Map<string, () => void>();

  constructor(parts: ButtonHandlerParts) {
    this.#parts = parts;
  }

  /** What a connector's button tells; also the door through which a test presses. */
  heard(connector: number, { pressed, stuck, moment }: ButtonChange): void {
    const { faults } = this.#parts;
    const device = `button ${connector}`;
    if (stuck)
      faults.raise(
        device,
        "button/stuck",
        `the button of connector ${connector} has been down for a minute: free it, or look for a short circuit`,
        moment.at,
      );
    else faults.clear(device, "button/");
    if (pressed) this.#pressed(connector, moment);
  }

  /** Choices lapse no more. */
  close(): void {
    for (const cancel of this.#lapses.values()) cancel();
  }

  #pressed(connector: number, moment: Moment): void {
    const { config, layout, points, record, stationState } = this.#parts;
    const does = config.connectors.find(({ id }) => id === connector)?.button?.does ?? "select";
    const meaning = decidePress(stationState(), layout, connector, does, moment);
    const point = points.get(connector);
    const tell = (accepted: boolean, answer: string): void =>
      this.#parts.tell({ type: "press", at: moment.at, connector, accepted, answer });
    switch (meaning.kind) {
      case "again":
        return;
      case "refuse":
        tell(
          false,
          {
            "nothing-runs": "nothing to stop",
            "just-started": "the session has only just begun",
            ending: "the session is ending",
            finished: "the session is over: unplug the car first",
            "in-use": "in use",
          }[meaning.why],
        );
        return point?.refuse();
      case "choose": {
        const blocked = this.#parts.blocked(connector);
        if (blocked !== undefined) {
          tell(false, `out of order: ${blocked}`);
          return point?.refuse();
        }
        tell(true, "chosen: hold your card to the reader");
        record({ type: "ConnectorChosen", moment, connector });
        return this.#letLapse(connector, moment, config.timing.authorisation);
      }
      case "stop":
        tell(true, `connector ${connector} stops`);
        point?.openContactor();
        return record({ type: "StopRequested", moment, connector, reason: "Local", detail: "stopped by button" });
      default:
        return meaning satisfies never;
    }
  }

  #letLapse(connector: number, since: Moment, ms: number): void {
    const { clock, layout, record, stationState } = this.#parts;
    const reader = layout.connectors.find(({ id }) => id === connector)?.reader ?? "";
    this.#lapses.get(reader)?.();
    this.#lapses.set(
      reader,
      clock.at(clock.now().monoMs + ms, () => {
        this.#lapses.delete(reader);
        if (stationState().chosen.get(reader)?.since !== since) return;
        if (this.#parts.asks(reader)) return this.#letLapse(connector, since, askedAgainMs);
        record({ type: "ChoiceLapsed", moment: clock.now(), reader, why: "no card followed" });
      }),
    );
  }
}
