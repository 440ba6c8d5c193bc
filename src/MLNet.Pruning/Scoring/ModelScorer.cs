using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Scores with LibTorch: user modules, and any network on a device other than the CPU. Owns the module. Thread-safe.</summary>
sealed class ModelScorer : IModelScorer
{
    // Number of multiplications above which LibTorch may use several threads. Every operator ends in a barrier, and a transformer has
    // sixty. `./bench.sh threads` on two cores: on an idle machine the second thread gives up to 1.8x; beside other programs, 64 rows of a
    // small transformer (0.4e9) took 2.0 s on two threads and 87 ms on one, as barriers wait for the scheduler.
    const long LargeWork = 1L << 32;

    readonly Blueprint blueprint;
    readonly nn.Module module;
    readonly long[] shape;
    readonly Func<Tensor, Tensor> compute;
    readonly ScoredModel model;
    readonly Device device;
    readonly SparsePlan plan;
    readonly Archive graph = new("graph");
    readonly long multiplications;
    int users = 1; // the owner, and every call in progress; the last one frees the module
    int disposed;
    int gone;

    /// <param name="blueprint">What the module was built from.</param>
    /// <param name="module">The module. It is taken over, even on failure, and set to evaluation mode.</param>
    /// <param name="device">Where the module is moved to.</param>
    /// <param name="model">Everything about the model but its network.</param>
    /// <param name="network">The same network as an archive. It says how layers with many inactive weights are computed.</param>
    public ModelScorer(Blueprint blueprint, nn.Module module, string device, ScoredModel model, Archive network)
    {
        (this.blueprint, this.module, this.model, shape) = (blueprint, module, model, [.. blueprint.InputShape]);
        try
        {
            compute = Compute(module, model.Describe(network), model);
            NetworkPart.CopyGraph(network, graph);
            this.device = new Device(device);
            module.to(this.device);
            module.eval();
            using var oneThread = new SingleThreaded();
            plan = SparsePlan.For(module, shape, compute, NetworkPart.Scoring(network, model.What));
            multiplications = Multiplications();
        }
        catch
        {
            plan?.Dispose();
            module.Dispose();
            throw;
        }
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Scoring alone does not know LibTorch.")]
    internal static void Register()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(LibTorch).Module.ModuleHandle);
        ScoredModel.LibTorch = Loaded;
    }

    /// <summary>A scorer for a network that was just trained. Takes ownership of it.</summary>
    public static IModelScorer Trained(
        ScoredModel model, Blueprint blueprint, nn.Module module, Archive network, string device, IHostEnvironment environment)
    {
        if (device != "cpu" || model.Describe(network) is null)
            return new ModelScorer(blueprint, module, device, model, network);
        try
        {
            var plan = new PlanScorer(network, model, environment);
            if (blueprint is ModuleBlueprint)
                FollowedModule.Follow(plan, blueprint, module, NetworkPart.Scoring(network, model.What));
            else
                module.Dispose();
            return plan;
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    static ModelScorer? Loaded(ScoredModel model, Archive network, IHostEnvironment environment)
    {
        string device = ComputeDevice.Choose(environment, asked: null);
        if (device == "cpu" && model.Describe(network) is not null)
            return null;
        var (blueprint, module) = FollowedModule.Build(network, environment, model.What);
        return new ModelScorer(blueprint, module, device, model, network);
    }

    public Archive Network
    {
        get
        {
            var now = blueprint.Now(module);
            return FollowedModule.Write(now, module, plan.Scoring, now.Equals(blueprint) ? graph : null);
        }
    }

    public string? PlanFailure => SavedNetwork.Failure(graph);

    public nn.Module Module => module;

    public IReadOnlyList<PlanStep> Layers => plan.Layers;

    public ScoringSpeed Measure()
    {
        const int Batch = 256;
        using var oneThread = new SingleThreaded();
        var features = new float[Batch * shape.Aggregate(1L, (product, size) => product * size)];
        Array.Fill(features, 0.5f);
        var output = new float[Batch * model.Outputs];
        void Run(int rows) => Score(features.AsSpan(0, rows * features.Length / Batch), rows, output.AsSpan(0, rows * model.Outputs));
        return ScoringSpeed.Measure([Run], Batch, turns: 15)[0];
    }

    public void Refresh() => plan.Refresh();

    /// <summary>Scores <paramref name="rows"/> rows that lie one after the other in <paramref name="features"/>.</summary>
    public void Score(ReadOnlySpan<float> features, int rows, Span<float> output)
    {
        Enter();
        try
        {
            using var oneThread = rows * multiplications < LargeWork ? new SingleThreaded() : null;
            using var scope = NewDisposeScope();
            using var withoutGradients = no_grad();
            model.Check(features);
            var input = empty([rows, .. shape]);
            MemoryMarshal.AsBytes(features).CopyTo(input.bytes);
            if (device.type != DeviceType.CPU)
                input = input.to(device);
            var computed = plan.Run(() => compute(input));
            if (device.type != DeviceType.CPU)
                computed = computed.cpu();
            var numbers = MemoryMarshal.Cast<byte, float>(computed.contiguous().bytes);
            if (numbers.Length != output.Length)
            {
                throw new InvalidOperationException($"The model computes {numbers.Length / rows} numbers a row; "
                    + $"wanted {output.Length / rows}.");
            }
            numbers.CopyTo(output);
        }
        finally
        {
            Leave();
        }
    }

    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, model.Owner);

    /// <summary>Refuses further calls. The module is freed when the calls in progress have ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
            Leave();
    }

    static Func<Tensor, Tensor> Compute(nn.Module module, NetworkDescription? description, ScoredModel model)
    {
        if (module is Vae vae
            && description is VaeDescription { ReconstructionWeight: var reconstruction, DivergenceWeight: var divergence })
        {
            var objective = new VaeObjective(reconstruction, divergence);
            return images =>
            {
                var output = vae.Run(images);
                return cat([output.Mean, output.Logits.sigmoid().flatten(1), objective.UncheckedRowLosses(output, images).unsqueeze(1)], 1);
            };
        }
        return module is nn.Module<Tensor, Tensor> network
            ? model.Output == ScoringOutput.Probabilities ? input => network.call(input).softmax(1) : network.call
            : throw new InvalidDataException(
                $"{model.What} is a {module.GetType().Name}, which does not give one tensor for one tensor.");
    }

    /// <summary>Multiplications per row. If the model refuses the example row, assume that each parameter is used once.</summary>
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
        throw new ObjectDisposedException(model.Owner.FullName);
    }

    void Leave()
    {
        // A caller that races with Dispose may drop the count to zero a second time.
        if (Interlocked.Decrement(ref users) == 0 && Interlocked.Exchange(ref gone, 1) == 0)
        {
            plan.Dispose();
            module.Dispose();
        }
    }
}
