using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>
/// The two commands. <c>tune</c> tries settings on validation rows and freezes the best in a file; <c>final</c> runs what the file says,
/// and looks at the test set once a run. A run whose result is there is not done again.
/// </summary>
sealed class Compare(Study study, string folder, string output, CancellationToken cancellation)
{
    /// <summary>Tries as many settings of every method, and writes the best down.</summary>
    /// <param name="plan">Everything but the methods' settings.</param>
    /// <param name="methods">The methods.</param>
    /// <param name="path">The file.</param>
    public void Tune(Frozen plan, IReadOnlyList<Entrant> methods, string path)
    {
        var split = Split.Of(study, folder, plan.Rows, plan.Validation);
        var chosen = new SortedDictionary<string, Chosen>(plan.Methods);
        foreach (var entrant in methods)
        {
            var tried = entrant.Settings(plan.Budget)
                .Select(setting => Run(entrant, split, Plan(plan, entrant, setting, plan.TunedAt, plan.TuningSeed), test: false)).ToArray();
            var best = tried.MaxBy(r => r.ValidationAccuracy)!;
            chosen[entrant.Name] = new(best.Plan.Setting, best.ValidationAccuracy, tried.Length);
            (plan with { Methods = chosen }).Save(path);
        }
        Console.WriteLine(Invariant($"{path} has the settings of {string.Join(", ", chosen.Keys)}."));
    }

    /// <summary>Runs every method of the file with every seed and at every fraction, and writes the tables.</summary>
    public void Final(Frozen frozen)
    {
        if (frozen.Seeds.Contains(frozen.TuningSeed))
            throw new InvalidDataException($"Seed {frozen.TuningSeed} chose the settings; it must not be among the final ones.");
        var split = Split.Of(study, folder, frozen.Rows, frozen.Validation);
        var results = new List<RunResult>();
        var unknown = frozen.Methods.Keys.Except(Entrant.All.Select(e => e.Name)).FirstOrDefault();
        if (unknown is not null)
            throw new InvalidDataException($"The settings have a method '{unknown}', which there is not.");
        // Seed after seed, so that an unfinished study compares all methods.
        foreach (var seed in frozen.Seeds)
            foreach (var entrant in Entrant.All.Where(e => frozen.Methods.ContainsKey(e.Name)))
                foreach (var fraction in entrant.Name.StartsWith("unpruned", StringComparison.Ordinal) ? [0] : frozen.Fractions)
                {
                    var plan = Plan(frozen, entrant, frozen.Methods[entrant.Name].Setting, fraction, seed);
                    results.Add(Run(entrant, split, plan, test: true));
                }
        Report.Write(output, study, frozen, results);
    }

    static RunPlan Plan(Frozen frozen, Entrant entrant, SortedDictionary<string, double> setting, double fraction, int seed) =>
        new(frozen.Study, entrant.Name, setting, entrant.Name.StartsWith("unpruned", StringComparison.Ordinal) ? 0 : fraction, seed,
            frozen.Epochs, frozen.Rows, frozen.Validation);

    RunResult Run(Entrant entrant, Split split, RunPlan plan, bool test)
    {
        cancellation.ThrowIfCancellationRequested();
        var folder = Path.Combine(output, test ? "final" : "tuning");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, plan.Key + ".json");
        if (RunResult.Load(path) is { } done)
            return done;
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var trial = new Trial(study, split, plan, folder, cancellation);
        var (model, pruned, unit) = entrant.Run(trial);
        using var _ = model;
        cancellation.ThrowIfCancellationRequested();
        var result = new RunResult(plan, pruned, unit, trial.Histories.Sum(h => h.Epochs.Count),
            trial.Histories[^1].Epochs[^1].Accuracy ?? double.NaN, Answers.Accuracy(model, split.Train),
            Answers.Accuracy(model, split.Validation),
            test ? Answers.Accuracy(model, split.Test) : null, model.parameters().Sum(p => p.NumberOfElements),
            System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds);
        result.Save(path);
        trial.Clear();
        Console.WriteLine(Invariant($"{plan.Key}: {100 * pruned:0.0} % of {unit}, validation {result.ValidationAccuracy:F4}")
            + Invariant($"{(result.TestAccuracy is { } t ? Invariant($", test {t:F4}") : "")}, {Numbers.Duration(result.Seconds)}"));
        return result;
    }
}
