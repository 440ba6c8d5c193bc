using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.ML;
using Microsoft.ML.TorchSharp;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary>Microsoft.ML.TorchSharp, compiled against TorchSharp 0.102.7, in one program with ours on 0.107.</summary>
[TestClass]
public sealed class MachineLearningTorchSharpTests
{
    sealed class Row
    {
        public string Sentence { get; init; } = "";

        public string Label { get; init; } = "";

        [Microsoft.ML.Data.VectorType(4)]
        public float[] Features { get; init; } = [];
    }

    [TestMethod]
    public void All_of_TorchSharp_that_it_calls_is_there_but_what_object_detection_resizes_with()
    {
        var assembly = typeof(TorchSharpCatalog).Assembly;
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        var (found, missing) = (0, new List<string>());
        foreach (var handle in metadata.MemberReferences)
        {
            var reference = metadata.GetMemberReference(handle);
            if (reference.Parent.Kind != HandleKind.TypeReference || !OfTorchSharp(metadata, (TypeReferenceHandle)reference.Parent))
                continue;
            try
            {
                assembly.ManifestModule.ResolveMember(MetadataTokens.GetToken(handle));
                found++;
            }
            catch (MissingMethodException)
            {
                missing.Add(metadata.GetString(reference.Name));
            }
        }
        CollectionAssert.AreEqual(new[] { "interpolate" }, missing);
        Assert.IsGreaterThan(200, found);
    }

    [TestMethod]
    public void Its_trainers_and_ours_are_in_one_program()
    {
        var mlContext = new MLContext(1).UsePruning();
        var rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 60).Select(i => new Row
        {
            Sentence = i % 2 == 0 ? "good" : "bad",
            Label = i % 2 == 0 ? "yes" : "no",
            Features = [i % 2, 1 - (i % 2), i / 60f, 0.5f],
        }));
        var theirs = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.MulticlassClassification.Trainers.TextClassification(sentence1ColumnName: nameof(Row.Sentence)));
        var shape = (SchemaShape)typeof(SchemaShape).GetMethod("Create", BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, [rows.Schema])!;
        // Their fitting begins with a download of weights; what comes before it is this.
        Assert.AreEqual("Score", theirs.GetOutputSchema(shape).Single(c => c.Name == "Score").Name);

        using var model = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.MulticlassClassification.Trainers.PrunedFeedForward(new PrunedFeedForwardTrainer.Options { HiddenSizes = [8], Epochs = 20, BatchSize = 10, LearningRate = 0.05 }))
            .Fit(rows);
        Assert.AreEqual(1, mlContext.MulticlassClassification.Evaluate(model.Transform(rows)).MicroAccuracy);
    }

    static bool OfTorchSharp(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var type = metadata.GetTypeReference(handle);
        return type.ResolutionScope.Kind switch
        {
            HandleKind.TypeReference => OfTorchSharp(metadata, (TypeReferenceHandle)type.ResolutionScope),
            HandleKind.AssemblyReference => metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name) == "TorchSharp",
            _ => false,
        };
    }
}
