using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Computes the loss of a replica's rows and its gradient in place of LibTorch's autograd: the steps of the network one after the other,
/// then the same steps backward in reverse order. There is no graph, and nothing is allocated.
/// </summary>
/// <remarks>
/// Rows are computed in parts whose intermediate values stay in the caches. Parts depend on the network's sizes only, and the sums of all
/// products have a fixed order: the same rows give the same bits.
/// </remarks>
abstract unsafe class GradientPlan : IDisposable
{
    readonly Dictionary<string, nn.Module> modules;
    readonly List<PlannedLinear> layers = [];

    protected GradientPlan(nn.Module module, PlanParameters parameters)
    {
        Kernels = KernelSet.Here;
        Memory = new PlanMemory(Kernels.Lanes);
        Parameters = parameters;
        modules = module.named_modules().ToDictionary(one => one.name, one => one.module);
    }

    protected KernelSet Kernels { get; }

    protected PlanMemory Memory { get; }

    protected PlanParameters Parameters { get; }

    /// <summary>Why no plan trains a model; null if one does.</summary>
    public static string? WhyNot(nn.Module module, PlannedLoss? loss)
    {
        if (loss is null)
            return "the objective's gradient is LibTorch's";
        if (module.parameters().Any(parameter => !parameter.requires_grad))
            return "some parameters are not trained";
        return module switch
        {
            FeedForward network => loss.Fits(network.Blueprint.Sizes[^1]) ? null : "the loss reads other outputs",
            Vit network => VitGradient.WhyNot(network.Blueprint) ?? (loss.Fits(network.Blueprint.Classes) ? null
                : "the loss reads other outputs"),
            _ => $"there is no such plan for a {module.GetType().Name}",
        };
    }

    /// <summary>The plan of a model or a copy of it, for which <see cref="WhyNot"/> is null.</summary>
    /// <param name="module">The model, or a copy of it.</param>
    /// <param name="values">The parameters of the model and all copies.</param>
    /// <param name="gradients">This one's gradients.</param>
    public static GradientPlan Of(nn.Module module, FlatStorage values, FlatStorage gradients)
    {
        var parameters = new PlanParameters(module, values, gradients);
        return module switch
        {
            FeedForward network => new FeedForwardGradient(network, parameters),
            Vit network => new VitGradient(network, parameters),
            _ => throw new NotSupportedException($"There is no plan for a {module.GetType().Name}."),
        };
    }

    protected PlannedLinear Linear(string name, string? norm = null)
    {
        var layer = new PlannedLinear(Kernels, Memory, Parameters, name, norm);
        layers.Add(layer);
        return layer;
    }

    /// <summary>How many rows are computed at a time.</summary>
    protected abstract int RowsOfPart { get; }

    /// <summary>Adds the gradients of the mean loss, times a factor, to those of the step so far.</summary>
    /// <param name="batch">The rows.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="first">Whether the step has no gradients yet.</param>
    /// <returns>The mean loss, and the weight of right answers.</returns>
    public (double Loss, double? Correct) Compute(Batch batch, PlannedLoss loss, double factor, bool first)
    {
        var answers = new PlannedAnswers((long*)batch.LabelsAt, (float*)batch.TargetsAt, (float*)batch.WeightsAt);
        double total = batch.Rows, sum = 0, correct = 0;
        if (answers.Weights != null)
        {
            total = 0;
            for (int row = 0; row < batch.Rows; row++)
                total += answers.Weights[row];
            total = Math.Max(total, 1.17549435e-38); // rows of weight 0 have a mean of 0
        }
        if (first)
            NativeMemory.Clear((void*)Parameters.Gradients, (nuint)(Parameters.Length * sizeof(float)));
        Begin();
        long width = batch.Width;
        for (int row = 0; row < batch.Rows; row += RowsOfPart)
        {
            int rows = Math.Min(RowsOfPart, batch.Rows - row);
            var outputs = Forward((float*)batch.InputsAt + (row * width), rows);
            var (part, right) = loss.Compute(Kernels, outputs, rows, answers.From(row), factor / total);
            (sum, correct) = (sum + part, correct + right);
            Backward(rows);
        }
        End();
        return (sum / total, loss.HasAccuracy ? correct : null);
    }

    /// <summary>Takes the parameters as they are now.</summary>
    protected virtual void Begin()
    {
        foreach (var layer in layers)
            layer.Begin();
    }

    /// <summary>Computes the outputs of some rows, and keeps what their gradient needs.</summary>
    protected abstract PlanRows Forward(float* inputs, int rows);

    /// <summary>Adds to the gradients of the parameters, from that of the outputs, which stands in their place.</summary>
    protected abstract void Backward(int rows);

    /// <summary>Finishes the gradients.</summary>
    protected virtual void End()
    {
        foreach (var layer in layers)
            layer.End();
    }

    /// <summary>Shows those who watch a layer what it reads.</summary>
    protected void Show(PlannedLinear layer, PlanRows read, int images, int tokens = 1)
    {
        var watchers = LayerWatches.Of(modules[layer.Name]);
        if (watchers.Count == 0)
            return;
        using var scope = NewDisposeScope();
        var seen = layer.Seen(Memory.View(read, images, tokens)).contiguous();
        foreach (var watcher in watchers)
            watcher(seen);
    }

    public void Dispose() => Memory.Dispose();
}
