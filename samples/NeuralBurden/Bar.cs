using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.NeuralBurden;

/// <summary>Prints a line for each finished training, and on a terminal the progress of the current one.</summary>
sealed class Bar(double sparsity, int epochs) : IProgress<BurdenProgress>
{
    const string Clear = "\r\u001b[K";

    readonly bool live = !Console.IsOutputRedirected;

    public void Report(BurdenProgress value)
    {
        if (value.Finished is { } run)
            Console.WriteLine(Invariant($"{(live ? Clear : "")}  {100 * sparsity,4:0.#} % inactive  {run.Title,-26} ")
                + Invariant($"{Numbers.Duration(run.History.Epochs.Sum(e => e.Seconds)),9}  ")
                + Invariant($"test accuracy {Numbers.Percent(run.Accuracy),8}"));
        else if (live && value.Training?.Finished is { } epoch)
            Console.Write(Invariant($"{Clear}  {100 * sparsity:0.#} % inactive, {value.Number} of {value.Count}, ")
                + Invariant($"{value.Kind.ToString().ToLowerInvariant()}, seed {value.Seed}: epoch {epoch.Epoch} of ")
                + Invariant($"{epochs}, loss {epoch.Loss:F4}, {epoch.RowsPerSecond:N0} images/s"));
    }
}
