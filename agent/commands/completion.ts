// chargetill completion: a bash completion made of the commands themselves, so that it never tells of one that is not there.
import { Command } from "commander";

/** `chargetill completion`; `program` gives it with all commands in it, and is asked when this runs. */
export function completionCommand(program: () => Promise<Command>): Command {
  return new Command("completion")
    .description("the bash completion, to be put into /usr/share/bash-completion/completions/chargetill")
    .addHelpText("after", "\nExample:\n  source <(chargetill completion)")
    .action(async () => void process.stdout.write(completionText(await program())));
}

function completionText(program: Command): string {
  const words = (command: Command): string => [...command.commands.map((each) => each.name()), ...command.options.flatMap((option) => (option.long === undefined || option.long === null ? [] : [option.long]))].join(" ");
  const cases = program.commands.flatMap((command) => [
    `    ${command.name()}) words="${words(command)}" ;;`,
    ...command.commands.map((each) => `    "${command.name()} ${each.name()}") words="${words(each)}" ;;`),
  ]);
  return `# Completes chargetill's commands and options; a word that is no command completes to file names.
_chargetill() {
  local word=\${COMP_WORDS[COMP_CWORD]} first=\${COMP_WORDS[1]} second=\${COMP_WORDS[2]} words
  case "$first $second" in
${cases.filter((line) => line.includes('"') && /^ {4}"/.test(line)).join("\n")}
    *) case "$first" in
${cases.filter((line) => !/^ {4}"/.test(line)).map((line) => `  ${line}`).join("\n")}
      *) words="${words(program)}" ;;
    esac ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${words(program)}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _chargetill chargetill
`;
}
