using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Samples;

/// <summary>Images and labels of a data view as examples for the training loop; a label is a number from 0, or a key.</summary>
/// <param name="data">The images.</param>
/// <param name="shape">The shape of one.</param>
/// <param name="maximum">How many of them; null for all.</param>
/// <param name="skip">How many to leave out at the beginning.</param>
sealed class LabelledImages(IDataView data, IReadOnlyList<long> shape, int? maximum = null, int skip = 0) : IExampleSource
{
    public IReadOnlyList<long> Shape => shape;

    public bool HasLabels => true;

    public long? Count => data.GetRowCount() is { } count ? Math.Min(count - skip, maximum ?? count) : null;

    public IExampleReader Open() => new Reader(data, maximum ?? int.MaxValue, skip);

    sealed class Reader : IExampleReader
    {
        readonly DataViewRowCursor cursor;
        readonly ValueGetter<VBuffer<float>> getPixels;
        readonly ValueGetter<uint> getLabel;
        readonly uint first;
        VBuffer<float> pixels;
        int left;

        public Reader(IDataView data, int maximum, int skip)
        {
            left = maximum;
            cursor = data.GetRowCursor([data.Schema["Pixels"], data.Schema["Label"]]);
            getPixels = cursor.GetGetter<VBuffer<float>>(data.Schema["Pixels"]);
            getLabel = cursor.GetGetter<uint>(data.Schema["Label"]);
            first = data.Schema["Label"].Type is KeyDataViewType ? 1u : 0;
            while (skip-- > 0 && cursor.MoveNext())
            {
            }
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
