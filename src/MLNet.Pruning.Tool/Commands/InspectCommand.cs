using System.CommandLine;
using System.Diagnostics;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Reporting;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune inspect</c>: prints the structure of a saved model, and its speed on this machine.</summary>
internal static class InspectCommand
{
    const int Shown = 12;

    internal static Command Create()
    {
        var file = new Argument<FileInfo>("model")
        {
            Description = "A model that mlContext.Model.Save, WriteTo or ModelFile.Save wrote, or the checkpoint of a run.",
        };
        const string Purpose =
            "Show what a saved model is made of, what is left of it after pruning, and how fast it scores on this machine.";
        var command = new Command("inspect", Purpose) { file };
        command.SetAction((parsed, _) => Errors.Guard(() => Print(parsed.GetValue(file)!)));
        return command;
    }

    static void Print(FileInfo file)
    {
        var plan = ModelInput.Plan(file.ToString());
        var weights = plan.Steps.Sum(step => (double)step.Inputs * step.Outputs);
        var active = plan.Steps.Sum(step => step.Density * step.Inputs * step.Outputs);
        var speed = ScoringSpeed.Measure([plan])[0];
        // Just-in-time compilers optimize code while it runs; they are done within a second.
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began).TotalSeconds < 1;)
            speed = ScoringSpeed.Measure([plan])[0];
        Console.WriteLine(Network(plan.Description));
        var names = string.Join(", ", plan.Labels.Take(Shown))
            + (plan.Labels.Count > Shown ? $" and {plan.Labels.Count - Shown} more" : "");
        (string Name, string Value)[] facts =
        [
            ("a row", $"{Count(plan.InputWidth)} numbers in, {Count(plan.OutputWidth)} out{(names.Length > 0 ? $": {names}" : "")}"),
            ("file", Bytes(file.Length)),
            ("weights of layers", weights > 0 ? $"{Count(weights)}, of which {Percent(active / weights)} are active" : "none"),
            .. Training(file.ToString()),
            ("one row", $"{Duration(speed.Latency)} on one thread"),
            ("batches of 256", $"{Count(speed.RowsPerSecond)} rows/s on one thread"),
        ];
        foreach (var (name, value) in facts)
            Console.WriteLine($"  {name,-18} {value}");
        Console.WriteLine();
        Console.Write(HistoryTables.Scoring(plan.Steps));
    }

    /// <summary>What the file says of the training, or why it says nothing: it has no history, or a damaged one.</summary>
    static IEnumerable<(string Name, string Value)> Training(string file)
    {
        try
        {
            return Training(TrainingHistory.Load(file));
        }
        catch (InvalidDataException failure)
        {
            return [("trained", failure.Message)];
        }
    }

    static IEnumerable<(string Name, string Value)> Training(TrainingHistory history)
    {
        var epochs = $"{history.Epochs.Count} epoch{(history.Epochs.Count == 1 ? "" : "s")}";
        yield return ("trained", $"{epochs}{(history.Stopped is { } why ? $" ({why})" : "")}, seed {history.Seed}"
            + (history.Data is { } data ? $", {Count(data.Rows)} rows with the hash {data.Hash}" : ""));
        if (history.Compute is { } compute)
            yield return ("gradients by", compute);
        if (history.Environment is { } environment)
            yield return ("with", string.Join(", ", environment.Versions.Select(version => $"{version.Key} {version.Value}")));
    }

    static string Network(NetworkDescription network) => network switch
    {
        FeedForwardDescription f => $"fully connected, {string.Join("-", f.Sizes)}, {f.Activation}",
        ConvNetDescription c => $"convolutional, images of {Image(c.Image)}, blocks of {List(c.Channels)} channels, "
            + $"hidden layers {List(c.Hidden)}, {c.Classes} classes, {c.Activation}",
        VaeDescription v => $"variational autoencoder, images of {Image(v.Image)}, blocks of {List(v.Channels)} channels, "
            + $"hidden layers {List(v.Hidden)}, {v.Latent} latents, {v.Activation}",
        VitDescription v => $"vision transformer, images of {Image(v.Image)}, "
            + $"{v.Grid.Count} patches of {v.PatchSize}x{v.PatchSize}{(v.Tokens < v.Grid.Count ? $" merged to {v.Tokens}" : "")},\n"
            + $"{v.Dim} values a token, {v.Depth} blocks, heads {Each(v.Heads)}, hidden neurons {Each(v.Hidden)}, {v.Classes} classes",
        GraphDescription g => $"a module of {g.Nodes.Count - 1} operation{(g.Nodes.Count == 2 ? "" : "s")}, "
            + $"rows of {string.Join("x", g.Nodes[0].Shape)} to {string.Join("x", g.Nodes[^1].Shape)}",
        _ => network.GetType().Name,
    };

    static string Image(IReadOnlyList<int> image) => $"{image[1]}x{image[2]} with {image[0]} channel{(image[0] == 1 ? "" : "s")}";

    static string Each(IReadOnlyList<int> sizes) => sizes.Distinct().Count() == 1 ? $"{sizes[0]} each" : List(sizes);

    static string List(IReadOnlyList<int> sizes) => sizes.Count == 0 ? "none" : string.Join(", ", sizes);
}
