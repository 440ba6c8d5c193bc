using System.CommandLine;
using System.Text.Json;
using MLNet.Pruning.Recipes;
using MLNet.Pruning.Tool.Recipes;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune sweep</c>: trains a recipe with all combinations of some values.</summary>
internal static class SweepCommand
{
    internal static Command Create()
    {
        var recipe = RecipeOptions.File();
        var vary = new Option<string[]>("--vary")
        {
            Description = "A key of the recipe and the values that it takes: a list, trainer.epochs=5,10, or a range, "
                + "trainer.learningRate=0.001..0.1:3log; may be repeated, for all combinations.",
            HelpName = "KEY=VALUES",
            AllowMultipleArgumentsPerToken = true,
            Required = true,
        };
        var set = RecipeOptions.Set();
        var output = RecipeOptions.Folder("The folder of all runs, each in one of its own [default: the recipe's with -sweep].");
        var by = new Option<string?>("--by")
        {
            Description = "The figure to sort by [default: the accuracy on the validation rows, or the loss where there is none].",
            HelpName = "FIGURE",
        };
        var shard = RecipeOptions.Shard();
        var fresh = new Option<bool>("--fresh") { Description = "Do finished runs again; otherwise they stand." };
        var json = RecipeOptions.Json("Write an object for each run and one for the best, a line each.");
        const string Purpose = "Train a recipe with all combinations of some values, and sort the runs by what they reach on the "
            + "validation rows. Finished runs are not done again, and one that was cut short goes on.";
        var command = new Command("sweep", Purpose) { recipe, vary, set, output, by, shard, fresh, json };
        command.SetAction((parsed, cancellation) => Errors.Guard(() => new Sweep
        {
            File = parsed.GetValue(recipe)!,
            Vary = parsed.GetValue(vary)!,
            Settings = parsed.GetValue(set) ?? [],
            Output = parsed.GetValue(output)?.ToString(),
            By = parsed.GetValue(by),
            Part = parsed.GetValue(shard),
            Fresh = parsed.GetValue(fresh),
            Machine = parsed.GetValue(json),
        }.Run(cancellation)));
        return command;
    }

    sealed class Sweep
    {
        internal required string File { get; init; }

        internal required string[] Vary { get; init; }

        internal required string[] Settings { get; init; }

        internal required string? Output { get; init; }

        internal required string? By { get; init; }

        internal required string? Part { get; init; }

        internal required bool Fresh { get; init; }

        internal required bool Machine { get; init; }

        /// <summary>Does the runs.</summary>
        /// <returns>Whether none of them failed.</returns>
        internal bool Run(CancellationToken cancellation)
        {
            var shard = Part is null ? new(1, 1) : Shard.Parse(Part);
            var points = Grid.Of([.. Vary.Select(Axis.Parse)]);
            string folder = Output ?? RecipeRun.FolderBeside(Recipe.Load(File, Settings), File, "-sweep");
            var study = new Study(File, folder, [.. points.Select(point =>
                new StudyRun(point, [.. Settings, .. point.Select(pair => $"{pair.Key}={pair.Value}")]))]);
            string by = StudyTable.FigureToSortBy(study.Check(), File, By);
            var failures = study.Train(shard, Fresh, new(points.Count, by, Machine), Command(), cancellation);
            var table = new StudyTable(study.Finished(), by);
            string? csv = table.Rows.Count > 0 ? table.WriteCsv(folder) : null;
            if (Machine)
                Write(study, table, csv);
            else
                Print(study, table, csv, failures);
            return failures.Count == 0;
        }

        void Write(Study study, StudyTable table, string? csv)
        {
            var best = table.Rows.Count == 0 ? null : table.Rows[0].Run;
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                finished = table.Rows.Count,
                runs = study.Runs.Count,
                sortedBy = table.By,
                best = best is null ? null : new { best.Varied, best.Settings, model = ModelOf(study, best) },
                csv,
            }, Tool.Output.Json));
        }

        void Print(Study study, StudyTable table, string? csv, IReadOnlyList<(StudyRun Run, string Failure)> failures)
        {
            Console.WriteLine();
            if (table.Rows.Count > 0)
            {
                var best = table.Rows[0].Run;
                var settings = Tool.Output.Option("--set", best.Settings);
                Console.WriteLine($"""
                    {table.ToText()}
                    Sorted by {RunResult.Words(table.By)}. All figures: {csv}
                    Best: {best.Words}
                      predict with it  {Tool.Output.CommandLine(["predict", ModelOf(study, best), "FILE"])}
                      train it again   {Tool.Output.CommandLine(["train", File, .. settings])}
                    """);
            }
            study.WriteMissing(table.Rows.Count, failures);
        }

        static string ModelOf(Study study, StudyRun run) => Path.Combine(study.FolderOf(run), RecipeRun.ModelFile);

        string Command() => Tool.Output.CommandLine(
        [
            "sweep", File, .. Tool.Output.Option("--vary", Vary), .. Tool.Output.Option("--set", Settings),
            .. Tool.Output.Option("--output", Output), .. Tool.Output.Option("--by", By), .. Tool.Output.Option("--shard", Part),
            .. Machine ? ["--json"] : Array.Empty<string>(),
        ]);
    }
}
