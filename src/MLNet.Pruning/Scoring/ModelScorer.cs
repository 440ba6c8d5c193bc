using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Rows of features in, class probabilities out. Owns the module; may be called from any number of threads.</summary>
sealed class ModelScorer : IDisposable
{
    readonly nn.Module<Tensor, Tensor> module;
    readonly Device device;
    int users = 1; // the owner, and every call under way: the last one out gives the module back
    int disposed;

    /// <param name="module">Features [rows x inputs] to logits [rows x classes]; taken over and set to evaluation.</param>
    /// <param name="device">Where the module is moved to.</param>
    public ModelScorer(nn.Module<Tensor, Tensor> module, string device)
    {
        this.module = module;
        this.device = new Device(device);
        module.to(this.device);
        module.eval();
    }

    public nn.Module<Tensor, Tensor> Module => module;

    /// <summary>Scores <paramref name="rows"/> rows lying one after the other in <paramref name="features"/>.</summary>
    public void Score(ReadOnlySpan<float> features, int rows, Span<float> probabilities)
    {
        Enter();
        try
        {
            using var scope = NewDisposeScope();
            using var withoutGradients = no_grad();
            var input = empty(rows, features.Length / rows);
            MemoryMarshal.AsBytes(features).CopyTo(input.bytes);
            if (device.type != DeviceType.CPU)
                input = input.to(device);
            var output = module.call(input).softmax(1);
            if (device.type != DeviceType.CPU)
                output = output.cpu();
            MemoryMarshal.Cast<byte, float>(output.bytes).CopyTo(probabilities);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The key of the most probable class (1 for the first); 0, a missing key, when nothing is a number.</summary>
    public static uint MostProbable(ReadOnlySpan<float> probabilities)
    {
        int best = -1;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (!float.IsNaN(probabilities[i]) && (best < 0 || probabilities[i] > probabilities[best]))
                best = i;
        }
        return (uint)(best + 1);
    }

    /// <summary>Refuses further calls; the module goes when those under way have ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
            Leave();
    }

    void Enter()
    {
        Interlocked.Increment(ref users);
        if (Volatile.Read(ref disposed) == 0)
            return;
        Leave();
        throw new ObjectDisposedException(typeof(PrunedModelTransformer).FullName);
    }

    void Leave()
    {
        if (Interlocked.Decrement(ref users) == 0)
            module.Dispose();
    }
}
