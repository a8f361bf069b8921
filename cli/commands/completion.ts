import { Argument, type Command } from 'commander';
import { document } from '../help.ts';

/** `portvakt completion SHELL`: a script that asks this program what may stand at the cursor. Offline. */
export function define(command: Command): void {
  command
    .description('Prints a script for a shell, which then completes commands, flags, scopes, clients and organisations.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => void process.stdout.write(SCRIPTS[shell] ?? ''));
  document(command, {
    examples: [
      { does: 'bash; ~/.bashrc then says: source ~/portvakt.bash', run: 'portvakt completion bash > ~/portvakt.bash' },
      { does: 'zsh, in a folder of its fpath', run: 'portvakt completion zsh > _portvakt' },
      { does: 'fish', run: 'portvakt completion fish > portvakt.fish' },
    ],
    seeAlso: ['portvakt help'],
  });
}

/** bash takes a colon for the end of a word, so the line is split here, and what stands before the last colon is cut off again. */
const BASH = `_portvakt() {
  local line=\${COMP_LINE:0:COMP_POINT} words current value IFS=$' \\t'
  read -ra words <<<"$line"
  [[ $line == *[$' \\t'] ]] && words+=('')
  current=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  while IFS= read -r value; do
    [[ $COMP_WORDBREAKS == *:* ]] && value=\${value#"\${current%"\${current##*:}"}"}
    COMPREPLY+=("$value")
  done < <(portvakt __complete "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _portvakt portvakt
`;

const ZSH = `#compdef portvakt
_portvakt() {
  local -a values
  values=("\${(@f)$(portvakt __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n $values[1] ]]; then compadd -- "$values[@]"; else _files; fi
}
if [[ $funcstack[1] == _portvakt ]]; then _portvakt "$@"; else compdef _portvakt portvakt; fi
`;

const FISH = `complete -c portvakt -a '(portvakt __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`;

const POWERSHELL = `Register-ArgumentCompleter -Native -CommandName portvakt -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { "$_" })
  portvakt __complete @words "$wordToComplete" 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL };
