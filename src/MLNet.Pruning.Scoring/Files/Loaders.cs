using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>How pruned models stand in the files of <c>mlContext.Model</c>.</summary>
static class Loaders
{
    /// <summary>Names in ML.NET's files: who loads the model, and which stream beside the header holds it. Never changed, or old files are lost.</summary>
    const string ClassifierLoader = "MLNet.Pruning.Classifier", ClassifierSignature = "PRUNED C", VaeLoader = "MLNet.Pruning.Vae", VaeSignature = "PRUNED V", TokenLoader = "MLNet.Pruning.Tokens", TokenSignature = "TOKENS M", StreamName = SavedNetwork.Entry;

    const uint Version = 0x00010001;

    /// <summary>Lets the environment load pruned models; harmless when repeated.</summary>
    public static void Register(IHostEnvironment environment)
    {
        Register(ClassifierLoader, nameof(LoadClassifier));
        Register(VaeLoader, nameof(LoadVae));
        Register(TokenLoader, nameof(LoadTokenMerging));
        Doors.Unwrap(environment.ComponentCatalog);

        void Register(string loader, string method) =>
            Doors.Register(environment.ComponentCatalog, loader, typeof(Loaders).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!);
    }

    /// <summary>Saves a classifier into an ML.NET model file.</summary>
    public static void SaveClassifier(ModelSaveContext context, Action<Stream> write) => Save(context, ClassifierSignature, ClassifierLoader, write);

    /// <summary>Saves an autoencoder into an ML.NET model file.</summary>
    public static void SaveVae(ModelSaveContext context, Action<Stream> write) => Save(context, VaeSignature, VaeLoader, write);

    /// <summary>Saves a merging of tokens into an ML.NET model file.</summary>
    public static void SaveTokenMerging(ModelSaveContext context, Action<Stream> write) => Save(context, TokenSignature, TokenLoader, write);

    static void Save(ModelSaveContext context, string signature, string loader, Action<Stream> write) =>
        Doors.Save(context, signature, Version, loader, StreamName, writer =>
        {
            writer.Flush();
            write(writer.BaseStream);
        });

    /// <summary>Called by ML.NET, by reflection; <paramref name="context"/> is its ModelLoadContext.</summary>
    static PrunedModelTransformer LoadClassifier(IHostEnvironment environment, object context)
    {
        PrunedModelTransformer? model = null;
        Doors.Load(context, Version, ClassifierLoader, StreamName, reader => model = PrunedModelTransformer.ReadFrom(environment, reader.BaseStream));
        return model!;
    }

    static PrunedVaeTransformer LoadVae(IHostEnvironment environment, object context)
    {
        PrunedVaeTransformer? model = null;
        Doors.Load(context, Version, VaeLoader, StreamName, reader => model = PrunedVaeTransformer.ReadFrom(environment, reader.BaseStream));
        return model!;
    }

    static TokenMergingTransformer LoadTokenMerging(IHostEnvironment environment, object context)
    {
        TokenMergingTransformer? transformer = null;
        Doors.Load(context, Version, TokenLoader, StreamName, reader => transformer = TokenMergingTransformer.ReadFrom(reader.BaseStream));
        return transformer!;
    }
}
