// Root at a stopped station: the command goes on as the state folder's owner, reads what its caller gave it, and leaves
// its caller's files where they were wanted, though that owner may not even look into the folder.

import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchStation } from "../../support/bench-station.js";
import { chargetillProcess, freshFolder } from "../../support/command.js";
import { isInstalled } from "../../support/is-installed.js";

const test = suite("as the owner");
/** nobody, who is on every machine. */
const owner = 65_534;

function* filesIn(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    yield path;
    if (lstatSync(path).isDirectory()) yield* filesIn(path);
  }
}

if (process.getuid?.() !== 0 || !isInstalled("setpriv")) {
  console.log("SKIPPED commands of root at another user's station: only root, with setpriv, can be its owner");
  test("would be tried by root", () => undefined);
} else {
  test("an archive, a recording and a list of cards pass between root's own folder and the owner's station", async () => {
    const { config, state, folder } = benchStation({ speed: 60 });
    chmodSync(dirname(config), 0o755);
    mkdirSync(state, { mode: 0o750 });
    chownSync(state, owner, owner);
    const own = freshFolder();
    chmodSync(own, 0o700);
    writeFileSync(join(own, "cards.csv"), "uid,contractId\nA1B2C3D4,DE-CTL-C2-1\n", { mode: 0o600 });
    for (const words of [
      ["tag", "import", join(own, "cards.csv")],
      ["trace", "record", "--for", "2s", "--out", join(own, "trace.jsonl")],
      ["bundle", "--out", join(own, "bundle.zip")],
    ]) {
      const ended = await chargetillProcess(...words, "--config", config);
      assert.is(ended.code, 0, ended.out + ended.err);
    }
    for (const name of ["trace.jsonl", "bundle.zip"])
      assert.equal([statSync(join(own, name)).uid, statSync(join(own, name)).mode & 0o777], [0, 0o600], name);
    assert.match((await chargetillProcess("tag", "list", "--config", config)).out, /…C3D4 +DE-CTL-C2-1 +may charge/);
    assert.is((await chargetillProcess("trace", "replay", join(own, "trace.jsonl"))).code, 0);
    assert.equal(
      [...filesIn(state)].filter((path) => statSync(path).uid !== owner),
      [],
      `root left nothing in ${folder}`,
    );
  });
}

test.run();
