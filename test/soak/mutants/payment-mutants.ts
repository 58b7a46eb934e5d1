// What money hangs on where a driver pays on the spot: what is held, asked about, booked and let go of.
import type { Mutant } from "./mutant.js";

const steps = "agent/payments/hold-steps.ts";
const ledger = "agent/payments/hold-ledger.ts";
const cap = "agent/core/payment/hold-cap.ts";
const task = "agent/core/payment/hold-task.ts";
const payable = "agent/core/payment/payable.ts";
const refunds = "agent/payments/refunds.ts";

const sales = ["agent/payments/card-sale"];
const holds = ["agent/payments/holds"];
const caps = ["agent/core/payment/hold-cap"];
const tasks = ["agent/core/payment/hold-task"];

export const paymentMutants: readonly Mutant[] = [
  {
    rule: "a hold is written down before it is asked for",
    file: ledger,
    find: 'if (this.#isClosed || !record({ type: "HoldWanted", moment, wish }))',
    replace: "if (this.#isClosed)",
    tests: sales,
  },
  {
    rule: "a hold whose answer was lost is asked about",
    file: task,
    find: 'return { kind: "ask-hold" };',
    replace: "return undefined;",
    tests: tasks,
  },
  {
    rule: "a hold without a session is let go of",
    file: task,
    find: 'return usesHold(hold, sessions) ? undefined : { kind: "release", why: "no session began" };',
    replace: "return undefined;",
    tests: sales,
  },
  {
    rule: "what was sent is asked about after a restart",
    file: task,
    find: 'return { kind: "ask-end" };',
    replace: "return undefined;",
    tests: tasks,
  },
  {
    rule: "a booking that the gateway has ended is not sent again",
    file: steps,
    find: "return isBooking ? this.#bookingOver(hold) : this.#released(hold);",
    replace: "return isBooking ? this.#sendBooking(hold, gateway) : this.#sendRelease(hold, gateway);",
    tests: sales,
  },
  {
    rule: "a booking that is still open is sent once more",
    file: steps,
    find: "return isBooking ? this.#sendBooking(hold, gateway) : this.#sendRelease(hold, gateway);",
    replace: "return isBooking ? this.#booked(hold, null) : this.#released(hold);",
    tests: sales,
  },
  {
    rule: "a booking that was refused is not told as booked when its hold ends",
    file: steps,
    find: 'const isSure = refused !== undefined && (refused.code !== "hold-not-open" || hold.unsure === undefined);',
    replace: "const isSure = false;",
    tests: holds,
  },
  {
    rule: "a hold is not forgotten in the step in which it ends",
    file: "agent/core/payment/hold-reducer.ts",
    find: "if (isEnded(hold)) next.delete(hold.reference);",
    replace: "",
    tests: ["agent/core/payment/hold-reducer"],
  },
  {
    rule: "a hold is ended at no other terminal than made it",
    file: "drivers/terminal/outcomes.ts",
    find: "if (hold.terminalId === undefined || here === undefined || hold.terminalId === here)",
    replace: "if (true)",
    tests: ["drivers/terminal/zvt-terminal"],
  },
  {
    rule: "holds that were open before are not taken for the lost one",
    file: steps,
    find: "const openBefore = [...new Set([...hold.openBefore, ...this.#ourHandles()])];",
    replace: "const openBefore = [];",
    tests: sales,
  },
  {
    rule: "a booking is never above the hold",
    file: payable,
    find: "return Math.max(0, Math.min(minorOf(gross, currency), capMinor));",
    replace: "return Math.max(0, minorOf(gross, currency));",
    tests: ["agent/core/payment/payable"],
  },
  {
    rule: "without energy nothing is booked",
    file: payable,
    find: "if (compare(ratioOfText(energyKwh), zeroRatio) <= 0)",
    replace: "if (false)",
    tests: ["agent/core/payment/payable"],
  },
  {
    rule: "a session ends before its total can pass the hold",
    file: "agent/station/connector/limit-watch.ts",
    find: "if (!mayPassCap(sale, limits.cost, this.#lookAhead(sale.last)))",
    replace: "if (true)",
    tests: holds,
  },
  {
    rule: "what flows until the contactor is open counts towards the cap",
    file: cap,
    find: "const flowed = flowingW > 0 ? stepMilliWh + Math.ceil((flowingW * (atMs - last.atMs)) / 3_600) : 0;",
    replace: "const flowed = 0;",
    tests: caps,
  },
  {
    rule: "a power that the price tells apart may be seen at the next look",
    file: cap,
    find: "if (!tariff.asksPower && !tariff.asksCurrent)",
    replace: "if (true)",
    tests: caps,
  },
  {
    rule: "a hold below the least total is not asked for",
    file: cap,
    find: "return mayPassCap(openSale(opening), limits.cost, ahead)",
    replace: "return false",
    tests: holds,
  },
  {
    rule: "another bank card stops nobody's session",
    file: "agent/payments/bank-card-handler.ts",
    find: "if (reference === undefined || holds.get(reference)?.cardKey !== kept(cardKey))",
    replace: "if (reference === undefined)",
    tests: holds,
  },
  {
    rule: "a hold of somebody else is let go of only where the config says so",
    file: ledger,
    find: "if (this.#parts.releaseUnknown && !this.#isAnyLost())",
    replace: "if (!this.#isAnyLost())",
    tests: holds,
  },
  {
    rule: "no more is paid back than is owed",
    file: refunds,
    find: "if (minor > owed)",
    replace: "if (false)",
    tests: holds,
  },
  {
    rule: "a card that pays on the spot is not stopped by a backend that does not know it",
    file: "agent/station/remote/station-remote-control.ts",
    find: 'if (reason === "DeAuthorized" && session.sale.opening.acceptance.hold !== undefined)',
    replace: "if (false)",
    tests: ["agent/sync/ocpp/held-limit"],
  },
];
