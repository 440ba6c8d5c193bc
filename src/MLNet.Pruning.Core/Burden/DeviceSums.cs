using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Burden;

/// <summary>Sums where the parameters are, by a few operators a layer; brought over only when they are taken.</summary>
sealed class DeviceSums : IBurdenSums
{
    readonly FlatModel model;
    readonly MaskedWeights? masked;
    readonly NeuronRows[] rows;
    readonly Tensor[] gradients, weights;

    public DeviceSums(FlatModel model, MaskedWeights? masked, IEnumerable<NeuronRows> rows)
    {
        (this.model, this.masked, this.rows) = (model, masked, [.. rows]);
        gradients = [.. this.rows.Select(Blank)];
        weights = [.. this.rows.Select(Blank)];
    }

    Tensor Blank(NeuronRows layer) => zeros(layer.Count, dtype: ScalarType.Float64, device: model.Values.Vector.device).DetachFromDisposeScope();

    public void Add(long from, long to)
    {
        if (from > 0)
            return; // The whole vector was added with its first piece.
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var off = masked?.OffTensor();
        for (var l = 0; l < rows.Length; l++)
        {
            var gradient = Of(model.Gradients.Vector, rows[l]);
            if (off is not null && rows[l].Masked)
                gradient = gradient.masked_fill(Of(off, rows[l]), Scalars.Zero);
            gradients[l].add_(ByRow(gradient, rows[l]), Scalars.One);
            weights[l].add_(ByRow(Of(model.Values.Vector, rows[l]), rows[l]), Scalars.One);
        }
    }

    static Tensor Of(Tensor vector, NeuronRows layer) => vector.narrow(0, layer.From, layer.Length).view(layer.Shape);

    static Tensor ByRow(Tensor values, NeuronRows layer) => values.abs().transpose(0, layer.Axis).reshape(layer.Count, -1).sum(1, false, ScalarType.Float64);

    public void Take(Span<double> gradientSums, Span<double> weightSums)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        for (var l = 0; l < rows.Length; l++)
        {
            Give(gradients[l], gradientSums.Slice(rows[l].FirstRow, rows[l].Count));
            Give(weights[l], weightSums.Slice(rows[l].FirstRow, rows[l].Count));
        }

        static void Give(Tensor sums, Span<double> to)
        {
            var values = sums.cpu().data<double>().ToArray();
            for (var row = 0; row < to.Length; row++)
                to[row] += values[row];
            sums.zero_();
        }
    }

    public void Dispose()
    {
        foreach (var tensor in gradients.Concat(weights))
            tensor.Dispose();
    }
}
