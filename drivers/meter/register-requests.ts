// Which registers are asked for together: few requests a poll, none across a boundary that the meter forbids, and energy
// in a request of its own whose length no other request has. An RTU reply does not name its register; its length is the
// only thing that can give a stray one away.

import type { MeterMap, Register } from "../../config/meter-map.js";
import { registerOf } from "../../config/meter-map.js";
import { DeviceError, type Moment } from "../driver.js";

/** One read: function 3 or 4, first wire address, number of registers. */
export type RegisterRequest = { readonly function: 3 | 4; readonly address: number; readonly words: number };

/** The registers as they came, high byte first, and when. */
export type RegisterAnswer = RegisterRequest & { readonly bytes: Buffer; readonly moment: Moment };

/** One question to one unit, with its own patience. */
export type AskRegisters = RegisterRequest & {
  readonly unit: number;
  readonly timeoutMs: number;
  readonly worstReplyMs: number;
  /** Another question to this unit, of another length. */
  readonly between: RegisterRequest;
};

export type MeterPlan = {
  /** Every request that carries a part of the energy; the last one is the counter itself. */
  readonly energy: readonly RegisterRequest[];
  readonly live: readonly RegisterRequest[];
  /** What tells the model and its settings. */
  readonly checks: readonly RegisterRequest[];
  /** Asked by itself: some meters of a model have no such register. */
  readonly serial: readonly RegisterRequest[];
  readonly firmware: readonly RegisterRequest[];
};

const end = (part: RegisterRequest): number => part.address + part.words;

/** The range that both requests lie in, if the map lets it be read across unnamed registers. */
function shareRange(map: MeterMap, first: RegisterRequest, last: RegisterRequest): boolean {
  return map.ranges.some((range) => range.read === "part" && range.from <= first.address && end(last) <= range.to + 1);
}

/** A register as a request; inside a record that can only be read whole, the record. */
function asRequest(map: MeterMap, entry: Register): RegisterRequest {
  const whole = map.ranges.find(
    (range) => range.read === "whole" && range.from <= entry.address && entry.address <= range.to,
  );
  if (whole) return { function: entry.function, address: whole.from, words: whole.to - whole.from + 1 };
  return { function: entry.function, address: entry.address, words: entry.words };
}

/** Joins what may be asked together. */
function joined(map: MeterMap, parts: readonly RegisterRequest[]): RegisterRequest[] {
  const requests: RegisterRequest[] = [];
  for (const part of [...parts].sort((a, b) => a.function - b.function || a.address - b.address)) {
    const last = requests.at(-1);
    const together =
      last !== undefined && last.function === part.function
        ? { ...last, words: Math.max(end(last), end(part)) - last.address }
        : undefined;
    const allowed =
      last !== undefined &&
      together !== undefined &&
      together.words <= map.maxRegisters &&
      (part.address < end(last) ||
        (map.joinsNeighbours && (part.address === end(last) || shareRange(map, last, part))));
    if (allowed) requests[requests.length - 1] = together;
    else requests.push(part);
  }
  return requests;
}

/** The requests for these registers and for the scales that they name. */
export function requestsFor(map: MeterMap, names: readonly string[]): RegisterRequest[] {
  const entries = names.map((name) => registerOf(map, name));
  const scales = entries.flatMap((entry) => (entry.scaledBy === undefined ? [] : [registerOf(map, entry.scaledBy)]));
  const all = [...new Set([...entries, ...scales])];
  const alone = all.filter((entry) => entry.alone).map((entry) => asRequest(map, entry));
  return [
    ...alone,
    ...joined(
      map,
      all.filter((entry) => !entry.alone).map((entry) => asRequest(map, entry)),
    ),
  ];
}

/** Lengthens a request by the named values around it, or within a readable range, until its length is free. */
function lengthened(map: MeterMap, request: RegisterRequest, taken: ReadonlySet<number>): RegisterRequest | undefined {
  let grown = request;
  while (taken.has(grown.words)) {
    if (namedIn(map, grown).some((entry) => entry.alone)) return undefined;
    const beside = Object.values(map.registers).filter((entry) => entry.function === grown.function && !entry.alone);
    const after = beside.find((entry) => entry.address === end(grown));
    const before = beside.find((entry) => entry.address + entry.words === grown.address);
    const beyond = beside.filter((entry) => entry.address > end(grown)).sort((a, b) => a.address - b.address)[0];
    const across = beyond && { ...grown, words: beyond.address + beyond.words - grown.address };
    if (after) grown = { ...grown, words: grown.words + after.words };
    else if (across && shareRange(map, grown, across)) grown = across;
    else if (before) grown = { ...grown, address: before.address, words: grown.words + before.words };
    else return undefined;
    if (grown.words > map.maxRegisters || !map.joinsNeighbours) return undefined;
  }
  return grown;
}

const namedIn = (map: MeterMap, request: RegisterRequest): Register[] =>
  Object.values(map.registers).filter((entry) => answerHolds(request, entry));

/** The refusal of a map in which `request` cannot be told from the energy read, with what helps that map. */
function sameLength(map: MeterMap, request: RegisterRequest): DeviceError {
  const entries = namedIn(map, request);
  const names = entries.map(({ name }) => name).join(", ");
  const energy = map.reading.energy.join(", ");
  const otherLength = `name registers of another length for ${energy} or ${names}`;
  const remedy = !map.joinsNeighbours
    ? `the map has each value asked for by itself (joinsNeighbours: false): ${otherLength}`
    : entries.some((entry) => entry.alone)
      ? `the map has ${names} read alone: name a register right beside ${energy}, or ${otherLength}`
      : `name a register right beside ${energy} or ${names}, or a range (read: "part") of at most ` +
        `${map.maxRegisters} registers that reaches from one to the other`;
  const at = `0x${request.address.toString(16).toUpperCase().padStart(4, "0")}`;
  return new DeviceError(
    "meter/unknown",
    `the map of ${map.id} cannot be billed by: the read of ${names} (${request.words} registers at ${at}) is as long ` +
      `as the energy read, so a stray reply to it could be taken for energy; ${remedy}`,
  );
}

/** What is asked besides energy. */
function otherRequests(map: MeterMap): Omit<MeterPlan, "energy"> {
  const { serial, firmware, checks } = map.identity;
  const { power, powerLess, current } = map.reading;
  return {
    // Each group is joined by itself first, so that a limit on length splits between groups and not within one.
    live: joined(map, [...requestsFor(map, [...power, ...powerLess]), ...requestsFor(map, current)]),
    checks: requestsFor(map, checks),
    serial: requestsFor(map, serial === undefined ? [] : [serial]),
    firmware: requestsFor(map, firmware === undefined ? [] : [firmware]),
  };
}

const lengthsOf = (requests: readonly RegisterRequest[]): Set<number> =>
  new Set(requests.map((request) => request.words));
const besideEnergy = (others: Omit<MeterPlan, "energy">): RegisterRequest[] => [
  ...others.live,
  ...others.checks,
  ...others.serial,
  ...others.firmware,
];

/**
 * The requests of one meter. Energy gets a length that no other request on the bus has. Where the neighbouring meters
 * leave none free, or the map has nothing beside the counter to lengthen it by, it differs at least from all other
 * requests to this meter: a stray reply from another unit is told apart by its unit number. Throws where even that
 * cannot be had: no map to bill by.
 */
export function planRequests(map: MeterMap, onTheBus: readonly MeterMap[] = []): MeterPlan {
  const others = otherRequests(map);
  const own = lengthsOf(besideEnergy(others));
  const all = lengthsOf([map, ...onTheBus].flatMap((each) => besideEnergy(otherRequests(each))));
  const counters = requestsFor(map, map.reading.energy);
  const isCounter = (request: RegisterRequest): boolean =>
    map.reading.energy.some((name) => answerHolds(request, registerOf(map, name)));
  const ordered = [...counters.filter((request) => !isCounter(request)), ...counters.filter(isCounter)];
  const energy = ordered.map((request) => lengthened(map, request, all) ?? lengthened(map, request, own) ?? request);
  const taken = lengthsOf(energy);
  const clear = (requests: readonly RegisterRequest[]): RegisterRequest[] =>
    requests.map((request) => {
      const other = lengthened(map, request, taken);
      if (other === undefined) throw sameLength(map, request);
      return other;
    });
  return {
    energy,
    live: clear(others.live),
    checks: clear(others.checks),
    serial: clear(others.serial),
    firmware: clear(others.firmware),
  };
}

/** Whether a request brings the whole register. */
export function answerHolds(request: RegisterRequest, entry: Register): boolean {
  return (
    entry.function === request.function &&
    request.address <= entry.address &&
    entry.address + entry.words <= end(request)
  );
}
