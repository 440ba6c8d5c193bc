using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>How pruned models stand in the files of <c>mlContext.Model</c>.</summary>
static class Loaders
{
    /// <summary>Names in ML.NET's files: who loads the model, and which stream beside the header holds it. Never changed, or old files are lost.</summary>
    const string ClassifierLoader = "MLNet.Pruning.Classifier", ClassifierSignature = "PRUNED C", StreamName = "Model.pruned";

    const uint Version = 0x00010001;

    /// <summary>Lets the environment load pruned models; harmless when repeated.</summary>
    public static void Register(IHostEnvironment environment) =>
        Doors.Register(environment.ComponentCatalog, ClassifierLoader, typeof(Loaders).GetMethod(nameof(Load), BindingFlags.Static | BindingFlags.NonPublic)!);

    /// <summary>Saves a classifier into an ML.NET model file.</summary>
    public static void Save(ModelSaveContext context, Action<Stream> write) =>
        Doors.Save(context, ClassifierSignature, Version, ClassifierLoader, StreamName, writer =>
        {
            writer.Flush();
            write(writer.BaseStream);
        });

    /// <summary>Called by ML.NET, by reflection; <paramref name="context"/> is its ModelLoadContext.</summary>
    static PrunedModelTransformer Load(IHostEnvironment environment, object context)
    {
        PrunedModelTransformer? model = null;
        Doors.Load(context, StreamName, reader => model = PrunedModelTransformer.ReadFrom(environment, reader.BaseStream));
        return model!;
    }
}
