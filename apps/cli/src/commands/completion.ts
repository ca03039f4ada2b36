import { CairnError, suggest } from '@cairn/kernel'
import { printData } from '../terminal/print.ts'

/** `cairn completion`: prints a shell script that completes words with \`cairn complete\`. */
export default function completion(shell: string | undefined): void {
  const wanted = shell ?? (process.env['SHELL'] ?? '').split('/').at(-1)!
  const script = SCRIPTS[wanted]
  if (script === undefined)
    throw new CairnError('BAD_PARAMETER', `there is no completion script for the shell "${wanted}"`, {
      next: suggest(wanted, Object.keys(SCRIPTS)),
    })
  printData(script)
}

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# source <(cairn completion bash)
_cairn() {
  local IFS=$'\\n'
  COMPREPLY=($(cairn complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F _cairn cairn`,
  zsh: `#compdef cairn
# source <(cairn completion zsh)
_cairn() {
  local -a found
  found=(\${(f)"$(cairn complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)"})
  compadd -Q -- $found
}
compdef _cairn cairn`,
  fish: `# cairn completion fish | source
complete -c cairn -f -a '(cairn complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
}
