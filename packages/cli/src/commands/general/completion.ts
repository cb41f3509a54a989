import { defineCommand } from "../command.ts";

/**
 * Every script asks `conch` itself what fits, so none of them can go stale. bash and PowerShell hand
 * the line over as it was typed, because their own words are cut at `@` and `=`, or lose empty ones.
 * bash inserts what it gets as it is, and what a server calls a token must not be run by the next
 * Return: so names are quoted, and within quotes those that would need more are not offered.
 */
const SCRIPTS = {
  bash: `# conch completion bash
_conch() {
  local fragment=\${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    case $fragment in
      [\\"\\']*) [[ $line == *[\\\\\\"\\'\\$\\\`!]* ]] || COMPREPLY+=("$line") ;;
      *) COMPREPLY+=("$(printf %q "$line")") ;;
    esac
  done < <(conch __complete-line "\${COMP_LINE:0:COMP_POINT}" "$fragment" 2>/dev/null)
}
complete -o default -F _conch conch
`,
  zsh: `#compdef conch
# conch completion zsh
_conch() {
  local -a candidates
  candidates=("\${(@f)$(conch __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  (( \${#candidates} )) && compadd -- "\${candidates[@]}" || _files
}
# A file of fpath is run at the first Tab, as the function itself.
if [[ $funcstack[1] == _conch ]]; then _conch "$@"; else compdef _conch conch; fi
`,
  fish: `# conch completion fish
function __conch_complete
  set -l word (commandline -ct)
  set -l plain (string unescape -- $word; or string unescape -- $word\\"; or string unescape -- $word\\'; or echo $word)
  conch __complete (commandline -opc)[2..] "$plain" 2>/dev/null
end
complete -c conch -f -a '(__conch_complete)'
`,
  powershell: `# conch completion powershell
Register-ArgumentCompleter -Native -CommandName conch -ScriptBlock {
  param($word, $ast, $cursor)
  $line = $ast.ToString().PadRight($cursor).Substring(0, $cursor)
  conch __complete-line $line 2>$null | ForEach-Object {
    $text = if ($_ -match '[\\s''"$\`;&|<>(){}]') { "'" + $_.Replace("'", "''") + "'" } else { $_ }
    [System.Management.Automation.CompletionResult]::new($text, $_, 'ParameterValue', $_)
  }
}
`,
} as const;

type Shell = keyof typeof SCRIPTS;
const SHELLS = Object.keys(SCRIPTS) as Shell[];

export const command = defineCommand({
  description:
    "Prints a script that makes the shell complete commands, options, and the names of profiles and\ntokens (which asks the server, for two seconds at most).",
  arguments: { shell: { summary: SHELLS.join(", "), choices: SHELLS, complete: SHELLS } },
  examples: [
    { line: "completion bash > ~/.local/share/bash-completion/completions/conch", says: "bash" },
    { line: 'completion zsh > "${fpath[1]}/_conch"', says: "zsh" },
    { line: "completion fish > ~/.config/fish/completions/conch.fish", says: "fish" },
    { line: "completion powershell >> $PROFILE", says: "PowerShell" },
  ],
  exitCodes: [],
  environment: [],
  run({ args }) {
    const script = SCRIPTS[args.shell as Shell];
    return { json: { shell: args.shell, script }, text: script.trimEnd() };
  },
});
