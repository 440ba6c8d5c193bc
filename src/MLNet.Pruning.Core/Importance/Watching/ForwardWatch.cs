using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Shows what layers read in forward passes that gradients are recorded for, until disposed of.</summary>
sealed class ForwardWatch : IDisposable
{
    readonly List<Action> removers = [];

    public ForwardWatch(IEnumerable<Reader> readers, Action<Reader, Tensor> seen)
    {
        foreach (var reader in readers)
            removers.Add(reader.Layer.Module.register_forward_hook((_, input, output) =>
            {
                if (is_grad_enabled() && input.shape[0] > 0)
                {
                    using var off = no_grad();
                    using var scope = NewDisposeScope();
                    seen(reader, input);
                }
                return output;
            }).remove);
    }

    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
    }
}
