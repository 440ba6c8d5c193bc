using System.CommandLine;
using MLNet.Pruning.Recipes;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune code</c>: writes the C# program of a recipe.</summary>
internal static class CodeCommand
{
    internal static Command Create()
    {
        var recipe = RecipeOptions.File();
        var set = RecipeOptions.Set();
        var output = new Option<FileInfo?>("--output", "-o")
        {
            Description = "The file to write [default: the console].",
            HelpName = "FILE"
        };
        const string Purpose = "Write the C# program that trains the same model as a recipe.";
        var command = new Command("code", Purpose) { recipe, set, output };
        command.SetAction((parsed, _) => Errors.Guard(() =>
        {
            var file = parsed.GetValue(output);
            string code = Recipe.Load(parsed.GetValue(recipe)!, parsed.GetValue(set) ?? []).ToCode(file?.DirectoryName);
            if (file is null)
                Console.Write(code);
            else
                File.WriteAllText(file.FullName, code);
        }));
        return command;
    }
}

/// <summary><c>mlprune schema</c>: writes the JSON schema of recipes.</summary>
internal static class SchemaCommand
{
    internal static Command Create()
    {
        var command = new Command("schema", "Write the JSON schema of recipes, by which editors complete and check them.");
        command.SetAction((_, _) => Errors.Guard(() => Console.Write(RecipeSchema.Write())));
        return command;
    }
}
