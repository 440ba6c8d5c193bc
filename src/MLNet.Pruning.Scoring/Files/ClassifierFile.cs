using System.Text;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Persistence;

/// <summary>A classifier as an archive: its network, the column it reads, and its classes.</summary>
static class ClassifierFile
{
    const string Kind = "classifier", FeatureEntry = "feature column", LabelEntry = "labels";

    /// <summary>Writes a classifier.</summary>
    public static void Write(Stream stream, Classifier classifier, IModelScorer scorer)
    {
        using var labels = new MemoryStream();
        using (var writer = new BinaryWriter(labels, Encoding.UTF8, leaveOpen: true))
            classifier.Labels.Write(writer);
        NetworkPart.Copy(
            scorer.Network,
            new Archive(Kind),
            (FeatureEntry, Encoding.UTF8.GetBytes(classifier.FeatureColumnName)),
            (LabelEntry, labels.ToArray())).Write(stream);
    }

    /// <summary>Reads a classifier, after checking all of it; the scorer is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    /// <exception cref="InvalidOperationException">Its network is built by code of the user's that the environment does not know.</exception>
    public static (Classifier Classifier, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment)
    {
        var archive = Archive.Read(stream, Kind, Classifier.What);
        var labels = archive.Part(LabelEntry, Classifier.What, ClassLabels.Read);
        var classifier = Classifier.Of(archive, archive.Part(FeatureEntry, Classifier.What, Encoding.UTF8.GetString), labels);
        return (classifier, classifier.Scored.Scorer(NetworkPart.Copy(archive, new Archive(Kind)), environment));
    }
}
