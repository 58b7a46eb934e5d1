// A CSMS that puts into each field of each request, in turn, what no field was meant to hold: each is answered with its
// own id, in words that can be shown, and nothing ends.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { requestHandlers } from "../../../../agent/sync/ocpp/request-handlers.js";
import { callErrorCodes, errorCodeFor } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { Rpc } from "../../../../agent/sync/ocpp/rpc/rpc.js";
import { sampled } from "../../../support/runner/sweep.js";
import { hostileTexts, mayBeShown, samplesOf, textsIn } from "../../../support/sync/hostile-values.js";
import { TestRequests } from "../../../support/sync/test-requests.js";

const test = suite("a hostile CSMS asks");
/** A list of all variables is told in parts elsewhere; an answer is short. */
const longestAnswer = 64 * 1024;
const longestNote = 1_000;

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const)
  test(`${dialect}: each field of each request: answered, in words that can be shown, and no promise of ours broken`, async () => {
    const requests = new TestRequests(dialect);
    const handlers = requestHandlers(requests.context, dialect);
    const codes = new Set<unknown>(callErrorCodes.map((code) => errorCodeFor(code, dialect)));
    const frames: string[] = [];
    let now = "";
    const rpc = new Rpc({
      dialect,
      handlers,
      send: (text) => frames.push(text),
      clock: requests.testStation.clock,
      timeoutMs: 5_000,
      note: (text) => requests.notes.push(text),
      failed: (error) => assert.unreachable(`${now}: ${error instanceof Error ? error.stack : String(error)}`),
    });
    let asked = 0;
    for (const [action, sample] of samplesOf(dialect, "request")) {
      if (handlers[action] === undefined) continue;
      for (const { what, text } of sampled(hostileTexts(sample), 3)) {
        now = `${action}${what}`;
        frames.length = requests.notes.length = 0;
        asked += 1;
        rpc.received(`[2,"m${asked}","${action}",${text}]`);
        for (let turns = 0; turns < 10 && frames.length === 0; turns += 1) await Promise.resolve();
        const [frame = "", another] = frames;
        assert.is(another, undefined, now);
        assert.ok(frame.length < longestAnswer, `${now}: ${frame.length} characters`);
        const [kind, id, third] = JSON.parse(frame) as [number, string, unknown];
        assert.is(id, `m${asked}`, now);
        assert.ok(kind === 3 || (kind === 4 && codes.has(third)), `${now}: ${frame.slice(0, 200)}`);
        for (const one of textsIn(JSON.parse(frame))) assert.ok(mayBeShown(one), `${now}: ${JSON.stringify(one)}`);
        for (const note of requests.notes)
          assert.ok(note.length < longestNote && mayBeShown(note), `${now}: ${note.slice(0, longestNote)}`);
      }
    }
    assert.ok(asked > 160, `${asked} requests`);
    // What was journalled on the way can be shown, and no text in it is longer than a field of the standard.
    for (const one of textsIn(JSON.parse(JSON.stringify(requests.testStation.event))))
      assert.ok(mayBeShown(one) && one.length < 3_000, JSON.stringify(one.slice(0, 200)));
    await requests.testStation.close();
  });

for (const [dialect, action, payload] of [
  ["ocpp1.6", "RemoteStartTransaction", { connectorId: 1, idTag: "   " }],
  ["ocpp1.6", "ReserveNow", { connectorId: 1, expiryDate: "2099-01-01T00:00:00Z", idTag: "   ", reservationId: 1 }],
  ["ocpp2.0.1", "RequestStartTransaction", { remoteStartId: 1, idToken: { idToken: "   ", type: "Central" } }],
  ["ocpp2.1", "RequestStartTransaction", { remoteStartId: 1, idToken: { idToken: "\ufffd", type: "Central" } }],
] as const)
  test(`${dialect}: ${action} for a token of blanks, or one that cannot be printed, is refused`, async () => {
    const requests = new TestRequests(dialect);
    assert.is(requests.status(action, payload), "Rejected");
    await requests.testStation.close();
  });

test("a group of blanks is none: it would make one group of strangers", async () => {
  const requests = new TestRequests("ocpp2.0.1");
  const token = (idToken: string) => ({ idToken, type: "Central" });
  assert.is(
    requests.status("ReserveNow", {
      id: 1,
      expiryDateTime: "2099-01-01T00:00:00Z",
      idToken: token("ONE"),
      groupIdToken: token("  "),
      evseId: 1,
    }),
    "Accepted",
  );
  const [reservation] = requests.context.feed.stationState().orders.reservations.values();
  assert.is(reservation?.group, undefined);
  await requests.testStation.close();
});

test.run();
