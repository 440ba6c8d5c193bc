using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Onnx;

/// <summary>Compares an exported file with its model.</summary>
static class OnnxCheck
{
    const int Rows = 1_000;

    /// <summary>
    /// The number of rows scored by both, and the largest difference; null without ONNX Runtime, or if a score is not a number.
    /// </summary>
    public static (int Rows, double? Difference)? Compare(string path, ScoredPipeline pipeline, IDataView data)
    {
        InferenceSession session;
        try
        {
            session = new InferenceSession(path);
        }
        catch (Exception failure) when (failure is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
        using (session)
        {
            data = new MLContext().Data.TakeRows(pipeline.Pixels(data), Rows);
            var scored = pipeline.Transform(data);
            string[] names = [.. session.OutputNames.Where(name => IsNumbers(scored.Schema.GetColumnOrNull(name)?.Type))];
            if (names.Length == 0)
                return null;
            var (values, rows) = Read(data, pipeline.Features(data.Schema));
            if (rows == 0)
                return (0, null);
            using var tensor = OrtValue.CreateTensorValueFromMemory(values, [rows, values.Length / rows]);
            using var options = new RunOptions();
            using var results = session.Run(options, [session.InputNames[0]], [tensor], names);
            double largest = 0;
            foreach (var (name, result) in names.Zip(results))
            {
                var expected = scored.Schema[name].Type is VectorDataViewType
                    ? scored.GetColumn<float[]>(name).SelectMany(row => row)
                    : scored.GetColumn<float>(name);
                var found = result.GetTensorDataAsSpan<float>().ToArray();
                largest = Math.Max(largest, expected.Zip(found, Difference).DefaultIfEmpty().Max());
            }
            return (rows, largest);
        }
    }

    static (float[] Values, int Rows) Read(IDataView data, FeatureColumns features)
    {
        var rows = new List<float[]>();
        using var cursor = data.GetRowCursor(features.Columns);
        var reader = features.Open(cursor);
        while (cursor.MoveNext())
        {
            rows.Add(new float[features.Size]);
            reader.Read(rows[^1]);
        }
        return ([.. rows.SelectMany(row => row)], rows.Count);
    }

    static bool IsNumbers(DataViewType? type) =>
        type == NumberDataViewType.Single || (type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single);

    static double Difference(float expected, float found) => float.IsNaN(expected) && float.IsNaN(found) ? 0
        : Math.Abs((double)expected - found) is var difference && !double.IsNaN(difference) ? difference : double.PositiveInfinity;
}
