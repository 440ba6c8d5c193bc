using System.Runtime.InteropServices;
using MLNet.Pruning.Neurons;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Rows of features in, rows of what the model computes out. Owns the module; may be called from any number of threads.</summary>
sealed class ModelScorer : IRowScorer, IDisposable
{
    // Multiplications from which LibTorch's other threads are worth their risk. Every operator ends in a barrier, and a transformer has
    // sixty. `./bench.sh threads`, on two cores: alone on the machine, the second brings up to 1.8 times; beside other programs, 64 rows
    // of a small transformer (0.4e9) took 2.0 s on two threads and 87 ms on one, as barriers wait for the scheduler.
    const long LargeWork = 1L << 32;

    readonly nn.Module module;
    readonly long[] shape;
    readonly Func<Tensor, Tensor> compute;
    readonly Type owner;
    readonly Device device;
    readonly SparsePlan plan;
    readonly long multiplications;
    int users = 1; // the owner, and every call under way: the last one out gives the module back
    int disposed;
    int gone;

    /// <param name="module">Taken over and set to evaluation.</param>
    /// <param name="device">Where the module is moved to.</param>
    /// <param name="shape">How the features of a row are arranged.</param>
    /// <param name="compute">By the module, [rows, ...shape] to [rows, numbers], single precision.</param>
    /// <param name="scoring">How layers with many weights off are computed.</param>
    /// <param name="owner">Whose disposal ends the scoring.</param>
    public ModelScorer(nn.Module module, string device, IReadOnlyList<long> shape, Func<Tensor, Tensor> compute, SparseScoring scoring, Type owner)
    {
        (this.module, this.shape, this.compute, this.owner) = (module, [.. shape], compute, owner);
        this.device = new Device(device);
        module.to(this.device);
        module.eval();
        using var oneThread = new SingleThreaded();
        plan = SparsePlan.For(module, this.shape, compute, scoring);
        multiplications = Multiplications();
    }

    /// <summary>How layers with many weights off are computed.</summary>
    public IReadOnlyList<ScoringRecord> Layers => plan.Layers;

    /// <summary>How they were asked to be.</summary>
    public SparseScoring Scoring => plan.Scoring;

    /// <summary>Measures what such layers take either way, on one thread.</summary>
    public IReadOnlyList<ScoringRecord> Measure()
    {
        Enter();
        try
        {
            using var oneThread = new SingleThreaded();
            return plan.Measure();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Scores <paramref name="rows"/> rows lying one after the other in <paramref name="features"/>.</summary>
    public void Score(ReadOnlySpan<float> features, int rows, Span<float> output)
    {
        Enter();
        try
        {
            using var oneThread = rows * multiplications < LargeWork ? new SingleThreaded() : null;
            using var scope = NewDisposeScope();
            using var withoutGradients = no_grad();
            var input = empty([rows, .. shape]);
            MemoryMarshal.AsBytes(features).CopyTo(input.bytes);
            if (device.type != DeviceType.CPU)
                input = input.to(device);
            var computed = plan.Run(() => compute(input));
            if (device.type != DeviceType.CPU)
                computed = computed.cpu();
            var numbers = MemoryMarshal.Cast<byte, float>(computed.contiguous().bytes);
            if (numbers.Length != output.Length)
                throw new InvalidOperationException($"The model computes {numbers.Length / rows} numbers a row; wanted {output.Length / rows}.");
            numbers.CopyTo(output);
        }
        finally
        {
            Leave();
        }
    }

    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, owner);

    /// <summary>Refuses further calls; the module goes when those under way have ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
            Leave();
    }

    /// <summary>Of a row; where the model refuses the one that it is tried with, as if each parameter were used once.</summary>
    long Multiplications()
    {
        using var scope = NewDisposeScope();
        using var half = 0.5f.ToScalar();
        try
        {
            return MultiplyAccumulates.Of(module, full([1, .. shape], half, device: device), input => compute(input));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return module.parameters().Sum(parameter => parameter.NumberOfElements);
        }
    }

    void Enter()
    {
        Interlocked.Increment(ref users);
        if (Volatile.Read(ref disposed) == 0)
            return;
        Leave();
        throw new ObjectDisposedException(owner.FullName);
    }

    void Leave()
    {
        // Who comes too late is for a moment the last one again.
        if (Interlocked.Decrement(ref users) == 0 && Interlocked.Exchange(ref gone, 1) == 0)
        {
            plan.Dispose();
            module.Dispose();
        }
    }
}
