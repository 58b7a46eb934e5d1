// What a press of a connector's button means, judged by the state of the station. It starts nothing by itself, and ends
// only what the operator let it end.

import type { Moment } from "../../../drivers/driver.js";
import { available } from "../session/session.js";
import type { Layout, StationState } from "./station-state.js";
import { hasJustBegun } from "./tap-decision.js";

/** What a press means; `again` = it was chosen a moment ago and stays so. */
export type PressDecision =
  | { readonly kind: "stop" | "choose" | "again" }
  | { readonly kind: "refuse"; readonly why: "nothing-runs" | "just-started" | "ending" | "finished" | "in-use" };

/** A choice that is not older is not written down again, however often somebody presses. */
const choiceStandsMs = 10_000;

/** What the button of a connector is about. */
export function decidePress(
  stationState: StationState,
  layout: Layout,
  connector: number,
  does: "select" | "stop",
  now: Moment,
): PressDecision {
  const session = stationState.sessions.get(connector) ?? available;
  switch (session.state) {
    case "available":
    case "occupied": {
      if (does === "stop") return { kind: "refuse", why: "nothing-runs" };
      const reader = layout.connectors.find(({ id }) => id === connector)?.reader ?? "";
      const choice = stationState.chosen.get(reader);
      const isFresh =
        choice?.connector === connector &&
        choice.since.boot === now.boot &&
        now.monoMs - choice.since.monoMs < choiceStandsMs;
      return isFresh || stationState.waiting.get(reader)?.connector === connector
        ? { kind: "again" }
        : { kind: "choose" };
    }
    case "starting":
      return { kind: "refuse", why: "just-started" };
    case "charging":
      if (does === "select") return { kind: "refuse", why: "in-use" };
      return hasJustBegun(session, now) ? { kind: "refuse", why: "just-started" } : { kind: "stop" };
    case "stopping":
    case "settling":
      return { kind: "refuse", why: "ending" };
    case "finishing":
      return { kind: "refuse", why: "finished" };
    default:
      return session satisfies never;
  }
}
