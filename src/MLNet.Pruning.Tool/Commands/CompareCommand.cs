using System.CommandLine;
using System.Text.Json;
using MLNet.Pruning.Recipes;
using MLNet.Pruning.Reporting;
using MLNet.Pruning.Tool.Recipes;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune compare</c>: trains a recipe with several ways to prune, each with several seeds.</summary>
internal static class CompareCommand
{
    const string PageFile = "comparison.html";

    internal static Command Create()
    {
        var recipe = RecipeOptions.File();
        var methods = new Option<string[]?>("--methods")
        {
            Description = "What to compare, with commas between: dense, recipe, and for neurons random, magnitude, rank, taylor, lrp, "
                + "mean, apoz; for weights random, dynamic, frozen, gradient, surgery, regrowth [default: dense, the first "
                + "ones of these, and the recipe's own].",
            HelpName = "NAMES",
            AllowMultipleArgumentsPerToken = true,
            CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries
                | StringSplitOptions.RemoveEmptyEntries))],
        };
        var seeds = new Option<int>("--seeds")
        {
            Description = "How many seeds to train each with, from the recipe's on.",
            HelpName = "N",
            DefaultValueFactory = _ => 3,
        };
        seeds.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int count) && count is < 1 or > 1_000)
                result.AddError($"--seeds is {count}; it must be 1 to 1000.");
        });
        var metric = new Option<string?>("--metric")
        {
            Description = "The figure to compare [default: the first of the test rows, or of the validation rows without any].",
            HelpName = "FIGURE",
        };
        var set = RecipeOptions.Set();
        var output = RecipeOptions.Folder("The folder of all runs, each in one of its own [default: the recipe's with -compare].");
        var shard = RecipeOptions.Shard();
        var fresh = new Option<bool>("--fresh") { Description = "Do finished runs again; otherwise they stand." };
        var json = RecipeOptions.Json("Write an object for each run and one for each method, a line each.");
        const string Purpose = "Train a recipe unpruned, pruned at random and by several methods to the same extent, with the same seeds "
            + "each, and compare what they reach. Goes on where it was stopped.";
        var command = new Command("compare", Purpose) { recipe, methods, seeds, metric, set, output, shard, fresh, json };
        command.SetAction((parsed, cancellation) => Errors.Guard(() =>
        {
            string file = parsed.GetValue(recipe)!;
            string[] settings = parsed.GetValue(set) ?? [];
            string[]? names = parsed.GetValue(methods) is { Length: > 0 } given ? given : null;
            string? to = parsed.GetValue(output)?.ToString(), part = parsed.GetValue(shard), by = parsed.GetValue(metric);
            bool machine = parsed.GetValue(json);
            var read = Recipe.Load(file, settings);
            string folder = to ?? RecipeRun.FolderBeside(read, file, "-compare");
            int count = parsed.GetValue(seeds);
            var study = new Study(file, folder, Method.Runs(read, settings, Method.Of(file, settings, names), count));
            string figure = StudyTable.FigureToCompare(study.Check(), by);
            var failures = study.Train(part is null ? new(1, 1) : Shard.Parse(part), parsed.GetValue(fresh),
                new(study.Runs.Count, figure, machine), Output.CommandLine(
                [
                    "compare", file, "--seeds", $"{count}",
                    .. Output.Option("--methods", names is null ? null : string.Join(',', names)), .. Output.Option("--metric", by),
                    .. Output.Option("--set", settings), .. Output.Option("--output", to), .. Output.Option("--shard", part),
                    .. machine ? ["--json"] : Array.Empty<string>(),
                ]), cancellation);
            Conclude(study, figure, machine, failures);
            return failures.Count == 0;
        }));
        return command;
    }

    static void Conclude(Study study, string figure, bool machine, IReadOnlyList<(StudyRun Run, string Failure)> failures)
    {
        var finished = study.Finished();
        var methods = MethodTable.Summaries(finished, figure);
        var results = new StudyTable(finished, figure);
        string? page = finished.Count > 1 ? Path.Combine(study.Folder, PageFile) : null;
        if (page is not null)
        {
            ComparisonPage.Save(page, [.. finished.Select(row => (row.Run.Words,
                TrainingHistory.Load(Path.Combine(study.FolderOf(row.Run), RecipeRun.ModelFile))))]);
        }
        string? csv = finished.Count > 0 ? results.WriteCsv(study.Folder) : null;
        if (machine)
        {
            foreach (var method in methods)
                Console.WriteLine(JsonSerializer.Serialize(new { method = method.Name, metric = figure, summary = method }, Output.Json));
            Console.WriteLine(JsonSerializer.Serialize(new { finished = finished.Count, runs = study.Runs.Count, page, csv }, Output.Json));
            return;
        }
        Console.WriteLine();
        if (finished.Count > 0)
        {
            Console.WriteLine($"""
                {MethodTable.Of(methods, figure, results.Heading(figure))}
                ± is the standard deviation over seeds; differences are those to the unpruned run of the same seed.
                {page}
                {csv}
                """);
        }
        study.WriteMissing(finished.Count, failures);
    }
}
