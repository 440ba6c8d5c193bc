namespace MLNet.Pruning.Training;

/// <summary>Lets replicas through one after the other, in the order of their numbers.</summary>
/// <remarks>
/// LibTorch draws dropout masks and noise from one generator for all threads. Replicas whose forward pass draws from it take turns, so that
/// the same seed gives the same numbers to the same replica; their backward passes still run side by side.
/// </remarks>
sealed class ForwardOrder
{
    volatile int turn;

    public void Reset() => turn = 0;

    public void Enter(int number)
    {
        var spinner = new SpinWait();
        while (turn != number)
            spinner.SpinOnce(-1);
    }

    public void Leave(int number) => turn = number + 1;
}
