using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tool;

/// <summary>What commands ask of a trained pipeline.</summary>
internal static class Pipelines
{
    /// <summary>Its steps, also those of pipelines within it.</summary>
    internal static IEnumerable<ITransformer> Steps(ITransformer model) =>
        model is IEnumerable<ITransformer> chain ? chain.SelectMany(Steps) : [model];

    /// <summary>The names of a vector's numbers: of a score's, the classes. Empty if there are none.</summary>
    internal static string[] SlotNames(DataViewSchema.Column column)
    {
        VBuffer<ReadOnlyMemory<char>> slots = default;
        if (column.HasSlotNames())
            column.GetSlotNames(ref slots);
        return [.. slots.DenseValues().Select(name => name.ToString())];
    }
}
