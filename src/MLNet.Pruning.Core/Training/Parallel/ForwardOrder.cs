namespace MLNet.Pruning.Training;

/// <summary>Lets replicas through one after the other, in the order of their numbers.</summary>
/// <remarks>
/// LibTorch draws dropout masks and noise from one generator for all threads. Replicas whose forward pass draws from it take turns, so that
/// the same seed gives the same numbers to the same replica; their backward passes still run side by side.
/// </remarks>
sealed class ForwardOrder
{
    volatile int turn;
    volatile bool broken;

    public void Reset() => (turn, broken) = (0, false);

    /// <summary>Lets everybody through: one that failed before its turn will not come, and none should wait for it.</summary>
    public void Break() => broken = true;

    public void Enter(int number)
    {
        var spinner = new SpinWait();
        while (turn != number && !broken)
            spinner.SpinOnce(-1);
    }

    public void Leave(int number) => turn = number + 1;
}
