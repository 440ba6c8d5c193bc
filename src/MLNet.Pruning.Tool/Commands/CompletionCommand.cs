using System.CommandLine;

namespace MLNet.Pruning.Tool.Commands;

/// <summary>A shell that completes commands.</summary>
internal enum CompletingShell
{
    Bash,
    Zsh,
    Fish,
    Pwsh,
}

/// <summary><c>mlprune completion</c>: writes the script by which a shell completes commands, options and their values.</summary>
internal static class CompletionCommand
{
    internal static Command Create()
    {
        var shell = new Argument<CompletingShell>("shell") { Description = "The shell: bash, zsh, fish or pwsh." };
        const string Purpose = "Write the script by which a shell completes commands, options and values.";
        var command = new Command("completion", Purpose) { shell };
        command.SetAction((parsed, _) => Errors.Guard(() => Console.Write(Script(parsed.GetValue(shell)).ReplaceLineEndings("\n"))));
        return command;
    }

    // The scripts ask the program itself, so that they need not change with its commands.
    static string Script(CompletingShell shell) => shell switch
    {
        CompletingShell.Bash => """
            # Put this into ~/.bashrc:  eval "$(mlprune completion bash)"
            _mlprune() {
                local IFS=$'\n' word="${COMP_WORDS[COMP_CWORD]}"
                COMPREPLY=($(compgen -W "$(mlprune "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "$word"))
            }
            complete -o bashdefault -o default -F _mlprune mlprune

            """,
        CompletingShell.Zsh => """
            #compdef mlprune
            # Put this into ~/.zshrc, after compinit:  eval "$(mlprune completion zsh)"
            _mlprune() {
                local -a found
                found=("${(@f)$(mlprune "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
                (( ${#found[1]} )) && compadd -- "${found[@]}"
                _files
            }
            compdef _mlprune mlprune

            """,
        CompletingShell.Fish => """
            # Put this into ~/.config/fish/config.fish:  mlprune completion fish | source
            complete -c mlprune -a '(mlprune "[suggest:"(commandline -C)"]" (commandline -p | string collect) 2>/dev/null)'

            """,
        _ => """
            # Put this into $PROFILE:  mlprune completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName mlprune -ScriptBlock {
                param($word, $command, $position)
                mlprune "[suggest:$position]" "$command" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }

            """,
    };
}
