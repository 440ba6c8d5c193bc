using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>What a run has come to: the numbers at the head of a page, and in a row of a comparison.</summary>
sealed class RunSummary(TrainingHistory history)
{
    /// <summary>The epoch whose model the run has ended with; null before the first is over.</summary>
    public EpochRecord? Final { get; } =
        history.Epochs.Find(e => e.Epoch == history.BestEpoch) ?? history.Epochs.LastOrDefault();

    public double? Accuracy => Final?.ValidationAccuracy ?? Final?.Accuracy;

    public double? Loss => Final?.ValidationLoss ?? Final?.Loss;

    /// <summary>Whether accuracy and loss are those of the validation set.</summary>
    public bool IsValidated => Final?.ValidationLoss is not null || Final?.ValidationAccuracy is not null;

    /// <summary>Trainable parameters, after an event that came after the last epoch as well.</summary>
    public long Parameters => history.Events.LastOrDefault(e => e.Weights is null) is { } last && Final is not null
        && history.BestEpoch is null && last.Step >= Final.Steps ? last.ParametersAfter : Final?.Parameters ?? history.ParametersAtStart;

    /// <summary>Trainable parameters that are not zero; of a history that does not tell, those that are under no mask or active.</summary>
    public long NonZero => history.NonZeroParameters
        ?? (history.Events.LastOrDefault() is { Weights: not null } cut ? cut.ParametersAfter : Parameters);

    public double Seconds => history.Epochs.Sum(e => e.Seconds);

    public double RowsPerSecond => history.Epochs.Select(e => e.RowsPerSecond).Order().ElementAtOrDefault(history.Epochs.Count / 2);

    /// <summary>The shape at the start, and the one that pruning has left.</summary>
    public string Shape
    {
        get
        {
            if (history.ModelAfter is not { } after || after == history.Model)
                return history.Model;
            // What both have at the start is said once: the kind of network, the size of images.
            var (before, now) = (history.Model.Split(' '), after.Split(' '));
            var same = before.Zip(now).TakeWhile(words => words.First == words.Second).Count();
            var part = Math.Max(0, Array.FindLastIndex(before, Math.Max(0, same - 1), word => word.EndsWith(',')) + 1);
            return $"{history.Model} → {string.Join(' ', now.Skip(part > 0 ? part : Math.Min(same, 1)))}";
        }
    }

    /// <summary>Multiply-accumulates of a row at the start and at the end, if an event counted them.</summary>
    public (long Before, long After)? Macs => history.Events.FirstOrDefault(e => e.MacsBefore is not null)?.MacsBefore is { } before
        && history.Events.LastOrDefault(e => e.MacsAfter is not null)?.MacsAfter is { } after ? (before, after) : null;

    /// <summary>The measured latency of a row before pruning, which a budget knows.</summary>
    public double? LatencyAtStart =>
        history.Budget?.AtStart.FirstOrDefault(m => m is { Quantity: BudgetQuantity.Latency, Rows: 1 })?.Measured;

    /// <summary>How far the run is, and why it ended early.</summary>
    public string State
    {
        get
        {
            var epochs = Epochs(history.Epochs.Count);
            if (history.Stopped is { } why)
                return $"{epochs}, stopped: {why}";
            return history.EpochsWanted is { } all && history.Epochs.Count < all ? $"{history.Epochs.Count} of {Epochs(all)}" : epochs;
        }
    }

    /// <summary>The three numbers that matter most: what the model can do, what is left of it, how fast it is.</summary>
    public IEnumerable<(string Name, string Value, string Note)> Tiles(TestEvaluation? test)
    {
        yield return Quality(test);
        yield return history.Events.Count > 0
            ? ("Weights left", Percent((double)NonZero / history.ParametersAtStart),
                $"{Count(NonZero)} of {Count(history.ParametersAtStart)} parameters")
            : ("Parameters", Count(Parameters), $"{Bytes(sizeof(float) * Parameters)} as 32-bit floats; nothing was pruned");
        yield return history.ScoringSpeed is { } speed
            ? ("Scoring, one row", Duration(speed.Latency), $"{Count(speed.RowsPerSecond)} rows/s in batches, on one thread"
                + (LatencyAtStart is { } before ? $"; {Duration(before)} a row before pruning" : ""))
            : ("Training", Duration(Seconds), $"{State}; {Count(RowsPerSecond)} rows/s");
    }

    (string Name, string Value, string Note) Quality(TestEvaluation? test)
    {
        if (test?.Accuracy is { } tested)
            return ("Test accuracy", Percent(tested), $"of {Count(test.Count)} rows" + (Accuracy is { } known
                ? $"; {Percent(known)} {(Final!.ValidationAccuracy is null ? "in training" : "in validation")}" : ""));
        var first = history.Events.FirstOrDefault(e => e.AccuracyBefore is not null && e.MeasuredOn == "validation");
        var note = Final?.ValidationAccuracy is null ? "on the training rows, while it learned"
            : string.Join("; ", new[] { Final.Accuracy is { } a ? $"{Percent(a)} in training" : "",
                first?.AccuracyBefore is { } before ? $"{Percent(before)} before pruning" : "" }.Where(text => text.Length > 0));
        return Accuracy is { } accuracy
            ? (Final!.ValidationAccuracy is null ? "Training accuracy" : "Validation accuracy", Percent(accuracy), note)
            : (IsValidated ? "Validation loss" : "Training loss", Fixed(Loss), Final is null ? "no epoch is over" : State);
    }

    /// <summary>What was trained, on what, and what it costs.</summary>
    public IEnumerable<(string Name, string Value)> Facts()
    {
        yield return ("Model", Shape);
        if (history.Data is { } data)
            yield return ("Training rows", $"{Count(data.Rows)} of {string.Join(" x ", data.Shape)} numbers, hash {data.Hash}");
        yield return ("Parameters", Change(history.ParametersAtStart, Parameters, Count));
        if (history.Events.Count > 0 && NonZero != Parameters)
            yield return ("Not zero", $"{Count(NonZero)} of them, {Percent((double)NonZero / Math.Max(1, Parameters))}");
        yield return ("Size as 32-bit floats", Change(history.ParametersAtStart, Parameters, count => Bytes((long)count! * sizeof(float))));
        if (Macs is var (before, after))
            yield return ("Multiply-accumulates a row", Change(before, after, Count));
        if (history.ScoringSpeed is { } speed)
            yield return ("Scoring, one thread", $"{Duration(speed.Latency)} a row, {Count(speed.RowsPerSecond)} rows/s in batches");
        if (Final is null)
            yield break;
        yield return ("Training", $"{State}; {Duration(Seconds)} with {history.Replicas} replica{(history.Replicas == 1 ? "" : "s")}, "
            + $"{Count(RowsPerSecond)} rows/s");
        if (history.Compute is { } compute)
            yield return ("Gradients by", compute);
        if (history.BestEpoch is { } best)
            yield return ("Best epoch", $"{best}, whose model was kept");
        yield return ("Pruning", Pruning());
        if (history.Budget is { } budget)
        {
            yield return ("Budget", budget.Budget);
            if (budget.Ended is { } why)
                yield return ($"Pruning ended after {Epochs(budget.Epoch ?? 0)}", why);
        }
    }

    string Pruning()
    {
        var (neurons, cuts) = (history.Events.Count(e => e.Weights is null), history.Events.Count(e => e.Weights is not null));
        return (neurons, cuts) switch
        {
            (0, 0) => "none",
            (0, _) => Masks(),
            (_, 0) => Removals(),
            _ => $"{Removals()}; {Masks()}",
        };

        string Removals() => $"neurons, in {neurons} event{(neurons == 1 ? "" : "s")}";

        string Masks()
        {
            var last = history.Events.FindLast(e => e.Weights is not null)!;
            return $"weights under masks: {Percent(1 - (double)(last.WeightsOn ?? 0) / Math.Max(1, last.Weights!.Value))} of "
                + $"{Count(last.Weights)} inactive, after {cuts} update{(cuts == 1 ? "" : "s")}";
        }
    }

    static string Epochs(int count) => $"{count} epoch{(count == 1 ? "" : "s")}";

    static string Change(long before, long after, Func<double?, string> text) => before == after ? text(after)
        : $"{text(before)} → {text(after)} ({Percent((double)after / Math.Max(1, before))})";
}
