// Power over time of the sessions that run, thinned out as they grow: what the live page draws.
import type { PushedCurve, PushedState } from "./frames.js";

export type LivePoint = { readonly atMs: number; readonly powerW: number };

/** With more points every second one goes; the newest stays. */
const mostPoints = 240;

export class SessionCurves {
  readonly #curves = new Map<string, LivePoint[]>();

  of(link: string): readonly LivePoint[] {
    return this.#curves.get(link) ?? [];
  }

  /** What a session was before the page came. */
  begin({ link, points }: PushedCurve): void {
    this.#curves.set(
      link,
      points.slice(-mostPoints).map(([atMs, powerW]) => ({ atMs, powerW })),
    );
  }

  /** The newest figures of all sessions; those that are over are forgotten. */
  add({ connectors }: PushedState): void {
    const running = connectors.flatMap(({ session }) => session ?? []);
    const links = new Set(running.map(({ link }) => link));
    for (const link of this.#curves.keys()) if (!links.has(link)) this.#curves.delete(link);
    for (const { link, startMs, elapsedMs, powerW } of running)
      this.#addPoint(link, { atMs: startMs + elapsedMs, powerW });
  }

  #addPoint(link: string, point: LivePoint): void {
    const points = this.#curves.get(link) ?? [];
    const last = points.at(-1);
    if (last !== undefined && point.atMs <= last.atMs) return;
    // The power of between two points is that of the later one: a point that says the same as its neighbours goes.
    if (points.length >= 2 && last?.powerW === point.powerW && points.at(-2)?.powerW === point.powerW) points.pop();
    points.push(point);
    this.#curves.set(link, points.length <= mostPoints ? points : thinned(points));
  }
}

const thinned = (points: readonly LivePoint[]): LivePoint[] =>
  points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
