// Whoever may speak at the control socket puts into each field, in turn, what no field was meant to hold: each line is
// answered by one line, in words, and the agent lives on.
import net from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { afterOneSale } from "../../support/street/asked-agent.js";
import { hostileTexts, hostileValues } from "../../support/sync/hostile-values.js";

const test = suite("the control socket asked by a stranger");

/** Every word, with every field that it reads; none of them does harm in itself. */
const words: readonly object[] = [
  { do: "status" },
  { do: "config" },
  { do: "stop", connector: 1 },
  { do: "drain", on: false },
  { do: "credit", number: 99, reason: "wrong" },
  {
    do: "correct",
    number: 99,
    tariff: {
      id: "T",
      currency: "EUR",
      elements: [{ price_components: [{ type: "ENERGY", price: 1, step_size: 1 }] }],
    },
  },
  { do: "settle", number: 99, reference: "P", status: "settled", amount: "1", at: "2026-01-01T00:00:00Z", info: "x" },
  { do: "payments", ask: true },
  { do: "payment-release", number: 99, by: "me", gone: true },
  { do: "payment-release-unknown", handle: "0231", by: "me" },
  { do: "payment-refunded", number: 99, amount: "1.00", by: "me" },
  { do: "sync-status" },
  { do: "sync-resend", number: 99, uplink: "office" },
  { do: "sync-leave", number: 99, uplink: "office" },
  { do: "sync-park", number: 99, uplink: "office" },
  { do: "meter-look", connector: 9, registers: true, phases: true },
  { do: "meter-probe", port: "none", unit: 1, timeoutMs: 50, line: { baudRate: 9600 } },
  { do: "meter-try", port: "none", unit: 1, timeoutMs: 50, model: "x", line: {} },
  { do: "meter-passed", check: { model: "x" } },
  { do: "meter-accept", connector: 9, by: "me", note: "n", registerOnly: true, ifNeeded: true },
  { do: "line-look", port: "none" },
  { do: "pins-look", connector: 9 },
  { do: "reader-look", reader: "none" },
  { do: "contactor-test", connector: 9, ms: 100 },
  { do: "card-wait", reader: "none", ms: 1 },
  { do: "card-list" },
  { do: "numbers-continue", after: 1, note: "n", by: "me" },
  { do: "complaint-open", number: 99, reason: "amount", text: "x", contact: "me" },
  { do: "complaint-answer", number: 99, text: "x", by: "me" },
  { do: "complaint-close", number: 99, text: "x", by: "me", credit: false },
  { do: "contactor-open", connector: 9 },
  { do: "log-level", level: "info", ms: 1_000 },
  { do: "trace-start", ms: 1_000, bytes: 1_000, withUids: false },
  { do: "trace-take" },
  { do: "trace-stop" },
  { do: "rotate-key" },
  { do: "sync-now" },
  { do: "sync-wait" },
  { do: "card-put", rows: [{ uid: "04A1B2C3", contractId: "C", valid: false }] },
  { do: "card-revoke", uid: "04A1" },
];

/** One line, as it stands; answers the one that came back, "" where none did. */
function askLine(path: string, line: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    let answer = "";
    socket.on("connect", () => socket.write(`${line}\n`));
    socket.on("data", (data: Buffer) => (answer += data.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}

test("each field of each word: answered in words, nothing of the agent's insides, and it sells on", async () => {
  let asked = 0;
  const ended = await afterOneSale(async (ask, street) => {
    const path = street.loaded.config.socket ?? "";
    const one = async (what: string, line: string): Promise<void> => {
      asked += 1;
      const answer = await askLine(path, line);
      assert.match(answer, /\n$/, `${what}: no answer`);
      const said = JSON.parse(answer) as { readonly ok: boolean; readonly why?: unknown };
      assert.type(said.ok, "boolean", what);
      if (said.ok) return;
      assert.type(said.why, "string", what);
      assert.ok(String(said.why).length < 2_000, `${what}: ${String(said.why).slice(0, 200)}`);
      assert.not.match(String(said.why), /at .*\.js:\d|Cannot (?:read|convert|set)|is not a function/, what);
    };
    // Without a name it waits for a card at the first reader, and here no time passes meanwhile.
    for (const word of words)
      for (const { what, text } of hostileTexts(word))
        if (what !== "/reader: null" || !text.includes("card-wait")) await one(`${JSON.stringify(word)} ${what}`, text);
    for (const [what, text] of hostileValues) await one(`nothing but ${what}`, text);
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])
      assert.match(await askLine(path, `{"do":"${name}"}`), /^{"ok":false,"why":"this agent does not know/);
    const rows = Array.from({ length: 10_001 }, (_, at) => ({
      uid: at.toString(16).padStart(8, "0").toUpperCase(),
      contractId: "C",
    }));
    assert.match(await askLine(path, JSON.stringify({ do: "card-put", rows })), /more than 10000 are not kept here/);
    assert.type(((await ask({ do: "status" })) as { connectors: unknown }).connectors, "object");
  });
  assert.is(ended.how, "scenario-over", JSON.stringify(ended).slice(0, 500));
  assert.ok(asked > 500, String(asked));
});

test.run();
