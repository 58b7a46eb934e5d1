// Who may stop, when a car is idle, at which limits a session ends, and what flows when: the rules of one session.
import type { Mutant } from "./mutant.js";

const tap = "agent/core/station/tap-decision.ts";
const sale = "agent/core/session/sale.ts";
const activity = "agent/core/session/activity.ts";
const limits = "agent/core/session/limits.ts";
const plausibility = "agent/core/session/meter-plausibility.ts";
const orders = "agent/core/station/backend-orders.ts";
const settle = "agent/core/session/settle.ts";
const inTap = ["agent/core/station/tap-decision"];
const inSession = ["agent/core/session/session"];

export const sessionMutants: readonly Mutant[] = [
  {
    rule: "only the card that began a session stops it",
    file: tap,
    find: "return acceptance !== undefined && isSameId(acceptance.token.uid, uid);",
    replace: "return acceptance !== undefined;",
    tests: inTap,
  },
  {
    rule: "a card of another group stops no session",
    file: tap,
    find: "of !== undefined && isSameId(of, group)",
    replace: "of !== undefined",
    tests: inTap,
  },
  {
    rule: "a second tap right after the start stops nothing",
    file: tap,
    find: "return hasJustBegun(session, tap.now) ?",
    replace: "return false ?",
    tests: inTap,
  },
  {
    rule: "who taps beside a waiting car charges it and does not stop a colleague",
    file: tap,
    find: 'chosen !== undefined || here.some(({ session }) => session.state === "occupied")',
    replace: "chosen !== undefined",
    tests: inTap,
  },
  {
    rule: "a button that selects stops nothing",
    file: "agent/core/station/press-decision.ts",
    find: 'if (does === "select") return { kind: "refuse", why: "in-use" };',
    replace: "",
    tests: inTap,
  },
  {
    rule: "ids of cards are the same in upper and lower case",
    file: "agent/core/cdr/token.ts",
    find: "one.toUpperCase() === other.toUpperCase()",
    replace: "one === other",
    tests: ["agent/sync/ocpp/station-requests"],
  },
  {
    rule: "a card that is not valid starts nothing",
    file: "agent/core/cdr/token.ts",
    find: "if (!token.valid)",
    replace: "if (false)",
    tests: ["agent/station/authorizer"],
  },
  {
    rule: "a car that draws less than the idle power is idle after a while",
    file: activity,
    find: "before.lowSinceMs ?? atMs",
    replace: "atMs",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "the first minutes of an idle stretch are free",
    file: activity,
    find: "lowForMs < rules.idleAfterMs + rules.idleGraceMs",
    replace: "lowForMs < rules.idleAfterMs",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "a car that draws the idle power is not idle",
    file: activity,
    find: "if (Math.abs(powerW) >= rules.idlePowerW)",
    replace: "if (Math.abs(powerW) > rules.idlePowerW)",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "a limit is reached when the amount equals it",
    file: limits,
    find: "compare(ratioOfText(amount), ratioOfText(limit)) >= 0",
    replace: "compare(ratioOfText(amount), ratioOfText(limit)) > 0",
    tests: ["agent/core/session/limits"],
  },
  {
    rule: "a session stops at the energy and the cost that it was granted",
    file: limits,
    find: "[ownLimits(limits), ...granted]",
    replace: "[ownLimits(limits)]",
    tests: ["agent/core/session/limits"],
  },
  {
    rule: "only a car that took no energy at all is sent away for taking none",
    file: limits,
    find: "noEnergyMs > 0 && energyMilliWh === 0 &&",
    replace: "noEnergyMs > 0 &&",
    tests: ["agent/core/session/limits"],
  },
  {
    rule: "a stepped clock bends no duration",
    file: "agent/core/time/time-line.ts",
    find: "begin.at + (moment.monoMs - begin.monoMs)",
    replace: "moment.at",
    tests: inSession,
  },
  {
    rule: "over a reboot the time line goes on only between two clocks that were set",
    file: "agent/core/time/time-line.ts",
    find: "(dated !== undefined && isSet(moment))",
    replace: "true",
    tests: ["agent/core/session/settle"],
  },
  {
    rule: "no time is billed for an interruption by the station",
    file: sale,
    find: 'return addSample(sale, { ...newest(sale), activity: "suspended" });',
    replace: "return addSample(sale, { ...newest(sale) });",
    tests: inSession,
  },
  {
    rule: "no time is billed while the end reading is waited for",
    file: sale,
    find: "if (endMs <= flowedMs) return endAt(",
    replace: "if (true) return endAt(",
    tests: ["agent/core/session/settle"],
  },
  {
    rule: "the contactor is open while a session ends",
    file: "agent/core/session/wants.ts",
    find: 'return { contactor: false, indicator: "finishing", task: "end" };',
    replace: 'return { contactor: true, indicator: "finishing", task: "end" };',
    tests: inSession,
  },
  {
    rule: "a pulled cable ends the session",
    file: "agent/core/session/session-reducer.ts",
    find: 'return event.plugged ? session : stopped(sale, event, "EVDisconnected"',
    replace: 'return true ? session : stopped(sale, event, "EVDisconnected"',
    tests: inSession,
  },
  {
    rule: "a session whose clock became good in it gets the lower of both prices",
    file: "agent/core/rating/session-bill.ts",
    find: "compare(gross(reduced), gross(full)) < 0 ? reduced : full",
    replace: "full",
    tests: ["agent/core/rating/rating-clock"],
  },
  {
    rule: "a clock that became good in a session dates it anew",
    file: settle,
    find: "if (!isSetLater)",
    replace: "if (true)",
    tests: ["agent/core/session/settle"],
  },
  {
    rule: "readings of another serial number are not billed",
    file: plausibility,
    find: "if (reading.serial !== begin.serial)",
    replace: "if (false)",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "a register that went back is not billed",
    file: plausibility,
    find: "if (reading.energyMilliWh < last.energyMilliWh)",
    replace: "if (false)",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "a register that jumped further than the connection allows is not billed",
    file: plausibility,
    find: "if (movedMilliWh > possibleMilliWh)",
    replace: "if (false)",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "a register that stands still while power flows is a fault",
    file: plausibility,
    find: "const stale = expectedMilliWh > Math.max(frozenAfterMilliWh, 2 * stepMilliWh);",
    replace: "const stale = false;",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "no session begins while the meter shows power through an open contactor",
    file: plausibility,
    find: "if (Math.abs(powerW) < leastW)",
    replace: "if (true)",
    tests: ["agent/core/session/meter-plausibility"],
  },
  {
    rule: "a connector that is reserved for another card starts nothing",
    file: orders,
    find: "if (foreign !== undefined) return foreign;",
    replace: "",
    tests: ["agent/core/station/backend-orders"],
  },
  {
    rule: "a reservation ends at its time",
    file: orders,
    find: "filter(({ untilMs }) => atMs < untilMs)",
    replace: "filter(() => true)",
    tests: ["agent/core/station/backend-orders"],
  },
  {
    rule: "a reservation of any connector keeps the last free one",
    file: orders,
    find: "free.length > ofAny.length ?",
    replace: "free.length >= ofAny.length ?",
    tests: ["agent/core/station/backend-orders"],
  },
  {
    rule: "the start of a session uses up its reservation",
    file: "agent/core/station/station-reducer.ts",
    find: "withoutKey(all.orders.reservations, used.id)",
    replace: "all.orders.reservations",
    tests: ["agent/core/station/backend-orders"],
  },
];
