// The simulated world around the bench: cars, cards and a backend that comes and goes, moved by an agenda of plain
// data. Energy is integrated exactly (mW x ms, whole mWh carried to the register), so that books can be checked to the
// mWh. Its state is plain data and lives in a file of its own: it survives the agent's death, as a street survives a
// charge point's reboot.
import type { BenchClock, ClockState } from "./bench-clock.js";

/** A car at a connector: what it draws now, and what it still wants. */
type Car = { readonly powerW: number; readonly drawsMilliW: number; readonly wantsMilliWh: number };

export type WorldAct =
  | { readonly do: "plug"; readonly connector: number; readonly powerW: number; readonly wantsWh: number }
  | { readonly do: "unplug"; readonly connector: number }
  | { readonly do: "vary"; readonly connector: number }
  | { readonly do: "press"; readonly connector: number; readonly forMs: number }
  | { readonly do: "let-go"; readonly connector: number }
  | { readonly do: "present"; readonly reader: string; readonly uids: readonly string[]; readonly forMs: number }
  | { readonly do: "take-away"; readonly reader: string }
  /** A bank card is held to the card terminal, by the name of whoever does it. */
  | { readonly do: "bank-card"; readonly card: "cleo" }
  | { readonly do: "backend"; readonly away: boolean }
  | { readonly do: "visit"; readonly connector: number }
  | { readonly do: "scenario-ends" };

export type Agenda = readonly { readonly monoMs: number; readonly act: WorldAct }[];

type Outlet = {
  readonly car: Car | null;
  readonly registerMilliWh: number;
  readonly restMilliWms: number;
  readonly sinceMs: number;
};

export type WorldState = {
  readonly clock: ClockState;
  readonly random: number;
  readonly outlets: Readonly<Record<number, Outlet>>;
  /** What the coils are told, and contacts that no longer follow theirs: welded shut, or never closing. */
  readonly coils: Readonly<Record<number, boolean>>;
  readonly stuck: Readonly<Record<number, "closed" | "open">>;
  readonly backendAway: boolean;
  readonly scenarioEnded: boolean;
  readonly agenda: Agenda;
};

/** What the world touches: pins, antenna fields and the backend's switch. */
export type WorldOutputs = {
  plugged(connector: number, plugged: boolean): void;
  /** The finger on a connector's button. */
  pressed(connector: number, pressed: boolean): void;
  /** The auxiliary contact follows the main contacts, not the coil. */
  contacts(connector: number, closed: boolean): void;
  field(reader: string, uids: readonly string[]): void;
  backendAway(away: boolean): void;
  bankCard(card: "cleo"): void;
  /** The cards and readers that a random visitor may use. */
  readonly cards: readonly string[];
  readonly readerOf: (connector: number) => string;
  save(state: WorldState): void;
};

const milliWmsPerMilliWh = 3_600_000;
const varyEveryMs = 60_000;

export class World {
  #state: WorldState;
  readonly #scenarioOver: Promise<void>;
  #endScenario: () => void = () => undefined;

  constructor(
    readonly clock: BenchClock,
    readonly hands: WorldOutputs,
    state: WorldState,
  ) {
    this.#state = state;
    this.#scenarioOver = new Promise((resolve) => (this.#endScenario = resolve));
  }

  /** Sets the hands to where the state says they are, and takes up the agenda. */
  start(): void {
    for (const [id, outlet] of Object.entries(this.#state.outlets)) {
      this.hands.plugged(Number(id), outlet.car !== null);
      this.hands.contacts(Number(id), this.isClosed(Number(id)));
    }
    this.hands.backendAway(this.#state.backendAway);
    if (this.#state.scenarioEnded) this.#endScenario();
    const agenda = this.#state.agenda;
    this.#state = { ...this.#state, agenda: [] };
    for (const { monoMs, act } of agenda) this.#plan(monoMs, act);
    this.#save();
  }

  /** Resolves when the scenario's last act has been played. */
  scenarioOver(): Promise<void> {
    return this.#scenarioOver;
  }

  state(): WorldState {
    return { ...this.#state, clock: this.clock.state() };
  }

  /** More happens from now on. */
  plan(agenda: Agenda): void {
    for (const { monoMs, act } of agenda) this.#plan(monoMs, act);
  }

  /** The contactor's coil is driven; its main contacts follow unless they are stuck. */
  contactor(connector: number, closed: boolean): void {
    if (this.#state.coils[connector] === closed) return;
    this.#integrate(connector);
    this.#state = { ...this.#state, coils: { ...this.#state.coils, [connector]: closed } };
    this.hands.contacts(connector, this.isClosed(connector));
    this.#save();
  }

  /** Welds the main contacts shut, keeps them from closing, or lets them follow the coil again. */
  stick(connector: number, how: "closed" | "open" | "free"): void {
    this.#integrate(connector);
    const { [connector]: _, ...others } = this.#state.stuck;
    this.#state = { ...this.#state, stuck: how === "free" ? others : { ...others, [connector]: how } };
    this.hands.contacts(connector, this.isClosed(connector));
    this.#save();
  }

  /** Whether the main contacts are closed. */
  isClosed(connector: number): boolean {
    const stuck = this.#state.stuck[connector];
    return stuck === undefined ? this.#state.coils[connector] === true : stuck === "closed";
  }

  /** What the meter of a connector shows now. */
  meterValues(connector: number): { energyMilliWh: number; powerW: number; currentMilliA: number } {
    this.#integrate(connector);
    this.#save();
    const drawsMilliW = this.#drawsMilliW(connector);
    return {
      energyMilliWh: this.#outlet(connector).registerMilliWh,
      powerW: Math.round(drawsMilliW / 1000),
      currentMilliA: Math.round(drawsMilliW / 230),
    };
  }

  #outlet(connector: number): Outlet {
    const outlet = this.#state.outlets[connector];
    if (outlet === undefined) throw new Error(`the bench has no connector ${connector}`);
    return outlet;
  }

  #drawsMilliW(connector: number): number {
    const { car } = this.#outlet(connector);
    return car !== null && this.isClosed(connector) && car.wantsMilliWh > 0 ? car.drawsMilliW : 0;
  }

  #integrate(connector: number): void {
    const outlet = this.#outlet(connector);
    const now = this.clock.now().monoMs;
    const drawsMilliW = this.#drawsMilliW(connector);
    const sum = outlet.restMilliWms + drawsMilliW * (now - outlet.sinceMs);
    let moved = Math.floor(sum / milliWmsPerMilliWh);
    let rest = sum - moved * milliWmsPerMilliWh;
    let { car } = outlet;
    if (car !== null && moved > 0) {
      if (moved >= car.wantsMilliWh) [moved, rest] = [car.wantsMilliWh, 0];
      car = { ...car, wantsMilliWh: car.wantsMilliWh - moved };
    }
    this.#put(connector, { car, registerMilliWh: outlet.registerMilliWh + moved, restMilliWms: rest, sinceMs: now });
  }

  #put(connector: number, outlet: Outlet): void {
    this.#state = { ...this.#state, outlets: { ...this.#state.outlets, [connector]: outlet } };
  }

  #plan(monoMs: number, act: WorldAct): void {
    const entry = { monoMs, act };
    this.#state = { ...this.#state, agenda: [...this.#state.agenda, entry] };
    this.clock.at(monoMs, () => {
      this.#state = { ...this.#state, agenda: this.#state.agenda.filter((other) => other !== entry) };
      this.#play(act);
      this.#save();
    });
  }

  #play(act: WorldAct): void {
    const now = this.clock.now().monoMs;
    switch (act.do) {
      case "plug":
        this.#integrate(act.connector);
        this.#put(act.connector, {
          ...this.#outlet(act.connector),
          car: { powerW: act.powerW, drawsMilliW: this.#varied(act.powerW), wantsMilliWh: act.wantsWh * 1000 },
        });
        this.hands.plugged(act.connector, true);
        this.#plan(now + varyEveryMs, { do: "vary", connector: act.connector });
        return;
      case "unplug":
        this.#integrate(act.connector);
        this.#put(act.connector, { ...this.#outlet(act.connector), car: null });
        this.hands.plugged(act.connector, false);
        return;
      case "vary": {
        this.#integrate(act.connector);
        const outlet = this.#outlet(act.connector);
        if (outlet.car === null) return;
        this.#put(act.connector, { ...outlet, car: { ...outlet.car, drawsMilliW: this.#varied(outlet.car.powerW) } });
        this.#plan(now + varyEveryMs, act);
        return;
      }
      case "press":
        this.hands.pressed(act.connector, true);
        this.#plan(now + act.forMs, { do: "let-go", connector: act.connector });
        return;
      case "let-go":
        this.hands.pressed(act.connector, false);
        return;
      case "present":
        this.hands.field(act.reader, act.uids);
        this.#plan(now + act.forMs, { do: "take-away", reader: act.reader });
        return;
      case "take-away":
        this.hands.field(act.reader, []);
        return;
      case "bank-card":
        this.hands.bankCard(act.card);
        return;
      case "backend":
        this.#state = { ...this.#state, backendAway: act.away };
        this.hands.backendAway(act.away);
        return;
      case "visit":
        this.#visit(act.connector, now);
        return;
      case "scenario-ends":
        this.#state = { ...this.#state, scenarioEnded: true };
        for (const id of Object.keys(this.#state.outlets))
          this.#plan(now + this.#between(60, 600) * 1000, { do: "visit", connector: Number(id) });
        this.#endScenario();
        return;
      default:
        return act satisfies never;
    }
  }

  /** A stranger's visit: plug, tap, charge, and tap or just pull; then the next one some time later. */
  #visit(connector: number, now: number): void {
    const reader = this.hands.readerOf(connector);
    const card = this.hands.cards[this.#between(0, this.hands.cards.length - 1)] ?? "";
    const stayMs = this.#between(10, 90) * 60_000;
    const tap: WorldAct = { do: "present", reader, uids: [card], forMs: 900 };
    this.#plan(now + 1_000, {
      do: "plug",
      connector,
      powerW: this.#between(37, 110) * 100,
      wantsWh: this.#between(2, 20) * 1000,
    });
    this.#plan(now + 20_000 + connector * 5_000, tap);
    if (this.#between(0, 2) > 0) this.#plan(now + stayMs, tap);
    this.#plan(now + stayMs + 40_000, { do: "unplug", connector });
    this.#plan(now + stayMs + this.#between(2, 60) * 60_000, { do: "visit", connector });
  }

  /** A car's power wanders by up to 3 % around what it can take. */
  #varied(powerW: number): number {
    return Math.round(powerW * (970 + this.#between(0, 30)));
  }

  /** A whole number from `low` to `high`, from the seeded sequence (mulberry32). */
  #between(low: number, high: number): number {
    const random = (this.#state.random + 0x6d2b79f5) | 0;
    this.#state = { ...this.#state, random };
    let t = Math.imul(random ^ (random >>> 15), 1 | random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return low + (((t ^ (t >>> 14)) >>> 0) % (high - low + 1));
  }

  #save(): void {
    this.#state = this.state();
    this.hands.save(this.#state);
  }
}
