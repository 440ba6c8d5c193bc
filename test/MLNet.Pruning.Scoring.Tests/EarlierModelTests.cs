using System.Globalization;
using System.IO.Compression;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Tests.Trainers;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

/// <summary>Files that were saved when LibTorch scored, beside what it computed for <c>Patterns.Draw(6, seed: 9)</c>.</summary>
[TestClass]
public sealed class EarlierModelTests
{
    [TestMethod]
    [DataRow("feedforward")]
    [DataRow("convnet")]
    [DataRow("vit")]
    [DataRow("vae")]
    public void A_model_that_was_saved_before_there_were_plans_scores_as_LibTorch_did(string name)
    {
        Assert.IsLessThan(1e-5, Difference(new MLContext().UsePruning(), Path.Combine(AppContext.BaseDirectory, "Models"), name));
    }

    [TestMethod]
    public void A_history_that_a_program_without_TorchSharp_cannot_read_is_kept_when_it_saves_the_model_again()
    {
        using var zip = ZipFile.OpenRead(Path.Combine(AppContext.BaseDirectory, "Models", "feedforward.zip"));
        using var old = zip.Entries.Single(entry => entry.Name == "Model.pruned").Open();
        var archive = Archive.Read(old, "The model");
        byte[] history = [1, 2, 3];
        archive.Add("history", history);
        using var first = new MemoryStream();
        archive.Write(first);
        first.Position = 0;
        using var model = PrunedModelTransformer.ReadFrom(new MLContext(), first);
        using var second = new MemoryStream();
        model.WriteTo(second);
        second.Position = 0;
        CollectionAssert.AreEqual(history, Archive.Read(second, "The model")["history"]);
    }

    /// <summary>The greatest difference between the scores and those that were noted, of the larger of 1 and the score.</summary>
    static double Difference(MLContext context, string folder, string name)
    {
        var model = context.Model.Load(Path.Combine(folder, $"{name}.zip"), out _);
        using (model as IDisposable)
        {
            var scored = model.Transform(Patterns.View(context, 6, seed: 9));
            var difference = 0.0;
            foreach (var column in File.ReadLines(Path.Combine(folder, $"{name}.txt")).Select(line => line.Split(' ')).GroupBy(words => words[0]))
            {
                var found = scored.Schema[column.Key].Type is VectorDataViewType
                    ? scored.GetColumn<float[]>(column.Key).ToArray()
                    : [.. scored.GetColumn<float>(column.Key).Select(x => new[] { x })];
                foreach (var (row, words) in found.Zip(column, (row, words) => (row, words)))
                {
                    var expected = words[1..].Select(word => float.Parse(word, CultureInfo.InvariantCulture)).ToArray();
                    Assert.HasCount(expected.Length, row);
                    for (var i = 0; i < row.Length; i++)
                        difference = Math.Max(difference, Math.Abs(row[i] - expected[i]) / Math.Max(1, Math.Abs(expected[i])));
                }
            }
            return difference;
        }
    }
}
