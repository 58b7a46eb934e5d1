// chargetill key: the public key in each form, and its change.
import { once } from "node:events";
import { existsSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { keyCommands, keyText } from "../../../agent/commands/key.js";
import { openKeySources } from "../../../agent/commands/open-state.js";
import { askAgent } from "../../../agent/control/control-socket.js";
import { publicKeyFile } from "../../../agent/receipts/key-rotation.js";
import { newKey, type PublicKey, signerOf } from "../../../agent/receipts/signing-keys.js";
import { benchStation } from "../../support/bench-station.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { freshFolder } from "../../support/command.js";
import { signer } from "../../support/sample-receipt.js";

const keys = suite("chargetill key");

/** What `chargetill key` prints where the station's key is this one; `next` is what it changes to. */
async function keyPrinted(args: readonly string[], next?: PublicKey): Promise<string> {
  let out = "";
  const sources = { station: "CT-0042", publicKey: signer.publicKey };
  await keyCommands(
    () => (next === undefined ? sources : { ...sources, rotate: async () => next }),
    (words) => void (out += words),
  ).parseAsync([...args], { from: "user" });
  return out;
}

keys("key show gives each form alone, for a file, and all of them for a person", async () => {
  const { fingerprint, spkiHex, pem } = signer.publicKey;
  assert.is(await keyPrinted(["show", "fingerprint"]), `sha256:${fingerprint}\n`);
  assert.is(await keyPrinted(["show", "hex"]), `${spkiHex}\n`);
  assert.is(await keyPrinted(["show", "pem"]), pem);
  assert.is(await keyPrinted(["show"]), keyText("CT-0042", signer.publicKey));
  assert.equal(JSON.parse(await keyPrinted(["show", "--json"])), { station: "CT-0042", ...signer.publicKey });
});

keys("key rotate prints the new key, and refuses where the key is not changed here", async () => {
  const next = signerOf(newKey()).publicKey;
  assert.is(await keyPrinted(["rotate"], next), keyText("CT-0042", next));
  assert.is((JSON.parse(await keyPrinted(["rotate", "--json"], next)) as PublicKey).fingerprint, next.fingerprint);
  await keyPrinted(["rotate"]).then(
    () => assert.unreachable("a key that is handed in was changed"),
    (error: unknown) => assert.match(String(error), /handed in from outside \(systemd credential\)/),
  );
});

keys("a station that has no key yet, or one that cannot be read, says so", () => {
  const folder = freshFolder();
  assert.throws(() => openKeySources({ data: folder }), /no key yet; the station creates it at its first start/);
  writeFileSync(join(folder, publicKeyFile), "no key");
  assert.throws(
    () => openKeySources({ data: folder }),
    /station\.pub\.pem: this is not a public key; the station writes it again/,
  );
});

/** So often an agent is asked whose socket is there: its name appears a moment before it listens. */
const mostQuestions = 1_000;

/** Resolves once an agent answers in its state folder. */
async function agentIn(state: string): Promise<void> {
  await socketIn(state);
  for (let left = mostQuestions; ; left -= 1)
    try {
      await askAgent(join(state, "control.sock"), { do: "status" });
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
}

/** Resolves once the socket's name is there. */
async function socketIn(state: string): Promise<void> {
  const watcher = watch(state);
  try {
    while (!existsSync(join(state, "control.sock"))) await once(watcher, "change");
  } finally {
    watcher.close();
  }
}

keys("a key is changed by the running agent: its own commands show the new one at once", async () => {
  const { config, state } = benchStation();
  const agent = await startAgent(config);
  try {
    await agentIn(state);
    const before = openKeySources({ data: state });
    const next = await before.rotate?.();
    assert.ok(next !== undefined && next.fingerprint !== before.publicKey.fingerprint);
    assert.is(openKeySources({ data: state }).publicKey.fingerprint, next.fingerprint);
    assert.is(before.station, "CT-DEMO");
  } finally {
    agent.kill("SIGTERM");
    await agent.ended;
  }
});

keys.run();
