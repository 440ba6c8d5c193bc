using System.Text;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Persistence;

/// <summary>A classifier as an archive: its blueprint, the column it reads, its classes and its weights.</summary>
static class ClassifierFile
{
    const string Kind = "classifier", What = "The pruned model";
    const string BlueprintEntry = "blueprint", FeatureEntry = "feature column", LabelEntry = "labels";

    /// <summary>Writes a classifier.</summary>
    public static void Write(Stream stream, Classifier classifier, IModelScorer scorer)
    {
        scorer.Refresh();
        using var labels = new MemoryStream();
        using (var writer = new BinaryWriter(labels, Encoding.UTF8, leaveOpen: true))
            classifier.Labels.Write(writer);
        var archive = new Archive(Kind);
        archive.Add(BlueprintEntry, Encoding.UTF8.GetBytes(scorer.Blueprint.ToJson()));
        archive.Add(FeatureEntry, Encoding.UTF8.GetBytes(classifier.FeatureColumnName));
        archive.Add(LabelEntry, labels.ToArray());
        scorer.AddTensors(archive);
        ScoringPart.Add(archive, scorer.Scoring);
        archive.Write(stream);
    }

    /// <summary>Reads a classifier, after checking all of it; the scorer is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    /// <exception cref="InvalidOperationException">Its network is built by code of the user's that the environment does not know.</exception>
    public static (Classifier Classifier, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment)
    {
        var archive = Archive.Read(stream, Kind, What);
        var scoring = ScoringPart.Read(archive, What);
        var blueprint = Blueprint.FromJson(Encoding.UTF8.GetString(archive[BlueprintEntry]));
        using var labels = new BinaryReader(new MemoryStream(archive[LabelEntry], writable: false), Encoding.UTF8);
        var classifier = new Classifier(blueprint, Encoding.UTF8.GetString(archive[FeatureEntry]), ClassLabels.Read(labels));
        if (blueprint is ModuleBlueprint module)
            classifier = classifier with { Blueprint = blueprint = module with { Builder = ModuleBuilders.Of(environment).Find(module.Name) } };
        return (classifier, classifier.Scorers.Loaded(blueprint, archive, environment, scoring));
    }
}
