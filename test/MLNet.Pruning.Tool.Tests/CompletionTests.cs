using System.Diagnostics;

namespace MLNet.Pruning.Tool.Tests;

[TestClass]
public sealed class CompletionTests
{
    /// <summary>What bash offers for a line with the cursor at its end.</summary>
    static string[] Offered(string script, params string[] words)
    {
        string line = string.Join(' ', words), tool = Path.Combine(AppContext.BaseDirectory, "mlprune.dll");
        string all = $$"""
            mlprune() { dotnet '{{tool}}' "$@"; }
            {{script}}
            complete -p mlprune >&2
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_CWORD={{words.Length - 1}}
            COMP_WORDS=({{string.Join(' ', words.Select(word => $"'{word}'"))}})
            _mlprune
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        try
        {
            using var bash = Process.Start(new ProcessStartInfo("bash", ["--norc", "-c", all]) { RedirectStandardOutput = true })!;
            string text = bash.StandardOutput.ReadToEnd();
            bash.WaitForExit();
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Inconclusive("There is no bash here.");
            throw;
        }
    }

    [TestMethod]
    public void Bash_completes_commands_options_and_values()
    {
        using var shell = new Shell();
        string script = shell.Run("completion bash").Out;
        CollectionAssert.AreEqual((string[])["train"], Offered(script, "mlprune", "tr"));
        CollectionAssert.AreEqual((string[])["--fresh"], Offered(script, "mlprune", "train", "r.yaml", "--fr"));
        CollectionAssert.AreEquivalent((string[])["Onnx", "Safetensors"], Offered(script, "mlprune", "export", "--format", ""));
    }

    [TestMethod]
    [DataRow("zsh", "compdef _mlprune mlprune")]
    [DataRow("fish", "complete -c mlprune")]
    [DataRow("pwsh", "Register-ArgumentCompleter -Native -CommandName mlprune")]
    public void Other_shells_have_scripts_that_ask_the_program(string name, string register)
    {
        using var shell = new Shell();
        string script = shell.Run($"completion {name}").Out;
        Assert.Contains(register, script);
        Assert.Contains("[suggest:", script);
    }
}
