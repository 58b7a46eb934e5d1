// Which registers are asked for together: few requests a poll, none across a border that the meter forbids, and energy in a request of its own
// whose length no other request has. An RTU reply does not name its register; its length is the only thing that can give a stray one away.
import { registerOf } from "../../config/meter-map.js";
import type { MeterMap, Register } from "../../config/meter-map.js";

/** One read: function 3 or 4, first wire address, number of registers. */
export type Request = { readonly function: 3 | 4; readonly address: number; readonly words: number };

export type MeterPlan = {
  /** Every request that carries a part of the energy; the last one is the counter itself. */
  readonly energy: readonly Request[];
  readonly live: readonly Request[];
  readonly identity: readonly Request[];
  readonly firmware: readonly Request[];
};

const end = (part: Request): number => part.address + part.words;

/** The range that both requests lie in, if the map lets it be read across unnamed registers. */
function shareRange(map: MeterMap, first: Request, last: Request): boolean {
  return map.ranges.some((range) => range.read === "part" && range.from <= first.address && end(last) <= range.to + 1);
}

/** A register as a request; inside a record that can only be read whole, the record. */
function asRequest(map: MeterMap, entry: Register): Request {
  const whole = map.ranges.find((range) => range.read === "whole" && range.from <= entry.address && entry.address <= range.to);
  if (whole) return { function: entry.function, address: whole.from, words: whole.to - whole.from + 1 };
  return { function: entry.function, address: entry.address, words: entry.words };
}

function joined(map: MeterMap, entries: readonly Register[]): Request[] {
  const alone = entries.filter((entry) => entry.alone).map((entry) => asRequest(map, entry));
  const parts = entries
    .filter((entry) => !entry.alone)
    .map((entry) => asRequest(map, entry))
    .sort((a, b) => a.function - b.function || a.address - b.address);
  const requests: Request[] = [];
  for (const part of parts) {
    const last = requests.at(-1);
    const together = last !== undefined && last.function === part.function ? { ...last, words: Math.max(end(last), end(part)) - last.address } : undefined;
    const allowed =
      last !== undefined && together !== undefined && together.words <= map.maxRegisters
      && (part.address < end(last) || (map.joinsNeighbours && (part.address === end(last) || shareRange(map, last, part))));
    if (allowed) requests[requests.length - 1] = together;
    else requests.push(part);
  }
  return [...alone, ...requests];
}

/** Lengthens a request by the named values that follow it, or within a readable range, until its length is free. */
function lengthened(map: MeterMap, request: Request, taken: ReadonlySet<number>): Request | undefined {
  let grown = request;
  while (taken.has(grown.words)) {
    const next = Object.values(map.registers).find((entry) => entry.function === grown.function && entry.address === end(grown) && !entry.alone);
    const longer = { ...grown, words: grown.words + (next?.words ?? 1) };
    if (longer.words > map.maxRegisters || !map.joinsNeighbours) return undefined;
    if (next === undefined && !shareRange(map, grown, longer)) return undefined;
    grown = longer;
  }
  return grown;
}

const otherLengths = (plan: Omit<MeterPlan, "energy">): Set<number> => new Set([...plan.live, ...plan.identity, ...plan.firmware].map((request) => request.words));

/** What is asked besides energy. Needs no look at the other meters on the bus. */
function otherRequests(map: MeterMap): Omit<MeterPlan, "energy"> {
  const named = (names: readonly string[]): Register[] => names.map((name) => registerOf(map, name));
  const { serial, firmware, checks } = map.identity;
  return {
    live: joined(map, named([...map.reading.power, ...map.reading.powerLess, ...map.reading.current])),
    identity: joined(map, named(serial === undefined ? checks : [...checks, serial])),
    firmware: joined(map, named(firmware === undefined ? [] : [firmware])),
  };
}

/**
 * The requests of one meter. Energy gets a length that no other request on the bus has; where the neighbouring meters leave none free,
 * at least one that no other request to this meter has: a stray reply from another unit is told apart by its unit number.
 * A map for which even that cannot be had is no map to bill by.
 */
export function planRequests(map: MeterMap, onTheBus: readonly MeterMap[] = []): MeterPlan {
  const others = otherRequests(map);
  const own = otherLengths(others);
  const all = new Set([own, ...onTheBus.map((neighbour) => otherLengths(otherRequests(neighbour)))].flatMap((set) => [...set]));
  const terms = map.reading.energy.map((name) => registerOf(map, name));
  const scales = terms.flatMap((entry) => (entry.scaledBy === undefined ? [] : [registerOf(map, entry.scaledBy)]));
  const counters = joined(map, [...terms, ...scales]);
  const holdsTerm = (request: Request): boolean =>
    terms.some((entry) => entry.function === request.function && request.address <= entry.address && entry.address + entry.words <= end(request));
  const energy = [...counters.filter((request) => !holdsTerm(request)), ...counters.filter(holdsTerm)].map((request) => {
    const free = lengthened(map, request, all) ?? lengthened(map, request, own);
    if (free === undefined) throw new Error(`${map.id}: the energy request of ${request.words} registers is as long as another one`);
    return free;
  });
  return { ...others, energy };
}
