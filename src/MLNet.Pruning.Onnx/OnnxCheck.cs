using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Onnx;

/// <summary>Holds an exported file against the model that it was made from.</summary>
static class OnnxCheck
{
    const int Rows = 1_000;

    /// <summary>The largest difference on the first thousand rows; null where the program has no ONNX Runtime.</summary>
    public static (int Rows, double Difference)? Compare(string path, ITransformer model, IDataView data, string input)
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
            var scored = model.Transform(new MLContext().Data.TakeRows(data, Rows));
            float[][] rows = [.. scored.GetColumn<float[]>(input)];
            if (rows.Length == 0)
                return (0, 0);
            float[] values = [.. rows.SelectMany(row => row)];
            using var tensor = OrtValue.CreateTensorValueFromMemory(values, [rows.Length, rows[0].Length]);
            string[] names = [.. session.OutputNames.Where(name => scored.Schema.GetColumnOrNull(name) is { } column && IsNumbers(column.Type))];
            using var options = new RunOptions();
            using var results = session.Run(options, [input], [tensor], names);
            double largest = 0;
            foreach (var (name, result) in names.Zip(results))
            {
                var expected = scored.Schema[name].Type is VectorDataViewType
                    ? scored.GetColumn<float[]>(name).SelectMany(row => row)
                    : scored.GetColumn<float>(name);
                var found = result.GetTensorDataAsSpan<float>().ToArray();
                largest = Math.Max(largest, expected.Zip(found, Difference).DefaultIfEmpty().Max());
            }
            return (rows.Length, largest);
        }
    }

    static bool IsNumbers(DataViewType type) =>
        type == NumberDataViewType.Single || (type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single);

    static double Difference(float expected, float found) => float.IsNaN(expected) && float.IsNaN(found) ? 0
        : Math.Abs((double)expected - found) is var difference && !double.IsNaN(difference) ? difference : double.PositiveInfinity;
}
