using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(CompositeDataLoader.Summary, typeof(CompositeDataLoader<IMultiStreamSource, ITransformer>), null, typeof(SignatureLoadModel),
    "Composite Loader", CompositeDataLoader.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>A loader and transformers applied to what it loads.</summary>
public sealed class CompositeDataLoader<TSource, TLastTransformer> : IDataLoader<TSource>, IDisposable
    where TLastTransformer : class, ITransformer
{
    private bool _disposed;

    public readonly IDataLoader<TSource> Loader;

    public readonly TransformerChain<TLastTransformer> Transformer;

    public CompositeDataLoader(IDataLoader<TSource> loader, TransformerChain<TLastTransformer>? transformerChain = null)
    {
        Contracts.CheckValue(loader, nameof(loader));
        Loader = loader;
        Transformer = transformerChain ?? new TransformerChain<TLastTransformer>();
    }

    private CompositeDataLoader(IHost host, ModelLoadContext ctx)
    {
        string directory = ctx.ContainsModel(CompositeDataLoader.OldLoaderDirectory) ? CompositeDataLoader.OldLoaderDirectory : CompositeDataLoader.LoaderDirectory;
        ctx.LoadModel<IDataLoader<TSource>, SignatureLoadModel>(host, out Loader, directory);
        ctx.LoadModel<TransformerChain<TLastTransformer>, SignatureLoadModel>(host, out Transformer, CompositeDataLoader.TransformerDirectory);
    }

    public IDataView Load(TSource input) => Transformer.Transform(Loader.Load(input));

    public DataViewSchema GetOutputSchema() => Transformer.GetOutputSchema(Loader.GetOutputSchema());

    public CompositeDataLoader<TSource, TNewLast> AppendTransformer<TNewLast>(TNewLast transformer)
        where TNewLast : class, ITransformer
    {
        Contracts.CheckValue(transformer, nameof(transformer));
        return new CompositeDataLoader<TSource, TNewLast>(Loader, Transformer.Append(transformer));
    }

    /// <summary>Disposes of the transformers that can be.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Transformer.Dispose();
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        Contracts.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(CompositeDataLoader.Version);
        ctx.SaveModel(Loader, CompositeDataLoader.LoaderDirectory);
        ctx.SaveModel(Transformer, CompositeDataLoader.TransformerDirectory);
    }

    private static CompositeDataLoader<TSource, TLastTransformer> Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        var host = env.Register(CompositeDataLoader.LoaderSignature);
        ctx.CheckAtModel(CompositeDataLoader.Version);
        return new CompositeDataLoader<TSource, TLastTransformer>(host, ctx);
    }
}

internal static class CompositeDataLoader
{
    public const string Summary = "A model loader that encapsulates a data loader and a transformer chain.";
    public const string LoaderSignature = "CompositeLoader";
    public const string TransformerDirectory = TransformerChain.LoaderSignature;
    public const string LoaderDirectory = "Loader";
    public const string OldLoaderDirectory = "Reader";

    public static VersionInfo Version { get; } = new(
        modelSignature: "CMPSTLDR", verWrittenCur: 0x00010001, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);
}
