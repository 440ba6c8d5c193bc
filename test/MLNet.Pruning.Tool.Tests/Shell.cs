using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;

[assembly: DoNotParallelize] // the console is one for all

namespace MLNet.Pruning.Tool.Tests;

/// <summary>What a command wrote, and its exit code.</summary>
sealed record Outcome(int Code, string Out, string Error)
{
    /// <summary>The lines of its output that are not empty.</summary>
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Its error, which is one line.</summary>
    public string ErrorLine
    {
        get
        {
            Assert.AreEqual(1, Code, Out + Error);
            Assert.AreEqual("", Out);
            string line = Assert.ContainsSingle(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)).TrimEnd();
            StringAssert.StartsWith(line, "error: ");
            Assert.DoesNotContain("bug of mlprune", line);
            return line["error: ".Length..];
        }
    }
}

/// <summary>A folder in which commands run, with a recipe.</summary>
sealed partial class Shell : IDisposable
{
    public const string Recipe = """
        seed: 1
        data:
          train: { type: SynthesizeDigits, count: 300, seed: 1 }
          validation: 0.2
          test: { type: SynthesizeDigits, count: 100, seed: 2 }
        transforms:
          - { type: MapValueToKey, outputColumnName: Label }
        trainer:
          type: PrunedFeedForward
          featureColumnName: Pixels
          hiddenSizes: [8]
          epochs: 2
          pruning: { type: NeuronPruning, schedule: { type: Stepwise, maturity: 1, every: 1, amount: 0.25, target: 0.25 } }
        after:
          - { type: MapKeyToValue, outputColumnName: PredictedLabel }
        output: { report: false }
        """;

    readonly string before = Environment.CurrentDirectory;

    public Shell(string recipe = Recipe)
    {
        Environment.CurrentDirectory = Folder;
        File.WriteAllText("r.yaml", recipe);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mlprune").FullName;

    /// <summary>Runs a command.</summary>
    /// <param name="line">What stands after mlprune; quotes keep blanks together.</param>
    public Outcome Run(string line) => Run(line, null);

    /// <summary>Runs a command, and cancels it once it has written a line with some text.</summary>
    public Outcome Run(string line, string? cancelAfter)
    {
        var (console, writtenBefore, errorsBefore) = (AnsiConsole.Console, Console.Out, Console.Error);
        using var stop = new CancellationTokenSource();
        using var written = new Watched(text =>
        {
            if (cancelAfter is not null && text.Contains(cancelAfter, StringComparison.Ordinal))
                stop.Cancel();
        });
        using var errors = new StringWriter();
        Console.SetOut(written);
        Console.SetError(errors);
        AnsiConsole.Console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(written) });
        try
        {
            string[] words = [.. Words().Matches(line).Select(word => word.Value.Replace("'", "", StringComparison.Ordinal))];
            return new(CommandLine.RunAsync(words, stop.Token).Result, written.ToString(), errors.ToString());
        }
        finally
        {
            Console.SetOut(writtenBefore);
            Console.SetError(errorsBefore);
            AnsiConsole.Console = console;
        }
    }

    /// <summary>Runs the command that a command told to go on with.</summary>
    public Outcome GoOn(Outcome stopped)
    {
        Assert.AreEqual(130, stopped.Code, stopped.Error);
        string command = stopped.Lines[^1].Trim();
        StringAssert.StartsWith(command, Output.Program);
        return Run(command[Output.Program.Length..]);
    }

    public void Dispose()
    {
        Environment.CurrentDirectory = before;
        Directory.Delete(Folder, recursive: true);
    }

    [GeneratedRegex("('[^']*'|[^' ])+")]
    private static partial Regex Words();

    /// <summary>Tells of each line that is written.</summary>
    sealed class Watched(Action<string> tell) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            tell(value ?? "");
        }

        public override Encoding Encoding => Encoding.UTF8;
    }
}
