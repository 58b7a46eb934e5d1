// How a command ends that cannot do what it was asked: in words on stderr, or with --json as one value on stdout, and
// with the exit code of its kind. It stands here once, so that no command can refuse in words where a program reads.
import { CommanderError } from "commander";
import { Failure } from "../../core/failure.js";
import { errorCode } from "../../ledger/store/disk.js";
import { tooManyFilesWords } from "../../ledger/store/open-files.js";

export type CommandEnding = { readonly code: number; readonly out?: string; readonly err?: string };

/** What stands in the JSON for an error of ours that has no name; its stack goes to stderr. */
export const unexpectedCode = "unexpected";

/** Whether these words ask for JSON. It is asked of words that may not have been understood, too. */
export function asksJson(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? words.length : end).includes("--json");
}

/** The end of a command that threw. What the parser has to say in words it has said itself. */
export function endingOf(error: unknown, json: boolean): CommandEnding {
  if (error instanceof CommanderError)
    return error.exitCode === 0
      ? { code: 0 }
      : { code: 2, ...(json ? { out: jsonOf("usage/invalid", usageOf(error)) } : {}) };
  if (error instanceof Failure)
    return {
      code: codeOf(error),
      ...(json ? { out: jsonOf(error.code, error.message) } : { err: inWords(error.message) }),
    };
  const tooMany = tooManyFilesWords(errorCode(error));
  if (tooMany !== undefined) return endingOf(new Failure("disk/failed", tooMany, { cause: error }), json);
  return {
    code: 1,
    ...(json ? { out: jsonOf(unexpectedCode, error instanceof Error ? error.message : String(error)) } : {}),
  };
}

/** Whether what a command threw has words of its own; anything else is a broken promise of ours, worth its stack. */
export const isForeseen = (error: unknown): boolean =>
  error instanceof Failure || error instanceof CommanderError || tooManyFilesWords(errorCode(error)) !== undefined;

const jsonOf = (code: string, message: string): string => JSON.stringify({ error: { code, message } });

const usageOf = ({ code, message }: CommanderError): string =>
  code === "commander.help" ? "a command is missing; --help lists them" : message.replace(/^error: /, "");

/** A fault in a file begins with its place, as editors know it; anything else is told as our own. */
const inWords = (message: string): string => (/^\S+:\d+(:\d+)?: /.test(message) ? message : `chargetill: ${message}`);

function codeOf(failure: Failure): number {
  switch (failure.code) {
    case "config/invalid":
    case "config/missing":
      return 78;
    case "usage/invalid":
      return 2;
    // Somebody else's files are a call by the wrong user.
    case "disk/failed":
      return ["EACCES", "EPERM"].includes(errorCode(failure.cause) ?? "") ? 2 : 75;
    case "disk/full":
      return 75;
    default:
      return 1;
  }
}
