using System.Globalization;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Reporting.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>Predicts files with a saved pipeline. What the pipeline reads tells what is made of a file.</summary>
internal sealed class FilePredictions
{
    static readonly string[] pictures = [".png", ".jpg", ".jpeg", ".bmp", ".gif"];
    static readonly string[] tables = [".csv", ".tsv", ".txt"];

    readonly MLContext mlContext = new MLContext().UsePruning();
    readonly string file;
    readonly ITransformer model;
    readonly DataViewSchema schema;

    FilePredictions(string file)
    {
        this.file = file;
        model = ModelInput.Load(mlContext, file, out schema);
        if (schema is null)
            throw new InvalidDataException($"'{file}' does not say which columns it reads; save it with the schema of its data.");
    }

    internal static TextTable Of(string model, IReadOnlyList<string> inputs, int top, bool exact, CancellationToken cancellation)
    {
        var predictions = new FilePredictions(model) { Exact = exact };
        string[] files = [.. inputs.SelectMany(Files)];
        if (files.Select(IsTable).Distinct().Count() > 1)
            throw new ArgumentException("Give either pictures or CSV files, not both at once.");
        return IsTable(files[0])
            ? predictions.Table(files, predictions.Rows(files), numbered: true, top, cancellation)
            : predictions.Table(files, predictions.Images(files), numbered: false, top, cancellation);
    }

    /// <summary>Whether numbers are for programs: in full, and probabilities not in percent.</summary>
    bool Exact { get; init; }

    string Probability(float value) => Exact ? value.ToString("R", CultureInfo.InvariantCulture) : Percent(value);

    static bool IsTable(string path) => tables.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    static IEnumerable<string> Files(string path)
    {
        if (File.Exists(path))
            return [path];
        if (!Directory.Exists(path))
            throw new FileNotFoundException($"There is no file or folder '{path}'.");
        string[] found = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(name => pictures.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new FileNotFoundException($"There is no picture in '{path}' "
            + $"({string.Join(", ", pictures)}).");
    }

    /// <summary>A row; ML.NET reads its fields.</summary>
    sealed class PictureRow
    {
        public string Path = "";

        public float[] Pixels = [];
    }

    /// <summary>Pictures as the column that the pipeline reads: their paths, or their pixels at the network's size.</summary>
    IDataView Images(string[] files)
    {
        var definition = SchemaDefinition.Create(typeof(PictureRow));
        if (schema.FirstOrDefault(column => column.Type is TextDataViewType
            && column.Name.Contains("path", StringComparison.OrdinalIgnoreCase)) is { Name: { } path })
        {
            definition[nameof(PictureRow.Path)].ColumnName = path;
            definition.Remove(definition[nameof(PictureRow.Pixels)]);
            return mlContext.Data.LoadFromEnumerable(files.Select(name => new PictureRow { Path = Path.GetFullPath(name) }), definition);
        }
        var shape = ScoringPlan.Load(file).Description switch
        {
            ConvNetDescription network => network.Image,
            VaeDescription network => network.Image,
            VitDescription network => [network.Grid.Channels, network.Grid.Height, network.Grid.Width],
            FeedForwardDescription network when Math.Sqrt(network.Sizes[0]) is var side
                && side == Math.Floor(side) => [1, (int)side, (int)side],
            _ => throw new NotSupportedException($"'{file}' does not read pictures; it reads {Wanted()}."),
        };
        var (channels, height, width) = (shape[0], shape[1], shape[2]);
        int size = channels * height * width;
        string pixels = schema.FirstOrDefault(column => column.Type is VectorDataViewType { ItemType: NumberDataViewType } vector
            && vector.Size == size).Name
            ?? throw new NotSupportedException($"'{file}' does not read {width} x {height} pictures; it reads {Wanted()}.");
        definition[nameof(PictureRow.Pixels)].ColumnName = pixels;
        definition[nameof(PictureRow.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, size);
        definition.Remove(definition[nameof(PictureRow.Path)]);
        return mlContext.Data.LoadFromEnumerable(files.Select(name => new PictureRow { Pixels = Pixels(name, channels, height, width) }),
            definition);
    }

    static float[] Pixels(string path, int channels, int height, int width)
    {
        var picture = Picture.Load(path);
        int side = Math.Min(picture.Width, picture.Height);
        if (width == height)
            picture = picture.CropCentre(side, side);
        picture = picture.Resize(width, height);
        var pixels = new float[channels * height * width];
        var bytes = picture.Bytes;
        for (int at = 0; at < width * height; at++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                float value = channels == picture.Channels ? bytes[(at * channels) + channel]
                    : picture.Channels == 1 ? bytes[at]
                    : (0.299f * bytes[at * 3]) + (0.587f * bytes[(at * 3) + 1]) + (0.114f * bytes[(at * 3) + 2]);
                pixels[(channel * height * width) + at] = value / 255;
            }
        }
        return pixels;
    }

    /// <summary>The rows of CSV files as the columns that the pipeline reads, by the names in their first lines.</summary>
    IDataView Rows(string[] files)
    {
        var (header, separator) = TableFile.Header(File.ReadLines(files[0]).FirstOrDefault(), files[0]);
        TextLoader.Column[] columns = [.. schema.Where(column => !column.IsHidden)
            .Select(column => Column(column, header)).OfType<TextLoader.Column>()];
        return mlContext.Data.CreateTextLoader(columns, separator, hasHeader: true, allowQuoting: true).Load(files);
    }

    /// <summary>Where a file has what a column is made of; null if it does not have a column such as the label.</summary>
    TextLoader.Column? Column(DataViewSchema.Column column, string[] header)
    {
        var item = column.Type is VectorDataViewType vector ? vector.ItemType : column.Type;
        var kind = item.RawType == typeof(ReadOnlyMemory<char>) ? DataKind.String : item.RawType == typeof(bool) ? DataKind.Boolean
            : DataKind.Single;
        string[] names = [column.Name];
        if (column.Type is VectorDataViewType)
        {
            names = Pipelines.SlotNames(column);
            if (names.Length == 0)
                throw new NotSupportedException($"'{file}' reads column '{column.Name}' as a vector and does not say of which columns of "
                    + $"a file; train it from a CSV file with a header.");
        }
        int[] indices = [.. names.Select(name => Array.IndexOf(header, name))];
        if (Array.IndexOf(indices, -1) is var missing and >= 0)
        {
            return column.Type is not VectorDataViewType ? null : throw new InvalidDataException(
                $"The file has no column '{names[missing]}', which the model reads. It has {string.Join(", ", header)}.");
        }
        return new(column.Name, kind, [.. indices.Select(index => new TextLoader.Range(index))]);
    }

    /// <summary>
    /// The rows with the pipeline's columns. Steps for columns that the rows do not have are left out: those that prepare the label.
    /// </summary>
    IDataView Scored(IDataView rows)
    {
        ArgumentOutOfRangeException? missing = null;
        foreach (var step in Pipelines.Steps(model))
        {
            try
            {
                rows = step.Transform(rows);
            }
            catch (ArgumentOutOfRangeException failure)
            {
                missing ??= failure;
                if (step is PrunedTransformer)
                    throw new InvalidDataException($"'{file}' cannot read this: {missing.Message} It reads {Wanted()}.", missing);
            }
        }
        return rows;
    }

    string Wanted() => string.Join(", ", schema.Where(column => !column.IsHidden).Select(column => $"{column.Name} ({column.Type})"));

    TextTable Table(string[] files, IDataView rows, bool numbered, int top, CancellationToken cancellation)
    {
        var scored = Scored(rows);
        var score = scored.Schema["Score"];
        string Input(int row) => numbered ? (row + 1).ToString(CultureInfo.InvariantCulture) : files[row];
        string what = numbered ? "row#" : "picture";
        if (score.Type is not VectorDataViewType)
        {
            bool binary = scored.Schema.GetColumnOrNull("Probability") is not null;
            var numbers = scored.GetColumn<float>(binary ? "Probability" : "Score").ToArray();
            if (!binary)
                return Filled(new(what, "prediction#"), numbers.Select((value, row) =>
                    new[] { Input(row), value.ToString(Exact ? "R" : "G6", CultureInfo.InvariantCulture) }));
            var labels = scored.GetColumn<bool>("PredictedLabel").ToArray();
            return Filled(new(what, "label", "probability#"), numbers.Select((value, row) => new[] { Input(row), labels[row] ? "yes"
                : "no", Probability(value) }));
        }
        string[] names = Pipelines.SlotNames(score);
        var headings = Enumerable.Range(1, top).SelectMany(place => (string[])[top == 1 ? "label" : $"label {place}", "probability#"])
            .Prepend(what);
        return Filled(new([.. headings]), scored.GetColumn<float[]>("Score").Select(Cells));

        string[] Cells(float[] scores, int row)
        {
            cancellation.ThrowIfCancellationRequested();
            var best = scores.Index().OrderByDescending(pair => pair.Item).Take(top)
                .SelectMany(pair => (string[])[pair.Index < names.Length ? names[pair.Index] : $"{pair.Index}", Probability(pair.Item)]);
            string[] cells = [Input(row), .. best];
            return [.. cells, .. Enumerable.Repeat("", (top * 2) + 1 - cells.Length)];
        }
    }

    static TextTable Filled(TextTable table, IEnumerable<string[]> rows)
    {
        foreach (string[] row in rows)
            table.Add(row);
        return table;
    }
}
