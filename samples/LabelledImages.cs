using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Samples;

/// <summary>Images and labels of a data view as examples for the training loop; a label is a number from 0, or a key.</summary>
sealed class LabelledImages(IDataView data, IReadOnlyList<long> shape, int? maximum = null) : IExampleSource
{
    public IReadOnlyList<long> Shape => shape;

    public bool HasLabels => true;

    public long? Count => data.GetRowCount() is { } count ? Math.Min(count, maximum ?? count) : null;

    public IExampleReader Open() => new Reader(data, maximum ?? int.MaxValue);

    sealed class Reader : IExampleReader
    {
        readonly DataViewRowCursor cursor;
        readonly ValueGetter<VBuffer<float>> getPixels;
        readonly ValueGetter<uint> getLabel;
        readonly uint first;
        VBuffer<float> pixels;
        int left;

        public Reader(IDataView data, int maximum)
        {
            left = maximum;
            cursor = data.GetRowCursor([data.Schema["Pixels"], data.Schema["Label"]]);
            getPixels = cursor.GetGetter<VBuffer<float>>(data.Schema["Pixels"]);
            getLabel = cursor.GetGetter<uint>(data.Schema["Label"]);
            first = data.Schema["Label"].Type is KeyDataViewType ? 1u : 0;
        }

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            if (left-- <= 0 || !cursor.MoveNext())
                return false;
            getPixels(ref pixels);
            pixels.CopyTo(features);
            uint value = 0;
            getLabel(ref value);
            label = (long)value - first;
            return true;
        }

        public void Dispose() => cursor.Dispose();
    }
}
