using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>The names by which ML.NET's model files refer to the loader of a part.</summary>
readonly record struct LoaderName(string Loader, string Signature);

/// <summary>Registers and saves the parts of this library in the files of <c>mlContext.Model</c>.</summary>
static class Loaders
{
    // Never change these names, nor the stream that holds a model: old files depend on them.
    public static readonly LoaderName Classifier = new("MLNet.Pruning.Classifier", "PRUNED C");
    public static readonly LoaderName Vae = new("MLNet.Pruning.Vae", "PRUNED V");
    public static readonly LoaderName Tokens = new("MLNet.Pruning.Tokens", "TOKENS M");

    const string StreamName = SavedNetwork.Entry;
    const uint Version = 0x00010001;

    /// <summary>Lets the environment load pruned models. Repeated calls do nothing.</summary>
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

    // ML.NET calls this by reflection, with its ModelLoadContext.
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
