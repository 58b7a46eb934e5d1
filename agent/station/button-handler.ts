// Presses of the connectors' buttons: what each means is found, and the driver gets an answer by lamp, buzzer and word.
// Nothing is moved here: what is recorded moves the station. A choice that no card follows lapses; one whose card is
// still being asked about waits for the answer.
import type { ButtonChange, Moment } from "../../drivers/driver.js";
import { decidePress, type PressDecision } from "../core/station/press-decision.js";
import { stopGuardLeftMs } from "../core/station/tap-decision.js";
import { accept, type DriverAnswer, decisionWords, decline } from "./driver-answer.js";
import type { HandlerParts } from "./handler-parts.js";
import { Lapses } from "./lapses.js";

export type ButtonHandlerParts = HandlerParts & {
  /** Whether a backend is being asked about a card at this reader. */
  readonly asks: (reader: string) => boolean;
  /** Why no session can start at a connector now. */
  readonly blocked: (connector: number) => string | undefined;
};

/** So long a lapse is put off at a time while a backend is asked. */
const askedAgainMs = 1_000;

export class ButtonHandler {
  readonly #parts: ButtonHandlerParts;
  /** By reader: the connector that was chosen. */
  readonly #lapses: Lapses<string>;
  /** By connector: its button is held to stop a session that has only just begun. */
  readonly #stopWishes: Lapses<number>;

  constructor(parts: ButtonHandlerParts) {
    this.#parts = parts;
    this.#lapses = new Lapses(parts.clock);
    this.#stopWishes = new Lapses(parts.clock);
  }

  /** What a connector's button tells; a test presses here too. */
  heard(connector: number, { pressed, stuck, unsteady, moment }: ButtonChange): void {
    const { faults } = this.#parts;
    const device = `button ${connector}`;
    const button = `the button of connector ${connector}`;
    if (stuck) {
      const words = `${button} has been down for a minute: free it, or look for a short circuit`;
      faults.raise(device, "button/stuck", words, moment.at);
    } else faults.clear(device, "button/stuck");
    if (unsteady === true) {
      const words = `${button} changes more often than people press: look for a loose contact or wire`;
      faults.raise(device, "button/unsteady", words, moment.at);
    } else faults.clear(device, "button/unsteady");
    if (pressed) this.#pressed(connector, moment);
  }

  /** Choices lapse no more. */
  close(): void {
    this.#lapses.close();
    this.#stopWishes.close();
  }

  /** The answer is told before anything happens, as with a tap. */
  #pressed(connector: number, moment: Moment): void {
    const { config, connectors, layout, record, stationState, emit } = this.#parts;
    const does = config.connectors.find(({ id }) => id === connector)?.button?.does ?? "select";
    const decision = decidePress(stationState(), layout, connector, does, moment);
    if (decision.kind === "stop" && this.#warns(connector, moment)) return;
    const answer = this.#answerTo(connector, decision);
    if (answer === undefined) return;
    emit({ type: "press", at: moment.at, ...answer, connector });
    if (!answer.accepted) {
      if (decision.kind === "refuse" && decision.why === "just-started") this.#rememberStopWish(connector, moment);
      return connectors.get(connector)?.answer("refused");
    }
    if (decision.kind === "choose") {
      record({ type: "ConnectorChosen", moment, connector });
      this.#letChoiceLapse(connector, moment, config.timing.authorisation);
    } else {
      connectors.get(connector)?.openContactor();
      record({ type: "StopRequested", moment, connector, reason: "Local", detail: "stopped by button" });
    }
  }

  /** A stop that costs the minimum is told before; a button that stays down means it. */
  #warns(connector: number, moment: Moment): boolean {
    const { config, connectors, emit, stopWarnings } = this.#parts;
    const warning = stopWarnings.warning(connector, moment, "press");
    if (warning === undefined) return false;
    emit({ type: "press", at: moment.at, ...decline(warning), connector });
    connectors.get(connector)?.answer("confirm-stop");
    this.#rememberStopWish(connector, moment, config.timing.refusalShown);
    return true;
  }

  /** A button that is held to stop too soon is asked about again once it may, after `leastMs`, if it is down still. */
  #rememberStopWish(connector: number, moment: Moment, leastMs = 0): void {
    const { clock, connectors, stationState } = this.#parts;
    const session = stationState().sessions.get(connector);
    if (session?.state !== "charging") return;
    this.#stopWishes.set(connector, moment.monoMs + Math.max(stopGuardLeftMs(session, moment), leastMs), () => {
      const isDown = connectors.get(connector)?.sensed()?.button === true;
      const runs = stationState().sessions.get(connector);
      const isSame = runs?.state === "charging" && runs.sale.opening.id === session.sale.opening.id;
      if (isDown && isSame) this.#pressed(connector, clock.now());
    });
  }

  /** Undefined where nothing is new to anybody. */
  #answerTo(connector: number, decision: PressDecision): DriverAnswer | undefined {
    switch (decision.kind) {
      case "again":
        return undefined;
      case "refuse":
        return decline(decision.why === "in-use" ? "in use" : decisionWords[decision.why]);
      case "choose": {
        const blocked = this.#parts.blocked(connector);
        return blocked === undefined
          ? accept("chosen: hold your card to the reader")
          : decline(`out of order: ${blocked}`);
      }
      case "stop":
        return accept(`connector ${connector} stops`);
      default:
        return decision satisfies never;
    }
  }

  #letChoiceLapse(connector: number, since: Moment, ms: number): void {
    const { clock, layout, record, stationState } = this.#parts;
    const reader = layout.connectors.find(({ id }) => id === connector)?.reader ?? "";
    this.#lapses.set(reader, clock.now().monoMs + ms, () => {
      if (stationState().chosen.get(reader)?.since !== since) return;
      if (this.#parts.asks(reader)) return this.#letChoiceLapse(connector, since, askedAgainMs);
      record({ type: "ChoiceLapsed", moment: clock.now(), reader, why: "no card followed" });
    });
  }
}
