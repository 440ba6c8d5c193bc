using System.CommandLine;
using System.Text.Json;
using MLNet.Pruning.Tool.Recipes;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune train</c>: trains a recipe.</summary>
internal static class TrainCommand
{
    internal static Command Create()
    {
        var recipe = RecipeOptions.File();
        var set = RecipeOptions.Set();
        var output = RecipeOptions.Folder("The folder of the run [default: what the recipe says, or one beside it with its name].");
        var fresh = new Option<bool>("--fresh")
        {
            Description = "Begin anew where there is a checkpoint of the run; otherwise it goes "
            + "on."
        };
        var json = RecipeOptions.Json("Write an object for each epoch and one for the result, a line each.");
        const string Purpose = "Train the pipeline of a recipe, prune it as it trains, test it, and save the model and a report.";
        var command = new Command("train", Purpose) { recipe, set, output, fresh, json };
        command.SetAction((parsed, cancellation) => Errors.Guard(() =>
        {
            bool machine = parsed.GetValue(json);
            var result = new RecipeRun
            {
                File = parsed.GetValue(recipe)!,
                Settings = parsed.GetValue(set) ?? [],
                Folder = parsed.GetValue(output)?.FullName,
                Fresh = parsed.GetValue(fresh),
                Style = machine ? ProgressStyle.Json : ProgressStyle.Automatic,
            }.Run(cancellation);
            if (machine)
                Console.WriteLine(JsonSerializer.Serialize(result, Output.Json));
            else
                Print(result);
        }));
        return command;
    }

    static void Print(RunResult result)
    {
        Console.WriteLine();
        var facts = result.Facts();
        int width = facts.Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts)
            Console.WriteLine($"  {name.PadRight(width)}  {value}");
        Console.WriteLine();
        foreach (string name in (string[])[RecipeRun.ModelFile, "model.onnx", RecipeRun.ReportFile])
        {
            string path = Path.Combine(result.Folder, name);
            if (File.Exists(path))
                Console.WriteLine(path);
        }
    }
}

/// <summary>Options that several commands have.</summary>
internal static class RecipeOptions
{
    internal static Argument<string> File() => new("recipe") { Description = "The recipe, a YAML or JSON file; `mlprune new` writes one." };

    internal static Option<string[]> Set() => new("--set")
    {
        Description = "A value in place of the recipe's, such as trainer.epochs=20; may be repeated.",
        HelpName = "KEY=VALUE",
        AllowMultipleArgumentsPerToken = true,
    };

    internal static Option<DirectoryInfo?> Folder(string description) => new("--output", "-o")
    {
        Description = description,
        HelpName = "DIR"
    };

    internal static Option<string?> Shard() => new("--shard")
    {
        Description = "Do every N-th run, beginning with run I, so that several machines do a part each.",
        HelpName = "I/N",
    };

    internal static Option<bool> Json(string description) => new("--json") { Description = description };
}
