// A session that is paid on the spot, as a CSMS sees it: what is held is its limit, and it is told so once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StationEvent } from "../../../../agent/core/station/station-event.js";
import { TransactionLimits } from "../../../../agent/sync/ocpp/transactions/transaction-limits.js";
import type { RecordedFact } from "../../../../agent/sync/station-port.js";
import { CardSale, ownCard } from "../../../support/payment/card-sale.js";

const test = suite("a session on a hold, at a CSMS");

test("is limited to what is held, of two costs the lower, and that is confirmed", async () => {
  const limits = new TransactionLimits({ uplink: "csms", limit: () => undefined, note: () => undefined });
  const sale = new CardSale();
  await sale.start();
  const facts: RecordedFact[] = [];
  const { station, remote } = sale.station.services;
  station.feed().listen((fact) => void facts.push(fact));
  await sale.station.plug(1);
  sale.tap(ownCard);
  await sale.station.charge(1, 30, 10);
  const began = facts.find(({ event }) => event.type === "SessionBegan");
  if (began === undefined) throw new Error("no session began");
  assert.ok(limits.saw(began));
  const session = sale.station.session(1);
  if (session.state !== "charging") throw new Error("nothing charges");
  const { id } = session.sale.opening;
  assert.is(limits.nextMonoMs(id), Number.NEGATIVE_INFINITY + 0);
  assert.equal(limits.of(session.sale), { cost: "50.00" });
  const under = (cost: string) => ({
    ...session.sale,
    backendLimits: [{ by: "csms", limits: { cost, timeMs: 1_000 } }],
  });
  assert.equal(limits.of(under("20.00")), { cost: "20.00", timeMs: 1_000 });
  assert.equal(limits.of(under("80.00")), { cost: "50.00", timeMs: 1_000 });

  // A CSMS that does not know the token takes nothing back: the money is held.
  const answer = remote.stop(id, "csms: the card is Invalid", "DeAuthorized");
  assert.is(answer.accepted, false);
  await sale.clock.pass(2_000);
  assert.is(sale.station.session(1).state, "charging");
  assert.is(remote.stop(id, "csms").accepted, true);
  await sale.close();
  assert.ok(facts.map(({ event }: { readonly event: StationEvent }) => event.type).includes("StopRequested"));
});

test.run();
