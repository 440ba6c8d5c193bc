using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>Finds out before training whether a user's module can be a classifier.</summary>
static class ModuleCheck
{
    /// <summary>Runs the module on two rows of zeros.</summary>
    /// <exception cref="ArgumentException">It has nothing to train, does not take the rows, or does not give a logit for each class.</exception>
    public static void Run(nn.Module<Tensor, Tensor> module, IReadOnlyList<long> shape, int classes)
    {
        string name = $"Module '{module.GetType().Name}'";
        var parameters = module.named_parameters().ToArray();
        if (!parameters.Any(p => p.parameter.requires_grad))
            throw new ArgumentException($"{name} has no parameters that can be trained{(parameters.Length == 0 ? "; a module finds its layers with RegisterComponents() at the end of its constructor" : "")}.");
        if (parameters.FirstOrDefault(p => p.parameter.dtype != ScalarType.Float32) is { parameter: { } other, name: var wrong })
            throw new ArgumentException($"{name} has the parameter '{wrong}' of type {other.dtype}; wanted Float32.");

        using var scope = NewDisposeScope();
        using var off = no_grad();
        module.eval();
        Tensor output;
        try
        {
            output = module.call(zeros([2, .. shape]));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // LibTorch adds its call stack.
            throw new ArgumentException($"{name} does not take rows of shape [{string.Join(", ", shape)}]: {failure.Message.Split('\n')[0].Trim()}", failure);
        }
        if (!output.shape.SequenceEqual([2L, classes]))
            throw new ArgumentException($"{name} gives [{string.Join(", ", output.shape)}] for 2 rows; wanted [2, {classes}], a logit for each of the {classes} classes.");
        if (output.dtype != ScalarType.Float32)
            throw new ArgumentException($"{name} gives {output.dtype}; wanted Float32.");
    }
}
