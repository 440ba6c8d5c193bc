using System.CommandLine;
using MLNet.Pruning.Reporting;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune report</c>: writes the training history that a saved model or a checkpoint holds as an HTML page.</summary>
internal static class ReportCommand
{
    // Windows and macOS find a file by its name in any case.
    static StringComparison SamePath =>
        OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    internal static Command Create()
    {
        var file = new Argument<FileInfo>("model") { Description = "A model that mlContext.Model.Save or WriteTo wrote, or a checkpoint." };
        var output = new Option<FileInfo?>("--output", "-o")
        {
            Description = "The page to write [default: the model's name with .html].",
            HelpName = "FILE",
        };
        const string Purpose = "Write a page about the training of a saved model: its charts, tables, options, seed and versions.";
        var command = new Command("report", Purpose) { file, output };
        command.SetAction((parsed, _) => Errors.Guard(() =>
        {
            var from = parsed.GetValue(file)!.FullName;
            var to = parsed.GetValue(output)?.FullName ?? Path.ChangeExtension(from, ".html");
            if (to.Equals(from, SamePath))
                throw new ArgumentException($"The page would replace the model '{from}'; say --output.");
            var history = TrainingHistory.Load(from);
            HistoryPage.Save(to, history, $"{Path.GetFileName(from)}: {history.Model}");
            Console.WriteLine(to);
        }));
        return command;
    }
}
