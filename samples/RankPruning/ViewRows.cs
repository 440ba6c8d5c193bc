using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>A data view's pixels and label keys, for what trains without ML.NET.</summary>
sealed class ViewRows(IDataView data, IReadOnlyList<long> shape) : IExampleSource
{
    public IReadOnlyList<long> Shape => shape;

    public bool HasLabels => true;

    public long? Count => data.GetRowCount();

    public IExampleReader Open() => new Reader(data);

    sealed class Reader : IExampleReader
    {
        readonly DataViewRowCursor cursor;
        readonly ValueGetter<VBuffer<float>> pixels;
        readonly ValueGetter<uint> label;
        VBuffer<float> row;

        public Reader(IDataView data)
        {
            var (features, key) = (data.Schema["Pixels"], data.Schema["Label"]);
            cursor = data.GetRowCursor([features, key]);
            (pixels, label) = (cursor.GetGetter<VBuffer<float>>(features), cursor.GetGetter<uint>(key));
        }

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            if (!cursor.MoveNext())
                return false;
            pixels(ref row);
            row.CopyTo(features);
            uint key = 0;
            this.label(ref key);
            label = (long)key - 1;
            return true;
        }

        public void Dispose() => cursor.Dispose();
    }
}
