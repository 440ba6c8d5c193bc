using System.Globalization;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning;

/// <summary>
/// A budget in one run: whether pruning goes on, and the last event, which is taken back if the accuracy does not recover from it in time.
/// How it stands is in the run's history.
/// </summary>
/// <param name="budget">The budget.</param>
/// <param name="run">The run.</param>
sealed class BudgetProgress(Budget budget, TrainingRun run)
{
    (RunSnapshot Before, int Until)? open;
    (int Epoch, double? Accuracy)? seen; // of the network as it is, where the epoch's own accuracy is another's
    IReadOnlyList<BudgetMeasurement> last = [];
    string? reached; // why pruning ends, if the accuracy is kept

    /// <summary>Looked up each time: a checkpoint puts another history in place.</summary>
    BudgetRecord Record => run.History.Budget ?? throw new InvalidDataException("The checkpoint's history says nothing of the budget.");

    public bool Ended => Record.Ended is not null;

    /// <summary>What accuracy is kept by: of the validation set where there is one, else of the rows that were learnt from.</summary>
    double? Accuracy => seen is { } now && now.Epoch == run.Epoch ? now.Accuracy
        : run.Totals.Validation is { } validation ? validation.Accuracy : run.Totals.Accuracy;

    /// <summary>Whether the accuracy is kept.</summary>
    public bool IsKept => budget.Floor is not { } floor || (Accuracy ?? throw new InvalidOperationException(
        FormattableString.Invariant(
            $"Pruning.Budget has an accuracy, {floor}, and the run's objective counts no correct answers."))) >= floor;

    /// <summary>Takes the only budget of a run.</summary>
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

    /// <summary>Before an event, where there is an accuracy to keep.</summary>
    /// <param name="until">After so many completed epochs, the accuracy must have recovered.</param>
    public void Opens(int until)
    {
        if (budget.Floor is not null)
            open = (RunSnapshot.Of(run), until);
    }

    /// <summary>After an event.</summary>
    /// <param name="reading">What the network measures.</param>
    /// <param name="met">Where that meets the budget, why pruning ends, in words.</param>
    public void Measured(BudgetReading reading, string? met) => (last, reached) = (reading.Measurements, met);

    /// <summary>Whether the last event's time to recover is over.</summary>
    public bool IsOpen(int time, bool over) => open is { } opened && (time >= opened.Until || over);

    /// <summary>The accuracy has recovered from the last event, or there is none to keep.</summary>
    /// <param name="epoch">Completed epochs.</param>
    public void Confirm(int epoch)
    {
        open = null;
        if (reached is not null)
            End(epoch, reached);
    }

    /// <summary>Takes the last event back.</summary>
    /// <param name="measure">Measures the network that is there again.</param>
    public Evaluation? TakeBack(EventMeasure measure)
    {
        open!.Value.Before.Restore(run);
        (open, reached) = (null, null);
        return Look(measure);
    }

    /// <summary>Measures the accuracy of the network as it is.</summary>
    public Evaluation? Look(EventMeasure measure)
    {
        var now = measure.Now(run);
        seen = (run.Epoch, now?.Accuracy);
        return now;
    }

    /// <summary>The accuracy that was missed, in words.</summary>
    public string Missed => string.Create(CultureInfo.InvariantCulture,
        $"the accuracy was {100 * Accuracy:0.##} %, below {100 * budget.Floor:0.##} %");

    /// <summary>Ends pruning.</summary>
    /// <param name="epoch">Completed epochs.</param>
    /// <param name="why">In words.</param>
    public void End(int epoch, string why) => run.History.Budget = Record with
    {
        Epoch = epoch,
        Ended = why,
        AtEnd = AtEnd,
        Met = IsMet,
    };

    /// <summary>When the run ends, what holds then counts.</summary>
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
