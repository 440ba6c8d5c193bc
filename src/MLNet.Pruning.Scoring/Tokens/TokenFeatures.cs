using MLNet.Pruning.Plans;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning;

/// <summary>The columns of <c>MergeTokens</c> as features of a model: tokens, their sizes, and the survivor of each patch.</summary>
static class TokenFeatures
{
    /// <summary>How the images of a token column were cut, from its annotations; null for any other column.</summary>
    public static PatchGrid? GridOf(DataViewSchema.Column column)
    {
        var sizes = TokenColumns.Shape.Select(name => Number(column, name)).ToArray();
        return sizes is [{ } height, { } width, { } channels, { } patch] ? new PatchGrid(height, width, channels, patch, pad: true) : null;
    }

    /// <summary>Whether a column holds tokens, as far as a schema shape can tell.</summary>
    public static bool AreIn(SchemaShape.Column column) =>
        TokenColumns.Shape.All(name => column.Annotations.Any(annotation => annotation.Name == name));

    /// <summary>Finds the three columns.</summary>
    /// <param name="schema">Where to look.</param>
    /// <param name="name">The column of tokens; the names of the others start with it.</param>
    /// <exception cref="ArgumentOutOfRangeException">One is missing, or they do not belong together.</exception>
    public static FeatureColumns Find(DataViewSchema schema, string name)
    {
        var tokens = FeatureColumns.Find(schema, name, NumberDataViewType.Single);
        var grid = GridOf(tokens)
            ?? throw new ArgumentOutOfRangeException(null, $"Column '{name}' holds no tokens: "
                + $"it lacks the annotations that mlContext.Transforms.MergeTokens gives it ({string.Join(", ", TokenColumns.Shape)}).");
        var sizes = FeatureColumns.Find(schema, TokenColumns.SizesOf(name), NumberDataViewType.Single);
        var sources = FeatureColumns.Find(schema, TokenColumns.SourcesOf(name), NumberDataViewType.Int32);
        var (values, count, patches) = (SizeOf(tokens), SizeOf(sizes), SizeOf(sources));
        if (values != (long)count * grid.TokenWidth || patches != grid.Count)
        {
            throw new ArgumentOutOfRangeException(
                null, $"Column '{name}' has {values} values, '{sizes.Name}' {count} and '{sources.Name}' {patches}; "
                + $"of images of {grid.Height}x{grid.Width} in patches of {grid.PatchSize}x{grid.PatchSize} they would have "
                + $"{(long)count * grid.TokenWidth}, {count} and {grid.Count}.");
        }
        return new FeatureColumns(name, tokens, sizes, sources);
    }

    /// <summary>Finds the three columns for a model that was trained on tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is missing, or they hold other tokens than the model was trained on.</exception>
    public static FeatureColumns Find(DataViewSchema schema, string name, VitDescription trained)
    {
        var features = Find(schema, name);
        return Fit(features, trained.Grid, trained.Tokens) ? features : throw new ArgumentOutOfRangeException(
            null, $"Column '{name}' holds {Describe(CountOf(features), GridOf(features.Columns.First())!)}; "
            + $"the model was trained on {Describe(trained.Tokens, trained.Grid)}.");
    }

    /// <summary>Whether token columns hold what a model was trained on.</summary>
    public static bool Fit(FeatureColumns features, PatchGrid trained, int tokens)
    {
        return Parts(GridOf(features.Columns.First())!) == Parts(trained) && CountOf(features) == tokens;

        static (int, int, int, int) Parts(PatchGrid grid) => (grid.Rows, grid.Columns, grid.Channels, grid.PatchSize);
    }

    /// <summary>How many tokens an image has.</summary>
    public static int CountOf(FeatureColumns features) => SizeOf(features.Columns.ElementAt(1));

    static string Describe(int tokens, PatchGrid grid) => $"{tokens} tokens of images of {grid.Height}x{grid.Width} "
        + $"with {grid.Channels} channel{(grid.Channels == 1 ? "" : "s")} in patches of {grid.PatchSize}x{grid.PatchSize}";

    static int SizeOf(DataViewSchema.Column column) => ((VectorDataViewType)column.Type).Size;

    static int? Number(DataViewSchema.Column column, string annotation)
    {
        if (column.Annotations.Schema.GetColumnOrNull(annotation) is not { } found || found.Type != NumberDataViewType.Int32)
            return null;
        int value = 0;
        column.Annotations.GetValue(annotation, ref value);
        return value > 0 ? value : null;
    }
}
