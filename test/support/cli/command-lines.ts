// The commands of chargetill, and calls of it as a shell would read them: for tests of the help and of the documents.
import type { Command } from "commander";

/** A command with the words that name it; the program itself has none. */
export type NamedCommand = { readonly words: readonly string[]; readonly command: Command };

/** Every command with its words, the program itself first. */
export function* namedCommands(command: Command, words: readonly string[] = []): Generator<NamedCommand> {
  yield { words, command };
  for (const child of command.commands) yield* namedCommands(child, [...words, child.name()]);
}

/**
 * The calls of chargetill in a line for a shell, each as its words: up to a pipe, a redirection or the next command.
 */
export function callsIn(line: string): string[][] {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? "",
  );
  const calls: string[][] = [];
  let call: string[] | undefined;
  let begins = true;
  for (const word of words) {
    const ends = /^(\|\||\||&&|;|>)$/.test(word);
    if (ends) call = undefined;
    else if ((begins && word === "chargetill") || word === "<(chargetill") calls.push((call = []));
    else call?.push(word.replace(/\)$/, ""));
    begins = ends;
  }
  return calls;
}

/** Runs calls through the parser that a user meets; `understood` says which command a call would run, or throws. */
export function parserOf(program: Command): { understood(call: readonly string[]): Promise<string> } {
  let ran = "";
  for (const { words, command } of namedCommands(program)) {
    if (command.commands.length === 0) command.action(() => void (ran = words.join(" ")));
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  }
  return {
    async understood(call) {
      ran = "";
      await program.parseAsync([...call], { from: "user" });
      return ran;
    },
  };
}
