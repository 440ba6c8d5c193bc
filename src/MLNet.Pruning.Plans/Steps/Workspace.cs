using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>Adds up the memory that the steps of a network need.</summary>
sealed class WorkspaceLayout
{
    // Two gigabytes per thread: a network that needs more is a mistake or an attack.
    const long MaximumNumbers = 1 << 29;

    /// <summary>The total size so far.</summary>
    public long Length { get; private set; }

    /// <summary>Throws if a network needs more memory than a plan takes.</summary>
    /// <param name="numbers">The numbers that one thread needs.</param>
    public static long Check(long numbers) => numbers <= MaximumNumbers ? numbers
        : throw new ArgumentException($"To compute a row, a thread would need {numbers * sizeof(float):N0} bytes or more; a plan takes at "
            + $"most {MaximumNumbers * sizeof(float):N0}.");

    /// <summary>Reserves memory that starts at a cache line, with room for a vector that reads past the end. Returns its offset.</summary>
    public int Add(long numbers)
    {
        int start = (int)Length;
        Length = Check(Length + ((numbers + 15) & ~15L) + 64);
        return start;
    }
}

/// <summary>
/// The memory in which one thread computes. It starts as zeros, so that numbers beyond the columns or lanes in use are always defined:
/// those of earlier rows.
/// </summary>
sealed unsafe class Workspace(long numbers, int indices, params TokenMatcher[] matchers)
{
    readonly AlignedBuffer<float> floats = new(numbers);
    readonly AlignedBuffer<int> ints = new(indices);

    public float* At(int start) => floats.Pointer + start;

    public int* Indices => ints.Pointer;

    public TokenMatcher[] Matchers { get; } = matchers;
}

/// <summary>Workspaces that no thread is using. The pool keeps one more than there are cores.</summary>
sealed class WorkspacePool(Func<Workspace> create)
{
    readonly Workspace?[] idle = new Workspace?[Environment.ProcessorCount + 1];

    public Workspace Take()
    {
        for (int i = 0; i < idle.Length; i++)
        {
            if (idle[i] is not null && Interlocked.Exchange(ref idle[i], null) is { } workspace)
                return workspace;
        }
        return create();
    }

    public void Give(Workspace workspace)
    {
        for (int i = 0; i < idle.Length; i++)
        {
            if (idle[i] is null && Interlocked.CompareExchange(ref idle[i], workspace, null) is null)
                return;
        }
    }
}
