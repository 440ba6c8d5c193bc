using System.Text.Json;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>Writes how the runs of a study come along: lines to read, or an object a run.</summary>
/// <param name="runs">How many there are.</param>
/// <param name="metric">The figure to show of a run that is done.</param>
/// <param name="machine">Whether to write objects.</param>
internal sealed class StudyLog(int runs, string metric, bool machine)
{
    /// <summary>How the progress within a run is shown.</summary>
    internal ProgressStyle Display => machine ? ProgressStyle.None : ProgressStyle.BarOnly;

    internal void Begin(int index, StudyRun run)
    {
        if (!machine)
            Console.WriteLine(Heading(index, run));
    }

    internal void Busy(int index, StudyRun run) => Write(index, run, "busy", ": another process is at it", begun: false);

    internal void Done(int index, StudyRun run, RunResult result, bool before)
    {
        string figure = StudyTable.Figure(result, metric) is { } value
            ? $"{(TestMetrics.Names.Contains(metric) ? "test " : "")}{RunResult.Words(metric)} {RunResult.Text(metric, value)}, " : "";
        Write(index, run, before ? "finished before" : "finished",
            before ? ": was finished before" : $"  {figure}{Numbers.Duration(result.Seconds)}", begun: !before, result);
    }

    internal void Failed(int index, StudyRun run, string failure) =>
        Write(index, run, "failed", $"  failed: {failure}", begun: true, failure: failure);

    string Heading(int index, StudyRun run) => $"[{index + 1}/{runs}] {run.Words}";

    void Write(int index, StudyRun run, string state, string words, bool begun, RunResult? result = null, string? failure = null) =>
        Console.WriteLine(machine
            ? JsonSerializer.Serialize(new { run = index + 1, runs, state, varied = run.Varied, failure, result }, Output.Json)
            : begun ? words : $"{Heading(index, run)}{words}");
}
