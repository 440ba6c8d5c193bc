using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning;

/// <summary>The columns that token merging reads and adds: names, types and annotations.</summary>
/// <param name="Output">The name of the tokens' column; the names of sizes and sources start with it.</param>
/// <param name="Input">The images' column.</param>
/// <param name="Grid">How images are cut into patches.</param>
/// <param name="Merge">How many patches merge away.</param>
sealed record TokenColumns(string Output, string Input, PatchGrid Grid, int Merge)
{
    /// <summary>Annotations of the tokens' column: the image's sizes, from which the image can be reassembled.</summary>
    public static readonly string[] Shape = ["ImageHeight", "ImageWidth", "ImageChannels", "PatchSize"];

    public string Sizes => SizesOf(Output);

    public string Sources => SourcesOf(Output);

    public int Survivors => Grid.Count - Merge;

    /// <summary>Numbers in a row: tokens, sizes, sources.</summary>
    public int RowNumbers => (Survivors * (Grid.TokenWidth + 1)) + Grid.Count;

    public static string[] Names(string output) => [output, SizesOf(output), SourcesOf(output)];

    public static string SizesOf(string output) => $"{output}.Sizes";

    public static string SourcesOf(string output) => $"{output}.Sources";

    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type, or of another size.</exception>
    public ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var images = FeatureColumns.Find(input, Input);
        if (images.Size != Grid.ImageValues)
        {
            string wanted = $"images of {Grid.Height}x{Grid.Width} with {Grid.Channels} channel{(Grid.Channels == 1 ? "" : "s")}";
            throw new ArgumentOutOfRangeException(null, $"Column '{Input}' has {images.Size} values; {wanted} have {Grid.ImageValues}.");
        }
        ColumnImage.Check(images.Columns.First(), new ColumnImage(Grid.Channels, Grid.Height, Grid.Width), "tokens are merged of");
        return new ScoreBinding(input, images, RowNumbers, [Tokens(), SizeColumn(), SourceColumn()]);
    }

    AddedColumn Tokens()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        Names(annotations, Survivors * Grid.TokenWidth, slot => $"{slot / Grid.TokenWidth}.{PixelName(slot % Grid.TokenWidth)}");
        int[] sizes = [Grid.Height, Grid.Width, Grid.Channels, Grid.PatchSize];
        for (int i = 0; i < sizes.Length; i++)
            annotations.AddPrimitiveValue(Shape[i], NumberDataViewType.Int32, sizes[i]);
        var flat = AddedColumn.Vector(Output, 0, Survivors * Grid.TokenWidth, annotations.ToAnnotations());
        return flat with { Type = new VectorDataViewType(NumberDataViewType.Single, Survivors, Grid.TokenWidth) };
    }

    AddedColumn SizeColumn()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        Names(annotations, Survivors, slot => $"{slot}");
        return AddedColumn.Vector(Sizes, Survivors * Grid.TokenWidth, Survivors, annotations.ToAnnotations());
    }

    AddedColumn SourceColumn()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        Names(annotations, Grid.Count, slot => $"r{slot / Grid.Columns}c{slot % Grid.Columns}");
        var (offset, count) = (Survivors * (Grid.TokenWidth + 1), Grid.Count);
        var type = new VectorDataViewType(NumberDataViewType.Int32, Grid.Rows, Grid.Columns);
        return new AddedColumn(Sources, type, annotations.ToAnnotations(), Getter);

        ValueGetter<VBuffer<int>> Getter(RowOutput output) => (ref VBuffer<int> value) =>
        {
            var editor = VBufferEditor.Create(ref value, count);
            var sources = output().Slice(offset, count);
            for (int i = 0; i < count; i++)
                editor.Values[i] = (int)sources[i];
            value = editor.Commit();
        };
    }

    /// <summary>Row and column of a pixel in its patch, and its channel if there are several.</summary>
    string PixelName(int value)
    {
        int pixel = value / Grid.Channels;
        string name = $"r{pixel / Grid.PatchSize}c{pixel % Grid.PatchSize}";
        return Grid.Channels == 1 ? name : $"{name}.{value % Grid.Channels}";
    }

    static void Names(DataViewSchema.Annotations.Builder annotations, int count, Func<int, string> name) =>
        annotations.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, count), (ref VBuffer<ReadOnlyMemory<char>> value) =>
        {
            var editor = VBufferEditor.Create(ref value, count);
            for (int i = 0; i < count; i++)
                editor.Values[i] = name(i).AsMemory();
            value = editor.Commit();
        });
}
