using System.CommandLine;
using System.Text.Json;
using MLNet.Pruning.Recipes;
using MLNet.Pruning.Tool.Recipes;
using Microsoft.ML;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune evaluate</c>: tests a saved model on the test rows of a recipe.</summary>
internal static class EvaluateCommand
{
    internal static Command Create()
    {
        var recipe = RecipeOptions.File();
        var set = RecipeOptions.Set();
        var model = new Option<FileInfo?>("--model", "-m")
        {
            Description = "The model [default: model.zip in the recipe's folder].",
            HelpName = "FILE"
        };
        var json = RecipeOptions.Json("Write the metrics as one object.");
        const string Purpose = "Test a saved model on the test rows of a recipe; --set data.test.path=... tests on others.";
        var command = new Command("evaluate", Purpose) { recipe, set, model, json };
        command.SetAction((parsed, _) => Errors.Guard(() =>
        {
            string file = parsed.GetValue(recipe)!;
            var read = Recipe.Load(file, parsed.GetValue(set) ?? []);
            string from = parsed.GetValue(model)?.FullName ?? Path.Combine(RecipeRun.FolderOf(read, file), RecipeRun.ModelFile);
            if (!File.Exists(from) && parsed.GetValue(model) is null)
                throw new FileNotFoundException($"There is no model '{from}'; train the recipe first, or say --model.");
            var mlContext = new MLContext(read.RandomSeed).UsePruning();
            var task = Enum.Parse<LearnedTask>(read.Program.Task);
            var rows = read.Build(mlContext).TestSet ?? throw new ArgumentException($"'{file}' has no data.test to test on.");
            var loaded = ModelInput.Load(mlContext, from, out DataViewSchema _);
            var (metrics, _) = TestMetrics.Of(mlContext, task, loaded, rows, read.Program.JudgedColumn);
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(metrics, Output.Json));
                return;
            }
            Console.WriteLine(from);
            int width = metrics.Keys.Max(name => RunResult.Words(name).Length);
            foreach (var (name, value) in metrics)
                Console.WriteLine($"  {RunResult.Words(name).PadRight(width)}  {RunResult.Text(name, value)}");
        }));
        return command;
    }
}
