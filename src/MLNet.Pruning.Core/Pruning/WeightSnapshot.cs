using MLNet.Pruning.Neurons;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The weights and statistics of a model at an earlier time; they shrink with the model.</summary>
sealed class WeightSnapshot : IDisposable
{
    readonly Dictionary<string, Tensor> values;

    public WeightSnapshot(nn.Module model)
    {
        using var noGrad = no_grad();
        values = ModuleState.Tensors(model).ToDictionary(t => t.Name, t => t.Tensor.detach().clone().DetachFromDisposeScope());
    }

    /// <summary>Shrinks the snapshot as the model shrank.</summary>
    public void Cut(nn.Module model, IReadOnlyList<TensorCut> cuts)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in ModuleState.Tensors(model))
            if (cuts.FirstOrDefault(c => ReferenceEquals(c.Tensor, tensor)) is { } cut)
                values[name].set_(cut.Of(values[name]));
    }

    /// <summary>Restores the model's values.</summary>
    public void Restore(nn.Module model)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in ModuleState.Tensors(model))
            tensor.copy_(values[name]);
    }

    public void Write(BinaryWriter writer)
    {
        foreach (var (name, tensor) in values)
        {
            var blob = TensorBlob.From(tensor, name);
            writer.Write(blob.Length);
            writer.Write(blob);
        }
    }

    /// <summary>Reads what was written for a model of these shapes.</summary>
    public void Read(BinaryReader reader)
    {
        foreach (var (name, tensor) in values)
        {
            var blob = reader.ReadBlob();
            TensorBlob.Check(blob, tensor, name, "Its rewinding point");
            TensorBlob.Into(blob, tensor);
        }
    }

    public void Dispose()
    {
        foreach (var tensor in values.Values)
            tensor.Dispose();
    }
}
