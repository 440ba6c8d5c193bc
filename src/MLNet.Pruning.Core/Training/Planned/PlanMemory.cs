using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Rows of numbers, each with room for whole vectors.</summary>
readonly unsafe struct PlanRows(float* first, int width, nint stride)
{
    public readonly float* First = first;

    public readonly int Width = width;

    /// <summary>The distance between rows.</summary>
    public readonly nint Stride = stride;

    public float* Row(long row) => First + (row * Stride);

    /// <summary>The rows from one of them on.</summary>
    public PlanRows From(long row) => new(Row(row), Width, Stride);
}

/// <summary>
/// The memory of a plan for training. It is LibTorch's, so that what a layer reads can be shown as a tensor without a copy.
/// </summary>
sealed unsafe class PlanMemory(int lanes) : IDisposable
{
    readonly Dictionary<nint, Tensor> tensors = []; // by where they begin

    /// <summary>Room for rows, all zeros.</summary>
    public PlanRows Rows(long rows, int width)
    {
        int stride = (width + lanes - 1) / lanes * lanes;
        // Rows at a distance of whole kilobytes would compete for a few sets of the caches.
        if (stride % 256 == 0)
            stride += lanes;
        return new(Numbers(rows * stride), width, stride);
    }

    /// <summary>Room for numbers, all zeros, and for a vector behind them.</summary>
    public float* Numbers(long count)
    {
        using var scope = NewDisposeScope();
        var tensor = zeros(count + (2 * lanes), dtype: ScalarType.Float32).DetachFromDisposeScope();
        float* begin = FlatStorage.Begin(tensor);
        tensors.Add((nint)begin, tensor);
        return begin;
    }

    /// <summary>
    /// What <see cref="Rows"/> gave as a tensor, [images, tokens, width], or [images, width] where there is one token; of the caller's
    /// dispose scope.
    /// </summary>
    public Tensor View(PlanRows rows, int images, int tokens)
    {
        var all = tensors[(nint)rows.First].narrow(0, 0, (long)images * tokens * rows.Stride);
        return tokens == 1 ? all.view(images, rows.Stride).narrow(1, 0, rows.Width)
            : all.view(images, tokens, rows.Stride).narrow(2, 0, rows.Width);
    }

    public void Dispose()
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
        tensors.Clear();
    }
}

/// <summary>Where a model's parameters and their gradients are, by name.</summary>
sealed unsafe class PlanParameters
{
    readonly Dictionary<string, (nint Value, nint Gradient, long[] Shape)> places = [];

    /// <param name="module">The model or a copy of it.</param>
    /// <param name="values">All parameters.</param>
    /// <param name="gradients">The module's gradients in the same places.</param>
    public PlanParameters(nn.Module module, FlatStorage values, FlatStorage gradients)
    {
        var named = FlatModel.NamedTrainable(module);
        var offsets = FlatStorage.Offsets([.. named.Select(one => one.Parameter)]);
        (Gradients, Length) = ((nint)FlatStorage.Begin(gradients.Vector), gradients.Length);
        float* value = FlatStorage.Begin(values.Vector), gradient = (float*)Gradients;
        foreach (var ((name, parameter), offset) in named.Zip(offsets))
            places.Add(name, ((nint)(value + offset), (nint)(gradient + offset), parameter.shape));
    }

    /// <summary>The vector of gradients.</summary>
    public nint Gradients { get; }

    public long Length { get; }

    /// <summary>Where a parameter begins in the vector.</summary>
    public int Offset(string name) => (int)((places[name].Gradient - Gradients) / sizeof(float));

    public float* Value(string name) => (float*)places[name].Value;

    public float* Gradient(string name) => (float*)places[name].Gradient;

    public int Size(string name, int dimension) => (int)places[name].Shape[dimension];
}
