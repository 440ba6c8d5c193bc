using System.Diagnostics;
using MLNet.Pruning.Tests.Trainers;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

/// <summary>A program whose project has none of TorchSharp's bundles: this assembly, copied beside managed libraries alone.</summary>
[TestClass]
public sealed class WithoutLibTorchTests
{
    [TestMethod]
    public void Loading_merging_and_scoring_work_and_the_rest_says_in_one_line_what_to_add()
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var data = Data(context);
        using var model = Trainer(context).Fit(data);
        context.Model.Save(context.Transforms.CopyColumns("Copy", "Pixels").Fit(data).Append(model), data.Schema, folder["model.zip"]);
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Append(Path.ChangeExtension(typeof(Program).Assembly.Location, ".runtimeconfig.json")))
            File.Copy(file, folder[Path.GetFileName(file)]);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", folder[Path.GetFileName(typeof(Program).Assembly.Location)], folder["model.zip"]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // TorchSharp looks into the packages that were restored on this machine.
            Environment = { ["NUGET_PACKAGES"] = folder["none"] },
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string[] lines = process.StandardOutput.ReadToEnd().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.AreEqual("", error.Result);
        Assert.HasCount(4, lines, string.Join(Environment.NewLine, lines));
        Assert.AreEqual("32 values", lines[0]);
        Assert.AreEqual(string.Join(" ", model.Transform(data).GetColumn<float[]>("Score").First()), lines[1]);
        foreach (string line in lines[2..])
            StringAssert.StartsWith(line, "InvalidOperationException: There is no LibTorch to compute with: add the package TorchSharp-cpu 0.107.0 to the program's project");
    }

    internal static IDataView Data(MLContext context) => Patterns.Keys(context, Patterns.View(context, 30));

    internal static IEstimator<ITransformer> Merging(MLContext context) => context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8);

    internal static IEstimator<PrunedModelTransformer> Trainer(MLContext context) =>
        context.MulticlassClassification.Trainers.PrunedFeedForward(new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", HiddenSizes = [2], Epochs = 1, Pruning = new WeightPruning { Sparsity = 0.5 } });
}

static class Program
{
    static void Main(string[] args)
    {
        var context = new MLContext(seed: 1).UsePruning();
        var data = WithoutLibTorchTests.Data(context);
        Console.WriteLine($"{WithoutLibTorchTests.Merging(context).Fit(data).Transform(data).GetColumn<float[]>("Tokens").First().Length} values");
        var model = (TransformerChain<ITransformer>)context.Model.Load(args[0], out _);
        Console.WriteLine(string.Join(" ", model.Transform(data).GetColumn<float[]>("Score").First()));
        Tell(() => WithoutLibTorchTests.Trainer(context).Fit(data));
        Tell(() => _ = model.OfType<PrunedModelTransformer>().Single().Module);
    }

    static void Tell(Action action)
    {
        try
        {
            action();
        }
        catch (InvalidOperationException failure)
        {
            Console.WriteLine($"{failure.GetType().Name}: {failure.Message}");
        }
    }
}
