using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Which modules train.</summary>
static class TrainingModes
{
    /// <summary>
    /// Puts a model that is in evaluation mode as a whole in training mode; in one that is not, what was frozen stays so. Copies get the
    /// model's modes.
    /// </summary>
    /// <param name="replicas">The model, then its copies.</param>
    public static void Begin(IReadOnlyList<nn.Module> replicas)
    {
        var model = replicas[0];
        var modules = model.named_modules().ToArray();
        // Containers are not asked: some of TorchSharp's take no mode of their own.
        if (!modules.Select(m => m.module).Prepend(model).Any(m => m.training && !m.children().Any()))
            model.train();
        var modes = modules.ToDictionary(m => m.name, m => m.module.training);
        foreach (var copy in replicas.Skip(1))
        {
            copy.train();
            // A parent comes before its children, whose modes it sets as well.
            foreach (var (name, module) in copy.named_modules())
                if (modes.TryGetValue(name, out var training))
                    module.train(training);
        }
    }
}
