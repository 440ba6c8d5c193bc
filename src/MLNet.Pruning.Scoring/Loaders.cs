using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>What ML.NET's files say of a part: who loads it, and its signature.</summary>
readonly record struct LoaderName(string Loader, string Signature);

/// <summary>How pruned models stand in the files of <c>mlContext.Model</c>.</summary>
static class Loaders
{
    // Never changed, or old files are lost; so the stream beside the header that holds a model.
    public static readonly LoaderName Classifier = new("MLNet.Pruning.Classifier", "PRUNED C");
    public static readonly LoaderName Vae = new("MLNet.Pruning.Vae", "PRUNED V");
    public static readonly LoaderName Tokens = new("MLNet.Pruning.Tokens", "TOKENS M");

    const string StreamName = SavedNetwork.Entry;
    const uint Version = 0x00010001;

    /// <summary>Lets the environment load pruned models; harmless when repeated.</summary>
    public static void Register(IHostEnvironment environment)
    {
        foreach (var (name, method) in new[] { (Classifier, nameof(LoadClassifier)), (Vae, nameof(LoadVae)), (Tokens, nameof(LoadTokens)) })
        {
            var create = typeof(Loaders).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!;
            MLNetInternals.Register(environment.ComponentCatalog, name.Loader, create);
        }
        MLNetInternals.Unwrap(environment.ComponentCatalog);
    }

    /// <summary>Saves a part into an ML.NET model file.</summary>
    public static void Save(ModelSaveContext context, LoaderName name, Action<Stream> write) =>
        MLNetInternals.Save(context, name, Version, StreamName, writer =>
        {
            writer.Flush();
            write(writer.BaseStream);
        });

    // Called by ML.NET, by reflection, with its ModelLoadContext.
    static PrunedModelTransformer LoadClassifier(IHostEnvironment environment, object context) =>
        Load(context, Classifier, stream => PrunedModelTransformer.ReadFrom(environment, stream));

    static PrunedVaeTransformer LoadVae(IHostEnvironment environment, object context) =>
        Load(context, Vae, stream => PrunedVaeTransformer.ReadFrom(environment, stream));

    static TokenMergingTransformer LoadTokens(IHostEnvironment environment, object context) =>
        Load(context, Tokens, TokenMergingTransformer.ReadFrom);

    static T Load<T>(object context, LoaderName name, Func<Stream, T> read)
    {
        T? loaded = default;
        MLNetInternals.Load(context, name, Version, StreamName, reader => loaded = read(reader.BaseStream));
        return loaded!;
    }
}
