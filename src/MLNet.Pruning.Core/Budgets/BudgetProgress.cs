using System.Globalization;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning;

/// <summary>
/// Tracks a budget in one run: whether pruning continues, and the last event, which is undone if the accuracy does not recover in time.
/// The state is in the run's history.
/// </summary>
sealed class BudgetProgress(Budget budget, TrainingRun run)
{
    (RunSnapshot Before, int Until)? open;
    (int Epoch, double? Accuracy)? seen; // of the present network, if the epoch's own accuracy is that of an earlier one
    IReadOnlyList<BudgetMeasurement> last = [];
    string? reached; // why pruning ends if the accuracy is kept

    /// <summary>Looked up each time, as a checkpoint replaces the history.</summary>
    BudgetRecord Record => run.History.Budget ?? throw new InvalidDataException("The checkpoint's history says nothing of the budget.");

    public bool Ended => Record.Ended is not null;

    /// <summary>The accuracy to judge by: on the validation set if there is one, otherwise on the training rows.</summary>
    double? Accuracy => seen is { } now && now.Epoch == run.Epoch ? now.Accuracy
        : run.Totals.Validation is { } validation ? validation.Accuracy : run.Totals.Accuracy;

    /// <summary>Whether the accuracy is kept.</summary>
    public bool IsKept => budget.Floor is not { } floor || (Accuracy ?? throw new InvalidOperationException(
        FormattableString.Invariant(
            $"Pruning.Budget has an accuracy, {floor}, and the run's objective counts no correct answers."))) >= floor;

    /// <summary>Starts the budget of a run. A run has only one.</summary>
    public static BudgetProgress Begin(Budget budget, TrainingRun run, BudgetReading? reading)
    {
        if (run.History.Budget is not null)
            throw new ArgumentException("Two prunings of one run have a Budget; the run has one network, and one of them can stop at it.");
        if (budget.Floor is not null && run.Objective.ClassCount is null)
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"Pruning.Budget has an accuracy, {budget.Floor}, and the run's objective has no classes. Leave it out."));
        run.History.Budget = new BudgetRecord { Budget = budget.ToString(), AtStart = reading?.Measurements ?? [] };
        return new(budget, run) { last = reading?.Measurements ?? [] };
    }

    /// <summary>Called before an event if there is an accuracy to keep.</summary>
    /// <param name="until">The number of completed epochs by which the accuracy must have recovered.</param>
    public void Opens(int until)
    {
        if (budget.Floor is not null)
            open = (RunSnapshot.Of(run), until);
    }

    /// <summary>Called after an event.</summary>
    /// <param name="reading">The measurements of the network.</param>
    /// <param name="met">If these meet the budget, why pruning ends; otherwise null.</param>
    public void Measured(BudgetReading reading, string? met) => (last, reached) = (reading.Measurements, met);

    /// <summary>Whether the last event may still be taken back.</summary>
    public bool CanTakeBack => open is not null;

    /// <summary>Whether the last event's time to recover is over.</summary>
    public bool IsOpen(int time, bool over) => open is { } opened && (time >= opened.Until || over);

    /// <summary>Called when the accuracy has recovered from the last event, or if there is none to keep.</summary>
    public void Confirm(int epoch)
    {
        open = null;
        if (reached is not null)
            End(epoch, reached);
    }

    /// <summary>Takes the last event back.</summary>
    /// <param name="measure">Measures the restored network.</param>
    public Evaluation? TakeBack(EventMeasure measure)
    {
        open!.Value.Before.Restore(run);
        (open, reached) = (null, null);
        return Look(measure);
    }

    /// <summary>Measures the accuracy of the present network.</summary>
    public Evaluation? Look(EventMeasure measure)
    {
        var now = measure.Now(run);
        seen = (run.Epoch, now?.Accuracy);
        return now;
    }

    /// <summary>A text about the accuracy that was missed.</summary>
    public string Missed => string.Create(CultureInfo.InvariantCulture,
        $"the accuracy was {100 * Accuracy:0.##} %, below {100 * budget.Floor:0.##} %");

    /// <summary>Ends pruning.</summary>
    public void End(int epoch, string why) => run.History.Budget = Record with
    {
        Epoch = epoch,
        Ended = why,
        AtEnd = AtEnd,
        Met = IsMet,
    };

    /// <summary>At the end of the run, the present measurements count.</summary>
    public void Conclude() => run.History.Budget = Record with { AtEnd = AtEnd, Met = IsMet };

    bool IsMet => last.All(m => m.Holds) && (budget.Floor is null || Accuracy is null || IsKept);

    IReadOnlyList<BudgetMeasurement> AtEnd =>
        budget.Floor is { } floor && Accuracy is { } accuracy ? [.. last, new(BudgetQuantity.Accuracy, floor, accuracy)] : last;

    public void Write(BinaryWriter writer)
    {
        writer.Write(reached ?? "");
        writer.Write(last.Count);
        foreach (var measurement in last)
        {
            writer.Write((int)measurement.Quantity);
            writer.Write(measurement.Limit);
            writer.Write(measurement.Measured);
            writer.Write(measurement.Rows ?? 0);
            writer.Write(measurement.Noise ?? -1);
        }
        writer.Write(open is not null);
        if (open is not { } opened)
            return;
        writer.Write(opened.Until);
        opened.Before.Write(writer);
    }

    public void Read(BinaryReader reader)
    {
        reached = reader.ReadString() is { Length: > 0 } why ? why : null;
        var measurements = new BudgetMeasurement[reader.ReadCount(2 * sizeof(double))];
        for (var i = 0; i < measurements.Length; i++)
            measurements[i] = new((BudgetQuantity)reader.ReadInt32(), reader.ReadDouble(), reader.ReadDouble())
            {
                Rows = reader.ReadInt32() is > 0 and var rows ? rows : null,
                Noise = reader.ReadDouble() is >= 0 and var noise ? noise : null,
            };
        last = measurements;
        open = null;
        if (reader.ReadBoolean())
        {
            var until = reader.ReadInt32();
            open = (RunSnapshot.Read(reader, run), until);
        }
    }
}
