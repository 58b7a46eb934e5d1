// Every command's help: a sentence, an example, words for each argument and option, JSON where there is something to
// read. And each example is understood by the very parser that a user meets.
import type { Command } from "commander";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { programFor } from "../../../agent/cli.js";
import { callsIn, namedCommands, parserOf } from "../../support/cli/command-lines.js";

const program = await programFor(["--help"]);
const test = suite("help");

const commands = [...namedCommands(program)];
const leaves = commands.filter(({ command }) => command.commands.length === 0);

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  return text;
}

/** The examples under a command's help, a line each. */
const examplesOf = (command: Command): string[] =>
  [...(/\nExamples?:\n((?: {2}.*\n?)+)/.exec(helpOf(command))?.[1] ?? "").matchAll(/^ {2}(.+)$/gm)].map(
    ([, line]) => line ?? "",
  );

test("there are the commands that a technician looks for", () => {
  const known = leaves.map(({ words }) => words.join(" "));
  for (const name of [
    "log level",
    "trace record",
    "trace replay",
    "receipts prove",
    "key rotate",
    "sync resend",
    "tariff simulate",
    "verify",
    "dispute",
    "commission",
    "doctor",
  ])
    assert.ok(known.includes(name), name);
});

test("each has a description, and an example that begins as the command does", () => {
  const without = commands.filter(
    ({ words, command }) =>
      command.description() === "" ||
      !examplesOf(command).some((line) =>
        callsIn(line).some((call) => words.every((word, index) => call[index] === word)),
      ),
  );
  assert.equal(
    without.map(({ words }) => words.join(" ")),
    [],
  );
});

test("each argument and option has its words", () => {
  const without = commands.flatMap(({ words, command }) => [
    ...command.registeredArguments
      .filter(({ description }) => description === "")
      .map((argument) => `${words.join(" ")} ${argument.name()}`),
    ...command.options
      .filter(({ description }) => description === "")
      .map(({ flags }) => `${words.join(" ")} ${flags}`),
  ]);
  assert.equal(without, []);
});

// Once --json had five texts and --data two, by who had written the command.
test("an option that several commands have has the same text in all of them", () => {
  // One word, and another thing in each command.
  const own = new Set(["--out", "--for", "--by", "--yes", "--tariff", "--load"]);
  const texts = new Map<string, Set<string>>();
  for (const { words, command } of commands)
    for (const { long, flags, description } of command.options) {
      // The demo has no config whose state folder it could take.
      if (long == null || own.has(long) || (words[0] === "demo" && long === "--data")) continue;
      texts.set(long, (texts.get(long) ?? new Set()).add(`${flags}: ${description}`));
    }
  assert.ok(texts.size > 20, String(texts.size));
  assert.equal(
    [...texts.values()].filter((each) => each.size > 1).map((each) => [...each]),
    [],
  );
});

test("each that tells something tells it as JSON too", () => {
  // What they print is a file for another program already, or a process that logs JSON by itself.
  const others = new Set(["run", "page", "completion", "config schema", "receipts export"]);
  assert.equal(
    leaves
      .filter(({ command }) => !command.options.some(({ long }) => long === "--json"))
      .map(({ words }) => words.join(" "))
      .filter((name) => !others.has(name)),
    [],
  );
});

test("each example is understood", async () => {
  const examples = commands.flatMap(({ command }) => examplesOf(command));
  assert.ok(examples.length > 40, String(examples.length));
  const parser = parserOf(program);
  for (const line of examples)
    for (const call of callsIn(line)) {
      const ran = await parser.understood(call).catch((error: Error) => {
        throw new Error(`${line}: ${error.message}`);
      });
      assert.ok(ran !== "" && call.join(" ").startsWith(ran), `${line} runs "${ran}"`);
    }
});

test.run();
