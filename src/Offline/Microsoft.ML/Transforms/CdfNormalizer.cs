using System.Collections.Immutable;
using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(NormalizingFunction), typeof(CdfNormalizer), null, typeof(SignatureLoadColumnFunction),
    "CDF Normalizer", CdfNormalizer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>The quantile of a value, or of its logarithm, in a normal distribution.</summary>
internal static class CdfNormalizer
{
    public const string LoaderSignature = "CdfNormalizeFunction";

    public static VersionInfo Version { get; } = new(
        modelSignature: "CDFNORMF", verWrittenCur: 0x00010001, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    public static CdfNormalizer<T> FromMoments<T>(bool isScalar, MeanVarianceStatistics<T> statistics, bool useLog)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = statistics.Mean.Length;
        var mean = new T[size];
        var deviation = new T[size];
        for (int i = 0; i < size; i++)
        {
            if (statistics.SquaredDeviations[i] == 0 || statistics.Count[i] == 0)
                continue;
            mean[i] = T.CreateTruncating(statistics.Mean[i]);
            deviation[i] = T.CreateTruncating(Math.Sqrt(statistics.Variance(i)));
        }
        return new CdfNormalizer<T>(isScalar, mean, deviation, useLog);
    }

    internal static NormalizingFunction Create(ModelLoadContext ctx, IHost host, DataViewType typeSrc)
    {
        host.CheckValue(ctx, nameof(ctx));
        return Generic.Call<ModelLoadContext, IHost, DataViewType, NormalizingFunction>(Load<float>, typeSrc.GetItemType().RawType, ctx, host, typeSrc);
    }

    private static NormalizingFunction Load<T>(ModelLoadContext ctx, IHost host, DataViewType type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => CdfNormalizer<T>.Load(ctx, host, type);
}

/// <inheritdoc cref="CdfNormalizer"/>
internal sealed class CdfNormalizer<T>(bool isScalar, T[] mean, T[] deviation, bool useLog) : NormalizingFunction
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override NormalizingTransformer.NormalizerModelParametersBase Parameters { get; } = isScalar
        ? new NormalizingTransformer.CdfNormalizerModelParameters<T>(mean[0], deviation[0], useLog)
        : new NormalizingTransformer.CdfNormalizerModelParameters<ImmutableArray<T>>(ImmutableArray.Create(mean), ImmutableArray.Create(deviation), useLog);

    // Saved as the size of a number, whether logarithms are taken, the number of slots, the means, the deviations.
    public static CdfNormalizer<T> Load(ModelLoadContext ctx, IHost host, DataViewType type)
    {
        ctx.CheckAtModel(CdfNormalizer.Version);
        host.CheckDecode(ctx.Reader.ReadInt32() == SizeOf<T>());
        bool useLog = ctx.Reader.ReadBoolByte();
        int size = ReadSize(ctx, host, type);
        var mean = ReadReals<T>(ctx.Reader, size);
        return new CdfNormalizer<T>(type is not VectorDataViewType, mean, ReadReals<T>(ctx.Reader, size), useLog);
    }

    public override void Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(CdfNormalizer.Version);
        ctx.Writer.Write(SizeOf<T>());
        ctx.Writer.WriteBoolByte(useLog);
        ctx.Writer.Write(mean.Length);
        WriteReals(ctx.Writer, mean);
        WriteReals(ctx.Writer, deviation);
        ctx.SaveTextStream("CdfNormalizer.txt", writer =>
        {
            writer.WriteLine("NumNormalizationFeatures={0}", mean.Length);
            writer.WriteLine("Log={0}", useLog);
            for (int i = 0; i < mean.Length; i++)
                writer.WriteLine("{0}\t{1}", mean[i], deviation[i]);
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
                value = Map(0, value);
            });
        }

        var vectors = row.GetGetter<VBuffer<T>>(column);
        var builder = new VectorBuilder<T>();
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            vectors(ref value);
            Contracts.Check(value.Length == mean.Length);
            builder.Reset(mean.Length);
            // What a sparse vector leaves out stays out.
            var values = value.GetValues();
            var indices = value.GetIndices();
            for (int i = 0; i < values.Length; i++)
            {
                int slot = value.IsDense ? i : indices[i];
                builder.Add(slot, Map(slot, values[i]));
            }
            builder.GetResult(ref value);
        });
    }

    // 0.5 (1 + erf(x / sqrt 2)) with Winitzki's approximation of the error function.
    private T Map(int slot, T value)
    {
        if (!(deviation[slot] > T.Epsilon))
            return T.Zero;
        if (useLog)
            value = T.CreateTruncating(Math.Log(double.CreateTruncating(value)));
        if (!T.IsFinite(value))
            return T.Zero;
        var x = (value - mean[slot]) / deviation[slot];
        var half = x * x / T.CreateTruncating(2);
        var a = T.CreateTruncating(0.147) * half;
        double exponent = -double.CreateTruncating(half) * ((4 / Math.PI) + double.CreateTruncating(a)) / double.CreateTruncating(T.One + a);
        return T.CreateTruncating(0.5 + (0.5 * T.Sign(x) * Math.Sqrt(1 - Math.Exp(exponent))));
    }
}
