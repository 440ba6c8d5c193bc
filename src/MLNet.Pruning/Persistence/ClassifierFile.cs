using System.Text;
using MLNet.Pruning.Models;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Persistence;

/// <summary>A classifier as an archive: its blueprint, the column it reads, its classes and its weights.</summary>
static class ClassifierFile
{
    const string Kind = "classifier", What = "The pruned model";
    const string BlueprintEntry = "blueprint", FeatureEntry = "feature column", LabelEntry = "labels";

    /// <summary>Writes a classifier; the same bytes whichever TorchSharp stands below.</summary>
    public static void Write(Stream stream, Classifier classifier, nn.Module module, SparseScoring scoring)
    {
        using var labels = new MemoryStream();
        using (var writer = new BinaryWriter(labels, Encoding.UTF8, leaveOpen: true))
            classifier.Labels.Write(writer);
        var archive = new Archive(Kind);
        archive.Add(BlueprintEntry, Encoding.UTF8.GetBytes(classifier.Blueprint.Now(module).ToJson()));
        archive.Add(FeatureEntry, Encoding.UTF8.GetBytes(classifier.FeatureColumnName));
        archive.Add(LabelEntry, labels.ToArray());
        ModuleState.Add(archive, module);
        ScoringPart.Add(archive, scoring);
        archive.Write(stream);
    }

    /// <summary>Reads a classifier, after checking all of it; the module is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    /// <exception cref="InvalidOperationException">Its network is built by code that <paramref name="builders"/> do not name.</exception>
    public static (Classifier Classifier, nn.Module<Tensor, Tensor> Module, SparseScoring Scoring) Read(Stream stream, ModuleBuilders builders)
    {
        var archive = Archive.Read(stream, Kind, What);
        var scoring = ScoringPart.Read(archive, What);
        var blueprint = Blueprint.FromJson(Encoding.UTF8.GetString(archive[BlueprintEntry]));
        using var labels = new BinaryReader(new MemoryStream(archive[LabelEntry], writable: false), Encoding.UTF8);
        var classifier = new Classifier(blueprint, Encoding.UTF8.GetString(archive[FeatureEntry]), ClassLabels.Read(labels));
        if (blueprint is ModuleBlueprint module)
            classifier = classifier with { Blueprint = blueprint = module with { Builder = builders.Find(module.Name) } };
        var built = blueprint.Build();
        try
        {
            ModuleScope.Detach(built);
            ModuleState.Load(archive, built, What);
            return built is nn.Module<Tensor, Tensor> network
                ? (classifier, network, scoring)
                : throw new InvalidDataException($"{What} is a {built.GetType().Name}, which does not give one tensor for one tensor, as a classifier does.");
        }
        catch
        {
            built.Dispose();
            throw;
        }
    }
}
