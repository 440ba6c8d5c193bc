using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Computes the loss of a replica's rows and its gradient in place of LibTorch's autograd: the steps of the network one after the other,
/// then the same steps backward in reverse order. There is no graph, and there are no tensors.
/// </summary>
/// <remarks>
/// Rows are computed in parts whose intermediate values stay in the caches. Parts depend on the network's sizes only, and the sums of all
/// products have a fixed order: the same rows give the same bits.
/// </remarks>
abstract unsafe class GradientPlan : IDisposable
{
    readonly Dictionary<string, nn.Module> modules;
    readonly List<PlannedLinear> layers = [];
    readonly Dictionary<string, (Tensor Values, long[] Shape)> products = []; // of the rows of a batch
    int batchRows, partAt;
    readonly Dictionary<int, PlanRows> shown = []; // by width
    (IActiveWeights? Of, int Version, bool AllGradients) followed;

    protected GradientPlan(nn.Module module, PlanParameters parameters)
    {
        Kernels = KernelSet.Here;
        Memory = new PlanMemory(Kernels.Lanes);
        Parameters = parameters;
        modules = module.named_modules().ToDictionary(one => one.name, one => one.module);
    }

    public KernelSet Kernels { get; }

    public PlanMemory Memory { get; }

    public PlanParameters Parameters { get; }

    /// <summary>Why no plan trains a model; null if one does.</summary>
    public static string? WhyNot(nn.Module module, PlannedLoss? loss)
    {
        if (loss is null)
            return "the objective's gradient is LibTorch's";
        if (module.parameters().Any(parameter => !parameter.requires_grad))
            return "some parameters are not trained";
        if (!loss.IsOf(module))
            return $"there is no such plan for a {module.GetType().Name} and this objective";
        return module switch
        {
            FeedForward network => loss.Fits(network.Blueprint.Sizes[^1]) ? null : "the loss reads other outputs",
            ConvNet network => ConvNetGradient.WhyNot(network.Blueprint) ?? (loss.Fits(network.Blueprint.Classes) ? null
                : "the loss reads other outputs"),
            Vit network => VitGradient.WhyNot(network.Blueprint) ?? (loss.Fits(network.Blueprint.Classes) ? null
                : "the loss reads other outputs"),
            Vae => null,
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
            ConvNet network => new ConvNetGradient(network, parameters),
            Vit network => new VitGradient(network, parameters),
            Vae network => new VaeGradient(network, parameters),
            _ => throw new NotSupportedException($"There is no plan for a {module.GetType().Name}."),
        };
    }

    public PlannedLinear Linear(string name, string? norm = null)
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
    /// <param name="draws">The random numbers of the rows.</param>
    /// <param name="active">Which weights are active; null for all.</param>
    /// <returns>The mean loss, and the weight of right answers.</returns>
    public (double Loss, double? Correct) Compute(
        Batch batch, PlannedLoss loss, double factor, bool first, RowDraws draws, IActiveWeights? active)
    {
        if (first)
            NativeMemory.Clear((void*)Parameters.Gradients, (nuint)(Parameters.Length * sizeof(float)));
        (Trains, Draws) = (true, draws);
        Follow(active);
        var result = Run(batch, loss, factor);
        End();
        return result;
    }

    /// <summary>The mean loss in evaluation mode, and the weight of right answers.</summary>
    public (double Loss, double? Correct) Evaluate(Batch batch, PlannedLoss loss, IActiveWeights? active)
    {
        Trains = false;
        Follow(active);
        return Run(batch, loss, 1);
    }

    (double Loss, double? Correct) Run(Batch batch, PlannedLoss loss, double factor)
    {
        using var scope = NewDisposeScope();
        var answers = loss.Answers(batch);
        double total = batch.Rows, sum = 0, correct = 0;
        if (answers.Weights != null)
        {
            total = 0;
            for (int row = 0; row < batch.Rows; row++)
                total += answers.Weights[row];
            total = Math.Max(total, 1.17549435e-38); // rows of weight 0 have a mean of 0
        }
        Begin();
        products.Clear();
        (batchRows, partAt) = (batch.Rows, 0);
        long width = batch.Width;
        for (int row = 0; row < batch.Rows; row += RowsOfPart)
        {
            int rows = Math.Min(RowsOfPart, batch.Rows - row);
            var outputs = Forward((float*)batch.InputsAt + (row * width), rows);
            var (part, right) = loss.Compute(Kernels, outputs, rows, answers.From(row), factor / total);
            (sum, correct) = (sum + part, correct + right);
            if (Trains)
                Backward(rows);
            (Draws, partAt) = (Draws.After(rows), row + rows);
        }
        foreach (var (layer, (values, shape)) in products)
            foreach (var watcher in LayerWatches.ProductsOf(modules[layer]))
                watcher(values, shape);
        return (sum / total, loss.HasAccuracy ? correct : null);
    }

    /// <summary>Whether gradients are computed; otherwise the model is in evaluation mode.</summary>
    public bool Trains { get; private set; }

    /// <summary>The random numbers of the rows of this part.</summary>
    public RowDraws Draws { get; private set; }

    /// <summary>Takes the parameters as they are now.</summary>
    protected virtual void Begin()
    {
        foreach (var layer in layers)
            layer.Begin();
    }

    /// <summary>Finishes the gradients.</summary>
    protected virtual void End()
    {
        foreach (var layer in layers)
            layer.End();
    }

    void Follow(IActiveWeights? active)
    {
        // Products with gradients are shown over rows.
        if (active is not null && layers.Any(layer => LayerWatches.ProductsOf(modules[layer.Name]).Count > 0))
            active = null;
        var now = (active, active?.Version ?? 0, active?.AllGradients ?? true);
        if (now == followed)
            return;
        followed = now;
        Cut(active);
    }

    /// <summary>Chooses how layers are computed, after masks have changed.</summary>
    /// <param name="active">Which weights are active; null for all.</param>
    protected virtual void Cut(IActiveWeights? active)
    {
    }

    /// <summary>The mask of a layer, [outputs][inputs].</summary>
    protected static ReadOnlySpan<sbyte> MaskOf(IActiveWeights active, PlannedLinear layer) =>
        active.Active.Slice(layer.Offset, layer.Outputs * layer.Inputs);

    /// <summary>Computes the outputs of some rows, and keeps what their gradient needs.</summary>
    protected abstract PlanRows Forward(float* inputs, int rows);

    /// <summary>Adds to the gradients of the parameters, from that of the outputs, which stands in their place.</summary>
    protected abstract void Backward(int rows);

    /// <summary>Shows those who watch a layer what it reads.</summary>
    public void Show(PlannedLinear layer, PlanRows read, int images, int tokens = 1)
    {
        if (!IsWatched(layer.Name))
            return;
        using var scope = NewDisposeScope();
        Show(layer.Name, layer.Seen(Memory.View(read, images, tokens)).contiguous());
    }

    bool IsWatched(string layer) => Trains && LayerWatches.Of(modules[layer]).Count > 0;

    void Show(string layer, Tensor seen)
    {
        foreach (var watcher in LayerWatches.Of(modules[layer]))
            watcher(seen);
    }

    /// <summary>Shows those who watch a layer what it reads times its gradient, once backward has gone through it.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="read">What it has read.</param>
    /// <param name="dRead">The gradient of that.</param>
    /// <param name="dy">The gradient of what it gave.</param>
    /// <param name="images">The rows of the part.</param>
    /// <param name="tokens">The tokens of a row.</param>
    public void Show(PlannedLinear layer, PlanRows read, PlanRows dRead, PlanRows dy, int images, int tokens = 1)
    {
        float* to = ProductsOf(layer.Name, tokens == 1 ? [layer.Inputs] : [tokens, layer.Inputs], layer.Inputs);
        if (to == null)
            return;
        for (int image = 0; image < images; image++, to += layer.Inputs)
            layer.AddProducts(read.From(image * tokens), dRead.From(image * tokens), dy.From(image * tokens), tokens, to);
    }

    /// <summary>Shows those who watch a convolution the images that it reads.</summary>
    /// <param name="layer">The convolution's name.</param>
    /// <param name="read">A row for each image.</param>
    /// <param name="images">The images of the part.</param>
    /// <param name="shape">Channels, height and width.</param>
    public void ShowImages(string layer, PlanRows read, int images, long[] shape)
    {
        if (!IsWatched(layer))
            return;
        using var scope = NewDisposeScope();
        Show(layer, Memory.View(read, images, 1).reshape([images, .. shape]));
    }

    /// <summary>
    /// Shows them of one image what the convolution reads times its gradient, [channels][height][width], summed over pixels.
    /// </summary>
    public void ShowProducts(string layer, int image, float* read, float* dRead, long[] shape)
    {
        float* to = ProductsOf(layer, shape, shape[0]);
        if (to == null)
            return;
        long area = shape[1] * shape[2];
        for (long channel = 0; channel < shape[0]; channel++)
            for (long pixel = channel * area; pixel < (channel + 1) * area; pixel++)
                to[(image * shape[0]) + channel] += read[pixel] * dRead[pixel];
    }

    /// <summary>Where the products of this part's rows are added up; null if nobody watches.</summary>
    /// <param name="layer">The layer's name.</param>
    /// <param name="shape">The shape of what it reads of a row.</param>
    /// <param name="features">The number of sums of a row.</param>
    float* ProductsOf(string layer, long[] shape, long features)
    {
        if (LayerWatches.ProductsOf(modules[layer]).Count == 0)
            return null;
        if (!products.TryGetValue(layer, out var of))
        {
            long[] summed = shape.Length switch
            {
                1 => [batchRows, features],
                2 => [batchRows, 1, features],
                _ => [batchRows, features, 1, 1],
            };
            products.Add(layer, of = (zeros(summed, dtype: ScalarType.Float32), [batchRows, .. shape]));
        }
        return FlatStorage.Begin(of.Values) + (partAt * features);
    }

    /// <summary>Shows them what it reads over lanes.</summary>
    public void ShowLanes(PlannedLinear layer, float* read, nint stride, int images, int tokens = 1)
    {
        if (!IsWatched(layer.Name))
            return;
        if (!shown.TryGetValue(layer.Inputs, out var rows))
            shown[layer.Inputs] = rows = Memory.Rows(stride, layer.Inputs);
        Transposition.Transpose(read, layer.Inputs, images * tokens, stride, rows.First, rows.Stride);
        Show(layer, rows, images, tokens);
    }

    public void Dispose() => Memory.Dispose();
}
