using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Recipes;

/// <summary>A text file whose first line names its columns: the loader <c>Csv</c> of recipes, which becomes a <c>TextLoader</c>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Columns">What to read of it.</param>
/// <param name="Separator">What stands between values.</param>
sealed record CsvFile(string Path, IReadOnlyList<CsvColumn> Columns, char Separator = ',')
{
    public const string Name = "Csv";

    static readonly MethodInfo create = typeof(TextLoaderSaverCatalog).GetMethods().Single(method =>
        method.Name == nameof(TextLoaderSaverCatalog.CreateTextLoader) && !method.IsGenericMethod
        && method.GetParameters().Any(parameter => parameter.Name == "columns"));

    static readonly MethodInfo load = typeof(DataLoaderExtensions).GetMethod(nameof(DataLoaderExtensions.Load))!;

    static readonly MadeForm form = new(typeof(CsvFile));

    public static Maker Maker => form.Makers[0] with { Name = Name };

    /// <summary>The loading of the file by the indices of its columns.</summary>
    public static Expression? Loader(RecipeNode node, Binder binder, string what)
    {
        if (node is not RecipeMap map || map.Find(Binder.TypeKey)?.Value is not RecipeScalar { Text: var type }
            || !string.Equals(type, Name, StringComparison.OrdinalIgnoreCase))
            return null;
        var csv = (CsvFile)Values.Of(binder.MakeNamed(node, [Maker], what, null))!;
        string[] header = Header(csv, map.Find("path")!.Value.Place);
        var columns = csv.Columns.Select((column, i) => Column(column, header, map.Find("columns")!.Value switch
        {
            RecipeList list => list.Items[i].Place,
            var one => one.Place,
        }));
        var paths = Expression.NewArrayInit(typeof(string), Expression.Constant(csv.Path));
        var given = new Dictionary<string, Expression>
        {
            ["catalog"] = Expression.Property(binder.MLContext, nameof(MLContext.Data)),
            ["columns"] = Expression.NewArrayInit(typeof(TextLoader.Column), columns),
            ["separatorChar"] = Expression.Constant(csv.Separator),
            ["hasHeader"] = Expression.Constant(true),
            ["allowQuoting"] = Expression.Constant(true),
            // A loader that has seen the header names the slots of vectors; so predict finds the columns in another file.
            ["dataSample"] = Expression.New(typeof(MultiFileSource).GetConstructor([typeof(string[])])!, paths),
        };
        var loader = Expression.Call(create, create.GetParameters().Select(parameter => given.GetValueOrDefault(parameter.Name!)
            ?? Expression.Constant(Binder.Default(parameter), parameter.ParameterType)));
        return Expression.Call(load, loader, paths);
    }

    static string[] Header(CsvFile csv, RecipePlace place)
    {
        if (!File.Exists(csv.Path))
            throw new RecipeException(place, $"There is no file '{csv.Path}'.");
        using var reader = new StreamReader(csv.Path);
        return reader.ReadLine() is { Length: > 0 } line
            ? [.. Split(line, csv.Separator)]
            : throw new RecipeException(place, $"'{csv.Path}' is empty; its first line must name its columns.");
    }

    /// <summary>The values of a line, in which quotes may stand around a value.</summary>
    public static IEnumerable<string> Split(string line, char separator)
    {
        var value = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                value.Append(line[i++]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == separator && !quoted)
            {
                yield return value.ToString().Trim();
                value.Clear();
            }
            else
                value.Append(line[i]);
        }
        yield return value.ToString().Trim();
    }

    static NewExpression Column(CsvColumn column, string[] header, RecipePlace place)
    {
        int[] indices = [.. (column.From ?? [column.Name]).Select(name => Array.IndexOf(header, name) is >= 0 and var index
            ? index
            : throw RecipeException.UnknownName(place, "The file has no column", name, header))];
        Type[] types = [typeof(string), typeof(DataKind), typeof(int), typeof(int)];
        Expression[] values = [Expression.Constant(column.Name), Expression.Constant(column.Kind)];
        if (indices is [var only])
            return Expression.New(typeof(TextLoader.Column).GetConstructor(types[..3])!, [.. values, Expression.Constant(only)]);
        if (indices.Index().All(pair => pair.Item == indices[0] + pair.Index))
        {
            return Expression.New(typeof(TextLoader.Column).GetConstructor(types)!,
                [.. values, Expression.Constant(indices[0]), Expression.Constant(indices[^1])]);
        }
        var range = typeof(TextLoader.Range).GetConstructor([typeof(int)])!;
        var ranges = Expression.NewArrayInit(typeof(TextLoader.Range), indices
            .Select(index => Expression.New(range, Expression.Constant(index))));
        var ofRanges = typeof(TextLoader.Column).GetConstructor([typeof(string), typeof(DataKind), typeof(TextLoader.Range[]),
            typeof(KeyCount)])!;
        return Expression.New(ofRanges, [.. values, ranges, Expression.Constant(null, typeof(KeyCount))]);
    }
}

/// <summary>A column to read.</summary>
/// <param name="Name">What it is called in the pipeline.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="From">The columns of the file that it is made of; null for the one of the same name.</param>
sealed record CsvColumn(string Name, DataKind Kind = DataKind.Single, IReadOnlyList<string>? From = null);
