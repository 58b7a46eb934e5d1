// chargetill completion: a bash completion made of the commands themselves, so that it never tells of one that is not
// there: commands, options, the words that an option or argument may have, and file names where a file is meant.
import { type Argument, Command, type Option } from "commander";

/** `chargetill completion`; `program` gives it with all commands in it, and is asked when this runs. */
export function completionCommand(program: () => Promise<Command>): Command {
  return new Command("completion")
    .description("the bash completion, to be put into /usr/share/bash-completion/completions/chargetill")
    .addHelpText("after", "\nExample:\n  source <(chargetill completion)")
    .action(async () => void process.stdout.write(completionText(await program())));
}

type Named = { readonly path: string; readonly command: Command };

function* within(command: Command, path = ""): Generator<Named> {
  yield { path, command };
  for (const child of command.commands) yield* within(child, path === "" ? child.name() : `${path} ${child.name()}`);
}

const longs = ({ options }: Command): string[] => options.flatMap(({ long }) => long ?? []);
/** What may follow a command: its subcommands and options. */
const wordsAfter = (command: Command): string[] => [
  ...command.commands.map((child) => child.name()),
  ...longs(command),
  "--help",
];
const fileArguments = new Set(["file", "files", "cdr", "older", "newer"]);
const meansFile = ({ flags }: Option): boolean => /<(file|dir|folder|port)/.test(flags);
/** A file's name may have spaces in it. */
const files = 'mapfile -t COMPREPLY < <(compgen -f -- "$word"); return';
/** A word for `case`, taken as it stands. */
const pattern = (words: string): string => `"${words}"`;
const arm = (patterns: readonly string[], does: string): string[] =>
  patterns.length === 0 ? [] : [`    ${patterns.join("|")}) ${does} ;;`];

export function completionText(program: Command): string {
  const all = [...within(program)];
  const valued = all.flatMap(({ path, command }) =>
    command.options
      .filter((option) => option.required || option.optional)
      .flatMap((option) => (option.long == null ? [] : [{ place: pattern(`${path} ${option.long}`), option }])),
  );
  const withChoices = valued.filter(({ option }) => option.argChoices !== undefined);
  const free = valued.filter(({ option }) => option.argChoices === undefined);
  const given = all.flatMap(({ path, command }) =>
    command.registeredArguments.map((argument, index) => ({
      place: argument.variadic ? `${pattern(`${path}:`)}*` : pattern(`${path}:${index}`),
      argument,
    })),
  );
  const means = ({ argument }: { readonly argument: Argument }): boolean => fileArguments.has(argument.name());
  return `# Completes chargetill's commands, options and their words; file names where a file is meant.
_chargetill() {
  local word=\${COMP_WORDS[COMP_CWORD]} last=\${COMP_WORDS[COMP_CWORD-1]} path="" place=0 words="" each i
  # The command that was named so far, and how many words stand behind it; values of options are none.
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i-1]}" in
${arm(
  valued.map(({ place }) => place),
  "continue",
).join("\n")}
    esac
    each=\${path:+$path }\${COMP_WORDS[i]}
    case "$each" in
${arm(
  all.slice(1).map(({ path }) => pattern(path)),
  "path=$each place=0",
).join("\n")}
      *) case "\${COMP_WORDS[i]}" in -*) ;; *) place=$((place + 1)) ;; esac ;;
    esac
  done
  COMPREPLY=()
  # The value of an option: one of its words, a file, or what only the technician knows.
  case "$path $last" in
${[
  ...withChoices.flatMap(({ place, option }) =>
    arm([place], `COMPREPLY=($(compgen -W "${(option.argChoices ?? []).join(" ")}" -- "$word")); return`),
  ),
  ...arm(
    free.filter(({ option }) => meansFile(option)).map(({ place }) => place),
    files,
  ),
  ...arm(
    free.filter(({ option }) => !meansFile(option)).map(({ place }) => place),
    "return",
  ),
].join("\n")}
  esac
  case "$path" in
${all.flatMap(({ path, command }) => arm([pattern(path)], `words="${wordsAfter(command).join(" ")}"`)).join("\n")}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")); return ;;
  esac
  case "$path:$place" in
${[
  ...given
    .filter(({ argument }) => argument.argChoices !== undefined)
    .flatMap(({ place, argument }) =>
      arm([place], `COMPREPLY=($(compgen -W "${(argument.argChoices ?? []).join(" ")}" -- "$word")); return`),
    ),
  ...arm(
    given.filter(means).map(({ place }) => place),
    files,
  ),
].join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o filenames -F _chargetill chargetill
`;
}
