// Cards in a technician's hands: held to a reader, enrolled, revoked, imported; and cards that other readers print in
// another way.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cardsOfCsv } from "../../../agent/commands/shared/cards-csv.js";
import type { Failure } from "../../../agent/core/failure.js";
import { uidVariants } from "../../../agent/core/station/uid-variants.js";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { freshFolder } from "../../support/command.js";

const alike = suite("look-alikes");

for (const [a, b, likeness] of [
  ["9F3C77E1", "E1773C9F", "its bytes the other way round"],
  ["04A23B1C5D6E80", "04A23B1C", "one is the other cut short"],
  ["04A23B1C5D6E80", "806E5D1C", "one is the other turned round and cut short"],
  ["04A23B1C5D6E80", "8804A23B", "one is the cascade tag 88 and the first three bytes of the other"],
  // 0x11223344 = 287454020; turned round, 0x44332211 = 1144201745.
  ["11223344", "0287454020", "one is the other printed as a decimal"],
  ["11223344", "1144201745", "one is the other printed as a decimal"],
] as const)
  alike(`${a} and ${b}: ${likeness}`, () => {
    assert.ok(uidVariants(a, b).includes(likeness), uidVariants(a, b).join());
    assert.ok(uidVariants(b, a).includes(likeness), uidVariants(b, a).join());
  });

alike("different cards, and one card twice, look like nothing", () => {
  assert.equal(uidVariants("9F3C77E1", "9F3C77E2"), []);
  assert.equal(uidVariants("9F3C77E1", "9F3C77E1"), []);
});

alike.run();

const tags = suite("cards by command");

tags("a card enrolled by number is listed by its last four, revoked by them, and look-alikes are told of", async () => {
  const { config } = benchStation();
  const enrolled = await chargetill(
    "tag",
    "enrol",
    "--uid",
    "E1773C9F",
    "--contract",
    "DE-CTL-C00000009-1",
    "--config",
    config,
  );
  assert.is(enrolled.code, 0, enrolled.err);
  assert.match(
    enrolled.out,
    /E1773C9F may charge now.*\n.*looks like the enrolled card 9F3C77E1.*the other way round; they count as two different cards/,
  );
  const list = await chargetill("tag", "list", "--config", config);
  assert.match(list.out, /…3C9F +DE-CTL-C00000009-1 +may charge +enrolled/);
  assert.not.match(list.out, /E1773C9F|04A23B1C5D6E80/);
  assert.is((await chargetill("tag", "revoke", "6E80", "--config", config)).code, 0);
  assert.match(
    (await chargetill("tag", "list", "--config", config)).out,
    /…6E80 +DE-CTL-C00000001-1 +BLOCKED +enrolled/,
  );
  assert.is((await chargetill("tag", "revoke", "0000", "--config", config)).code, 2);
});

tags(
  "the agent takes up a revoked card, and one that is revoked while it runs, at once: their taps are refused",
  async () => {
    const { config } = benchStation({ quiet: false, speed: 60 });
    assert.is((await chargetill("tag", "revoke", "04A23B1C5D6E80", "--config", config)).code, 0);
    const agent = await startAgent(config);
    const revoked = await chargetill("tag", "revoke", "9F3C77E1", "--config", config);
    assert.is(revoked.code, 0, revoked.err);
    await agent.until(/"card":"…6E80","accepted":false,"connector":[^"]*"answer":"this card is blocked"/);
    const { out } = await chargetill("tag", "list", "--config", config);
    assert.match(out, /…77E1 .*BLOCKED/);
    agent.kill("SIGTERM");
    assert.is((await agent.ended).code, 0);
  },
);

tags("a card held to the reader is read for the technician and does not reach the station", async () => {
  const { config } = benchStation({ quiet: false, speed: 60 });
  const agent = await startAgent(config);
  const read = await chargetill("tag", "read", "--for", "300", "--config", config, "--json");
  const { uid, known } = JSON.parse(read.out) as { uid: string; known: { contractId: string } | null };
  assert.match(uid, /^[0-9A-F]{8,20}$/);
  assert.is(read.code, known === null ? 1 : 0);
  agent.kill("SIGTERM");
  await agent.ended;
  assert.not.match(agent.out, new RegExp(`"type":"tap"[^\\n]*${uid.slice(-4)}`));
});

tags("a CSV is enrolled whole or not at all, and each fault is named by its line and column", async () => {
  const { config } = benchStation();
  const file = join(freshFolder(), "cards.csv");
  writeFileSync(
    file,
    "uid;contractId;expires\r\n04:11:22:33:44:55:66;DE-CTL-C1-1;\r\nA1B2C3D4;DE-CTL-C2-1;2030-01-01T00:00:00Z\r\n",
  );
  const fine = await chargetill("tag", "import", file, "--config", config);
  assert.is(fine.code, 0, fine.err);
  assert.match(
    (await chargetill("tag", "list", "--whole", "--config", config)).out,
    /04112233445566 +DE-CTL-C1-1 +may charge/,
  );
  writeFileSync(file, "uid,contractId\nA1B2C3D5,DE-CTL-C3-1\nXYZ,DE-CTL-C4-1\nA1B2C3D5,DE-CTL-C5-1\n");
  const bad = await chargetill("tag", "import", file, "--config", config);
  assert.is(bad.code, 2);
  assert.match(
    bad.err,
    /cards\.csv:3:1: uid: expected a card UID.*\n.*cards\.csv:4:1: uid: the same card as in line 2\n2 faults: no card of this file was enrolled/,
  );
  assert.not.match((await chargetill("tag", "list", "--config", config)).out, /…C3D5/);
  writeFileSync(file, "card,name\n1,2\n");
  assert.match(
    (await chargetill("tag", "import", file, "--config", config)).err,
    /cards\.csv:1: the first line names the columns/,
  );
});

tags(
  "a list of cards: quotes, spaces and semicolons are read, and faults have line, column and words that say what to write",
  () => {
    assert.equal(
      cardsOfCsv("c.csv", '\uFEFF"uid" ; contractId;group\r\n"a1 b2-c3:d4"; "DE-1; the ""blue"" one" ;\r\n\r\n').map(
        ({ uid, contractId, group }) => [uid, contractId, group],
      ),
      [["A1B2C3D4", 'DE-1; the "blue" one', undefined]],
    );
    const faults = (text: string): string[] => {
      try {
        cardsOfCsv("c.csv", text);
      } catch (error) {
        return (error as Failure).message.split("\n");
      }
      throw new Error("taken");
    };
    assert.equal(
      faults(
        'uid,contractId,expires\n  ZZ,DE-1,\n11223344,,\n11223344,DE-2,soon\n11223344\n11223344,DE-3,,,\n"1122,DE-4,\n"11223344"x,DE-5,',
      ),
      [
        "c.csv:2:3: uid: expected a card UID of 4, 7 or 10 bytes as upper-case hex",
        "c.csv:3:10: contractId: missing",
        "c.csv:4:15: expires: expected an instant such as 2027-12-31T23:59:59Z",
        "c.csv:5:1: 1 columns where the first line names 3",
        "c.csv:6:16: 5 columns where the first line names 3",
        "c.csv:7:1: a quote that is opened and not closed",
        "c.csv:8:11: a quoted cell ends, and no , follows",
        "7 faults: no card of this file was enrolled",
      ],
    );
    assert.match(faults("uid,uid,contractId\n")[0] ?? "", /^c\.csv:1: the first line names the columns, each once/);
  },
);

tags.run();

const bash = suite("completion");

bash("bash completes commands, options, their words and files by it", async () => {
  const ended = await chargetill("completion");
  assert.is(ended.code, 0);
  const { spawnSync } = await import("node:child_process");
  const folder = freshFolder();
  const file = join(folder, "completion");
  writeFileSync(file, ended.out);
  writeFileSync(join(folder, "a card list.csv"), "");
  const script = `source "$1"; shift
for line in "$@"; do
  eval "COMP_WORDS=($line)"; COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _chargetill
  (IFS="|"; echo "\${COMPREPLY[*]}")
done`;
  const rows: readonly (readonly [string, RegExp])[] = [
    ["chargetill met", /^meter$/],
    ['chargetill ""', /^demo\|run\|page\|status\|.*completion/],
    ['chargetill meter ""', /^scan\|watch\|check\|accept\|--help$/],
    ["chargetill tag import --da", /^--data$/],
    ["chargetill tag import a", /^a card list\.csv$/],
    ['chargetill status --config ""', /a card list\.csv/],
    ['chargetill commission --by ""', /^$/],
    ["chargetill receipts export 3 --format p", /^pdf$/],
    ['chargetill log level ""', /^error\|warn\|info\|debug$/],
    ['chargetill log level debug ""', /^for$/],
    ["chargetill key show --data x p", /^pem$/],
    ['chargetill verify --key a b ""', /completion/],
  ];
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", file, ...rows.map(([line]) => line)], {
    encoding: "utf8",
    cwd: folder,
  });
  assert.is(stderr, "");
  const lines = stdout.split("\n");
  for (const [index, [line, completes]] of rows.entries()) assert.match(lines[index] ?? "", completes, line);
});

bash.run();
