using System.Collections.Immutable;
using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(NormalizingFunction), typeof(AffineNormalizer), null, typeof(SignatureLoadColumnFunction),
    "Affine Normalizer", AffineNormalizer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>(value - offset) * scale.</summary>
internal static class AffineNormalizer
{
    public const string LoaderSignature = "AffineNormExec";

    public static VersionInfo Version { get; } = new(
        modelSignature: "AFF NORM", verWrittenCur: 0x00010003, verReadableCur: 0x00010003, verWeCanReadBack: 0x00010003,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    /// <summary>Maps the range to [0, 1], or the larger end to 1 if zero must stay. A range without extent is mapped to zero.</summary>
    public static AffineNormalizer<T> FromRange<T>(bool isScalar, MinMaxStatistics<T> statistics, bool fixZero)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = statistics.Minimum.Length;
        var scale = new T[size];
        var offset = new T[size];
        for (int i = 0; i < size; i++)
        {
            var (low, high) = (statistics.Minimum[i], statistics.Maximum[i]);
            if (!(high > low))
                continue;
            scale[i] = T.One / (fixZero ? T.Max(T.Abs(high), T.Abs(low)) : high - low);
            offset[i] = fixZero || scale[i] == T.Zero ? T.Zero : low;
        }
        return Make(isScalar, scale, offset);
    }

    /// <summary>Maps to mean zero and variance one, or to a mean square of one if zero must stay.</summary>
    public static AffineNormalizer<T> FromMoments<T>(bool isScalar, MeanVarianceStatistics<T> statistics, bool fixZero)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = statistics.Mean.Length;
        var scale = new T[size];
        var offset = new T[size];
        for (int i = 0; i < size; i++)
        {
            if (statistics.SquaredDeviations[i] == 0)
                continue;
            double mean = statistics.Mean[i];
            double variance = statistics.Variance(i);
            scale[i] = T.One / T.CreateTruncating(Math.Sqrt(fixZero ? variance + (mean * mean) : variance));
            offset[i] = fixZero || scale[i] == T.Zero ? T.Zero : T.CreateTruncating(mean);
        }
        return Make(isScalar, scale, offset);
    }

    internal static NormalizingFunction Create(ModelLoadContext ctx, IHost host, DataViewType typeSrc)
    {
        host.CheckValue(ctx, nameof(ctx));
        return Generic.Call<ModelLoadContext, IHost, DataViewType, NormalizingFunction>(Load<float>, typeSrc.GetItemType().RawType, ctx, host, typeSrc);
    }

    private static NormalizingFunction Load<T>(ModelLoadContext ctx, IHost host, DataViewType type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => AffineNormalizer<T>.Load(ctx, host, type);

    // Offsets that are all zero are not kept.
    private static AffineNormalizer<T> Make<T>(bool isScalar, T[] scale, T[] offset)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new(isScalar, scale, isScalar || Array.Exists(offset, value => value != T.Zero) ? offset : null);
}

/// <inheritdoc cref="AffineNormalizer"/>
internal sealed class AffineNormalizer<T>(bool isScalar, T[] scale, T[]? offset) : NormalizingFunction
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override NormalizingTransformer.NormalizerModelParametersBase Parameters { get; } = isScalar
        ? new NormalizingTransformer.AffineNormalizerModelParameters<T>(scale[0], offset![0])
        : new NormalizingTransformer.AffineNormalizerModelParameters<ImmutableArray<T>>(ImmutableArray.Create(scale), ImmutableArray.Create(offset ?? []));

    // Saved as the size of a number, the number of slots, -1 (all slots are changed), the scales and the offsets with their counts.
    public static AffineNormalizer<T> Load(ModelLoadContext ctx, IHost host, DataViewType type)
    {
        ctx.CheckAtModel(AffineNormalizer.Version);
        host.CheckDecode(ctx.Reader.ReadInt32() == SizeOf<T>());
        int size = ReadSize(ctx, host, type);
        int morphed = ctx.Reader.ReadInt32();
        host.CheckDecode(-1 <= morphed && morphed < size);

        int[]? indices = morphed < 0 ? null : [.. Enumerable.Range(0, morphed).Select(_ => ctx.Reader.ReadInt32())];
        var scale = Spread(ReadCounted(ctx, host, indices?.Length ?? size, required: true)!, indices, size, T.One);
        var offset = ReadCounted(ctx, host, indices?.Length ?? size, required: false);
        offset = offset is null ? null : Spread(offset, indices, size, T.Zero);
        bool isScalar = type is not VectorDataViewType;
        host.CheckDecode(!Array.Exists(scale, T.IsNaN));
        for (int i = 0; i < size && offset is not null; i++)
        {
            offset[i] = scale[i] == T.Zero ? T.Zero : offset[i];
            host.CheckDecode(!T.IsNaN(offset[i]));
        }
        return new AffineNormalizer<T>(isScalar, scale, isScalar ? offset ?? [T.Zero] : offset);
    }

    public override void Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(AffineNormalizer.Version);
        ctx.Writer.Write(SizeOf<T>());
        ctx.Writer.Write(scale.Length);
        ctx.Writer.Write(-1);
        ctx.Writer.Write(scale.Length);
        WriteReals(ctx.Writer, scale);
        ctx.Writer.Write(offset?.Length ?? 0);
        WriteReals(ctx.Writer, offset ?? []);
        ctx.SaveTextStream("AffineNormalizer.txt", writer =>
        {
            writer.WriteLine("NumNormalizationFeatures={0}", scale.Length);
            for (int i = 0; i < scale.Length; i++)
                writer.WriteLine("{0}\t{1}\t{2}", i, offset?[i] ?? T.Zero, scale[i]);
            writer.WriteLine();
        });
    }

    public override Delegate MakeGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (isScalar)
        {
            var source = row.GetGetter<T>(column);
            return (ValueGetter<T>)((ref T value) =>
            {
                source(ref value);
                value = (value - offset![0]) * scale[0];
            });
        }

        var vectors = row.GetGetter<VBuffer<T>>(column);
        var builder = new VectorBuilder<T>();
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            vectors(ref value);
            Contracts.Check(value.Length == scale.Length);
            builder.Reset(scale.Length);
            Fill(value, builder);
            builder.GetResult(ref value);
        });
    }

    private void Fill(in VBuffer<T> source, VectorBuilder<T> builder)
    {
        var values = source.GetValues();
        var indices = source.GetIndices();
        if (source.IsDense)
        {
            for (int i = 0; i < values.Length; i++)
                builder.Add(i, offset is null ? values[i] * scale[i] : (values[i] - offset[i]) * scale[i]);
        }
        else if (offset is null)
        {
            for (int i = 0; i < values.Length; i++)
                builder.Add(indices[i], values[i] * scale[indices[i]]);
        }
        else
        {
            for (int slot = 0, i = 0; slot < scale.Length; slot++)
            {
                var value = i < indices.Length && indices[i] == slot ? values[i++] : T.Zero;
                builder.Add(slot, (value - offset[slot]) * scale[slot]);
            }
        }
    }

    private static T[]? ReadCounted(ModelLoadContext ctx, IHost host, int expected, bool required)
    {
        int count = ctx.Reader.ReadInt32();
        host.CheckDecode(count == expected || (!required && count == 0));
        return count == 0 && !required ? null : ReadReals<T>(ctx.Reader, count);
    }

    private static T[] Spread(T[] values, int[]? indices, int size, T rest)
    {
        if (indices is null)
            return values;
        T[] all = [.. Enumerable.Repeat(rest, size)];
        for (int i = 0; i < indices.Length; i++)
        {
            Contracts.CheckDecode(indices[i] >= 0 && indices[i] < size);
            all[indices[i]] = values[i];
        }
        return all;
    }
}
