// What the world should look like while a session is in a state: asked after each event, and again after a restart.

import type { Indication } from "../../../drivers/driver.js";
import type { Session } from "./session.js";

export type Wants = {
  readonly contactor: boolean;
  readonly indicator: Indication;
  readonly task: "begin" | "watch" | "end" | "settle" | null;
};

export function wants(session: Session): Wants {
  switch (session.state) {
    case "available":
      return { contactor: false, indicator: "available", task: null };
    case "occupied":
      return { contactor: false, indicator: "waiting-for-card", task: null };
    case "starting":
      return { contactor: false, indicator: "checking", task: "begin" };
    case "charging":
      return {
        contactor: true,
        indicator: session.sale.activity === "charging" ? "charging" : "suspended",
        task: "watch",
      };
    case "stopping":
      return { contactor: false, indicator: "finishing", task: "end" };
    case "settling":
      return { contactor: false, indicator: "finishing", task: "settle" };
    case "finishing":
      return { contactor: false, indicator: "finishing", task: null };
    default:
      return session satisfies never;
  }
}
