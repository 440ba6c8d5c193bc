using System.Runtime.InteropServices;
using System.Text;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A module's graph, or the reason why it has none.</summary>
/// <param name="Description">The description from which a plan is compiled; null if the graph could not be found.</param>
/// <param name="Reason">Why there is no graph: the layer or the operation; null if there is one.</param>
public sealed record TracedModule(GraphDescription? Description, string? Reason);

/// <summary>Compiles networks to scoring plans, which need no LibTorch.</summary>
public static class NetworkPlans
{
    const int FewRows = 2, MoreRows = 3;

    // Other threads may draw from the process's one generator meanwhile.
    const int Attempts = 3;

    const string Draws = "it draws random numbers in evaluation mode.";

    // Relative to the larger of 1 and the row's largest score.
    const double Tolerance = 1e-5;

    /// <summary>
    /// Compiles a <see cref="FeedForward"/>, <see cref="ConvNet"/>, <see cref="Vit"/> or <see cref="Vae"/> as it scores in evaluation
    /// mode. Later changes to the network do not affect the plan.
    /// </summary>
    /// <param name="network">The network, on any device. It may have shrunk since it was built.</param>
    /// <param name="output">What the plan of a classifier returns; null for probabilities of several classes, and for the number itself of
    /// a network with one output.</param>
    /// <exception cref="ArgumentException">It is a module of another kind.</exception>
    public static ScoringPlan Compile(nn.Module network, ScoringOutput? output = null) =>
        ScoringPlan.Compile(Describe(Blueprint.Of(network))!, Weights(network), output);

    /// <summary>Compiles a user module, or one of TorchSharp's, as it scores in evaluation mode.</summary>
    /// <param name="module">Any module whose graph <see cref="Trace"/> can find.</param>
    /// <param name="inputShape">The shape of one row, such as [3, 32, 32].</param>
    /// <param name="output">What the plan returns; null for the softmax of several outputs, and for a single output itself.</param>
    /// <exception cref="ArgumentException">The graph could not be found, for the reason in the message.</exception>
    public static ScoringPlan Compile(
        nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape, ScoringOutput? output = null)
    {
        if (module is FeedForward or ConvNet or Vit)
            return Compile(module, output);
        var traced = Trace(module, inputShape);
        return traced.Description is { } graph
            ? ScoringPlan.Compile(graph, Weights(module), output)
            : throw new ArgumentException($"There is no plan for the {module.GetType().Name}: {traced.Reason}", nameof(module));
    }

    /// <summary>
    /// Finds the graph of a module as it is now in evaluation mode. The module runs on random examples, and each layer's input is
    /// recognised by its values, bit for bit: an earlier output, an activation or pooling of one, a sum, a product or a concatenation. The
    /// plan of the whole graph is compared with the module, and rejected if a score differs.
    /// </summary>
    /// <param name="module">Any module; its layers must be called with <c>call</c>, not <c>forward</c>. It is restored afterwards.</param>
    /// <param name="inputShape">The shape of one row, such as [3, 32, 32].</param>
    public static TracedModule Trace(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(inputShape);
        var traced = TraceOnce(module, inputShape);
        for (int attempt = 1; attempt < Attempts && traced.Reason == Draws; attempt++)
            traced = TraceOnce(module, inputShape);
        return traced;
    }

    static TracedModule TraceOnce(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape)
    {
        using var oneThread = new SingleThreaded();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var random = new RandomState();
        using var trace = new ModuleTrace(module, inputShape);
        try
        {
            var graph = Tell(module, inputShape, trace);
            return random.HasMoved ? new(null, Draws) : new(graph, null);
        }
        catch (NotTracedException refused)
        {
            if (random.HasMoved)
                return new(null, Draws);
            string unseen = string.Join(", ", trace.Unseen.Select(layer => layer.Label));
            string silent = string.Join(", ", trace.NeverCalled.Select(layer => layer.Label));
            return new(null, refused.Message + (unseen.Length > 0 ? $" Not seen: {unseen}." : "")
                + (silent.Length > 0 ? $" Never called (with `call`): {silent}." : ""));
        }
        // User code may throw anything on an example of noise.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return new(null, $"it failed on an example: {e.Message.Split('\n')[0].TrimEnd()}");
        }
    }

    /// <summary>Adds a module's graph to its file, or the reason why it has none.</summary>
    internal static void AddGraph(Archive archive, nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape)
    {
        var traced = Trace(module, inputShape);
        if (traced.Description is { } graph)
            archive.Add(SavedGraph.Entry, SavedGraph.Write(graph));
        else
            archive.Add(SavedGraph.FailureEntry, Encoding.UTF8.GetBytes(traced.Reason!));
    }

    static GraphDescription Tell(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> inputShape, ModuleTrace trace)
    {
        int width = inputShape.Aggregate(1, (product, size) => checked(product * (int)size));
        var numbers = new Random(7);
        // Small numbers above zero, and large ones of both signs, so that clipping and branches show.
        float[] few = [.. Enumerable.Range(0, FewRows * width).Select(_ => numbers.NextSingle())];
        float[] more = [.. Enumerable.Range(0, MoreRows * width).Select(_ => (60 * numbers.NextSingle()) - 40)];
        var (input, calls, result) = trace.Record((few, FewRows), (more, MoreRows));
        var graph = new TracedGraph(input, OwnArrays(module));
        foreach (var call in calls)
            graph.Add(call);
        var description = graph.Finish(result);
        ScoringPlan plan;
        try
        {
            plan = ScoringPlan.Compile(description, Weights(module), ScoringOutput.Logits);
        }
        catch (ArgumentException e)
        {
            throw new NotTracedException(e.Message);
        }
        Hold(plan, few, result.Rows[0]);
        Hold(plan, more, result.Rows[1]);
        // Single rows, which must not depend on other rows: of both signs, of either, and zeros.
        foreach (var (scale, shift) in ((float, float)[])[(2, -1), (1, -1), (5, 0), (0, 0)])
        {
            float[] row = [.. Enumerable.Range(0, width).Select(_ => (scale * numbers.NextSingle()) + shift)];
            Hold(plan, row, trace.Run(row, 1).contiguous().cpu().data<float>().ToArray());
        }
        return description;
    }

    static void Hold(ScoringPlan plan, float[] rows, float[] wanted)
    {
        float[] scores = new float[rows.Length / plan.InputWidth * plan.OutputWidth];
        if (scores.Length != wanted.Length)
            throw new NotTracedException($"it gives {wanted.Length} numbers for some rows; wanted {scores.Length}.");
        plan.Score(rows, scores);
        for (int row = 0; row < scores.Length; row += plan.OutputWidth)
        {
            double largest = wanted.AsSpan(row, plan.OutputWidth).ToArray().Max(score => Math.Abs((double)score));
            for (int i = row; i < row + plan.OutputWidth; i++)
            {
                if (!(Math.Abs((double)scores[i] - wanted[i]) <= Tolerance * Math.Max(1, largest)))
                    throw new NotTracedException($"the plan gives {scores[i]} where the module gives {wanted[i]}, so that "
                        + "something in it was not told.");
            }
        }
    }

    /// <summary>Parameters and buffers that belong to no TorchSharp layer.</summary>
    static List<(string Name, int[] Shape, float[] Values)> OwnArrays(nn.Module module)
    {
        var arrays = new List<(string, int[], float[])>();
        foreach (var (path, part) in module.named_modules().Prepend(("", module)))
        {
            if (!TracedLayer.IsContainer(part))
                continue;
            var tensors = part.named_parameters(recurse: false).Select(p => (p.name, (Tensor)p.parameter))
                .Concat(part.named_buffers(recurse: false).Select(b => (b.name, b.buffer)));
            foreach (var (name, tensor) in tensors.Where(one => one.Item2.dtype == ScalarType.Float32))
                arrays.Add((path.Length > 0 ? $"{path}.{name}" : name, [.. tensor.shape.Select(size => (int)size)],
                    [.. tensor.detach().cpu().contiguous().data<float>()]));
        }
        return arrays;
    }

    /// <summary>The description from which a plan is compiled, without weights; null for a user module.</summary>
    internal static NetworkDescription? Describe(Blueprint blueprint) =>
        SavedDescription.Read(Encoding.UTF8.GetBytes(blueprint.ToJson()));

    internal static NetworkWeights Weights(nn.Module network)
    {
        using var scope = NewDisposeScope();
        var weights = new NetworkWeights();
        foreach (var (name, tensor) in ModuleState.Tensors(network))
        {
            // Skip the number of batches that a batch norm has seen.
            if (tensor.dtype != ScalarType.Float32)
                continue;
            var data = tensor.detach().cpu().contiguous();
            weights.Add(name, MemoryMarshal.Cast<byte, float>(data.bytes).ToArray(), [.. data.shape.Select(size => checked((int)size))]);
        }
        return weights;
    }
}
