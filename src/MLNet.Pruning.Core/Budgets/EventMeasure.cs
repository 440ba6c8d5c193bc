namespace MLNet.Pruning;

/// <summary>Measures loss and accuracy around pruning events: on the validation set or, without one, on some training rows.</summary>
sealed class EventMeasure(int rows)
{
    (int Time, Evaluation? Value)? last;

    public string? On(TrainingRun run) => run.Validation is not null ? "validation" : rows > 0 ? "training" : null;

    /// <summary>Measures the present model.</summary>
    public Evaluation? Now(TrainingRun run)
    {
        if (run.Validation is { } validation)
            return run.Evaluate(validation);
        if (rows == 0)
            return null;
        using var first = run.FirstExamples(rows);
        return run.Evaluate(first);
    }

    /// <summary>The measurement at the end of an epoch, before the model was changed.</summary>
    public Evaluation? At(TrainingRun run, int time)
    {
        if (last is { } known && known.Time == time)
            return known.Value;
        var value = run.Totals.Validation ?? Now(run);
        last = (time, value);
        return value;
    }

    /// <summary>Records how the network recovered from its last event.</summary>
    /// <param name="run">The run.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="mine">Selects the events of one kind of pruning.</param>
    /// <param name="ends">Whether the run ends: a measurement that costs time is taken only then.</param>
    public void Recovered(TrainingRun run, int time, Predicate<PruningRecord> mine, bool ends)
    {
        var previous = run.History.Events.FindLastIndex(mine);
        if (previous < 0 || run.History.Events[previous].Epoch >= time || (run.Totals.Validation is null && !ends))
            return;
        if (At(run, time) is { } value)
            (run.History.Events[previous].LossRecovered, run.History.Events[previous].AccuracyRecovered) = (value.Loss, value.Accuracy);
    }
}
