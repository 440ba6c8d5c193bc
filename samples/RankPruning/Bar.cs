using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>Shows the progress of a run on one line of a terminal; prints nothing if the output is redirected.</summary>
sealed class Bar(string what, int epochs) : IProgress<TrainingProgress>, IDisposable
{
    const string Clear = "\r\u001b[K";

    readonly bool live = !Console.IsOutputRedirected;

    public void Report(TrainingProgress value)
    {
        if (live && value.Finished is { } epoch)
            Console.Write(Invariant($"{Clear}  {what}: epoch {epoch.Epoch} of {epochs}, loss {epoch.Loss:F4}, ")
                + Invariant($"{epoch.Parameters:N0} parameters, {epoch.RowsPerSecond:N0} rows/s"));
    }

    public void Dispose()
    {
        if (live)
            Console.Write(Clear);
    }
}
