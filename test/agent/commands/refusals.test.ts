// A command that cannot do what it was asked says so: in words, or with --json as JSON, and ends with the exit code of
// its kind. Each command of the program is tried with a config that is not there, by its own example.

import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { programFor } from "../../../agent/cli.js";
import { asksJson, endingOf, unexpectedCode } from "../../../agent/commands/shared/exit.js";
import { Failure } from "../../../agent/core/failure.js";
import { diskFailure } from "../../../agent/ledger/store/disk.js";
import { chargetill } from "../../support/cli/command-here.js";
import { freshFolder } from "../../support/command.js";

const test = suite("refusals");
const nowhere = join(freshFolder(), "station.yaml");

type Told = { readonly error: { readonly code: string; readonly message: string } };
const told = (out: string | undefined): Told["error"] => (JSON.parse(out ?? "") as Told).error;

/** What does something without a config, or says itself what is wrong with one. */
const others = new Set([
  "demo",
  "page",
  "config init",
  "config check",
  "config schema",
  "doctor",
  "ports",
  "contactor open",
  "completion",
  "trace replay",
]);

function* leaves(
  command: Command,
  words: readonly string[] = [],
): Generator<{ readonly words: readonly string[]; readonly command: Command }> {
  if (command.commands.length === 0) yield { words, command };
  for (const child of command.commands) yield* leaves(child, [...words, child.name()]);
}

function exampleOf(command: Command): string[] {
  let text = "";
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  const line = /\nExamples?:\n {2}(.+)/.exec(text)?.[1] ?? "";
  const call = line.split(/ && | > /).find((part) => part.startsWith("chargetill ")) ?? "";
  return [...call.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "").slice(1);
}

test("without its config each command refuses by an error with a name, which is JSON where JSON is asked for", async () => {
  const tried = [...leaves(await programFor([]))].filter(({ words }) => !others.has(words.join(" ")));
  assert.ok(tried.length > 30, String(tried.length));
  for (const { words, command } of tried) {
    const has = (long: string): boolean => command.options.some((option) => option.long === long);
    const call = [
      ...exampleOf(command),
      ...(has("--json") ? ["--json"] : []),
      ...(has("--config") ? ["--config", nowhere] : []),
    ].filter((word, index, all) => word !== "--data" && all[index - 1] !== "--data");
    const program = await programFor(call);
    let thrown: unknown;
    try {
      await program.parseAsync(call, { from: "user" });
    } catch (error) {
      thrown = error;
    }
    assert.instance(thrown, Failure, `${words.join(" ")}: ${String(thrown)}`);
    const ending = endingOf(thrown, true);
    assert.is(told(ending.out).code, (thrown as Failure).code, words.join(" "));
    assert.is(ending.err, undefined);
    assert.is(ending.code, (thrown as Failure).code === "config/invalid" ? 78 : 2, words.join(" "));
  }
});

test("a refusal of the running agent's absence, of a config, of a tariff and of words is one JSON value, and nothing beside it", async () => {
  const data = freshFolder();
  for (const [call, code, exit] of [
    [["stop", "1", "--data", data], "agent/unreachable", 1],
    [["status", "--data", data], "agent/unreachable", 1],
    [["status", "--watch", "--data", data], "usage/invalid", 2],
    [["receipts", "list", "--data", join(data, "none")], "usage/invalid", 2],
    [["meter", "watch", "--config", nowhere], "config/invalid", 78],
    [["tariff", "explain", join(data, "none.json")], "usage/invalid", 2],
    [["stop", "one"], "usage/invalid", 2],
    [["receipts"], "usage/invalid", 2],
    [["nonsense"], "usage/invalid", 2],
  ] as const) {
    const ended = await chargetill(...call, "--json");
    assert.equal([ended.code, told(ended.out).code, ended.err], [exit, code, ""], call.join(" "));
  }
});

test("in words a place in a file stands first, and all else is said in our name", () => {
  assert.is(
    endingOf(new Failure("config/invalid", "station.yaml:3:1: readers: missing"), false).err,
    "station.yaml:3:1: readers: missing",
  );
  assert.is(
    endingOf(new Failure("agent/refused", "connector 1 is not charging"), false).err,
    "chargetill: connector 1 is not charging",
  );
});

test("a write that failed ends by 75, help by 0, and an error without a name by 1", () => {
  assert.is(endingOf(new Failure("disk/full", "no room"), false).code, 75);
  const denied = endingOf(
    diskFailure("read", "/var/lib/chargetill/book", Object.assign(new Error("EACCES"), { code: "EACCES" })),
    false,
  );
  assert.equal(
    [denied.code, /this user may not \(EACCES\); use sudo/.test(denied.err ?? "")],
    [2, true],
    "called by the wrong user",
  );
  assert.is(endingOf(new CommanderError(0, "commander.helpDisplayed", "(outputHelp)"), true).out, undefined);
  const broken = endingOf(new Error("a promise of ours"), true);
  assert.equal([broken.code, told(broken.out)], [1, { code: unexpectedCode, message: "a promise of ours" }]);
});

test("--json after a lone -- is a word like any other", () => {
  assert.ok(asksJson(["verify", "--json"]));
  assert.not.ok(asksJson(["verify", "--", "--json"]));
});

test.run();
