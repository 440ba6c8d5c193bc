namespace MLNet.Pruning;

/// <summary>What the times of a schedule count.</summary>
public enum ScheduleUnit
{
    /// <summary>Completed steps of the run.</summary>
    Steps,

    /// <summary>Completed epochs: each stands for as many steps as an epoch of the run has.</summary>
    Epochs,
}
