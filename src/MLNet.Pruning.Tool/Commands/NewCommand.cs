using System.CommandLine;
using MLNet.Pruning.Tool.Recipes;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune new</c>: writes a recipe to begin with.</summary>
internal static class NewCommand
{
    internal static Command Create()
    {
        var kind = new Argument<RecipeKind>("data")
        {
            Description = "What to learn from: digits (drawn, no files needed), mnist, fashion, "
            + "cifar10, cifar100, images (a folder a class) or csv."
        };
        var path = new Argument<string?>("path")
        {
            Description = "The folder or file with the data; not for digits.",
            Arity = ArgumentArity.ZeroOrOne
        };
        var label = new Option<string?>("--label")
        {
            Description = "For csv: the column to learn [default: the last].",
            HelpName = "COLUMN"
        };
        var size = new Option<int>("--size")
        {
            Description = "For images: the height and width that they are resized to.",
            HelpName = "PIXELS",
            DefaultValueFactory = _ => 32
        };
        var output = new Option<FileInfo>("--output", "-o")
        {
            Description = "The recipe to write.",
            HelpName = "FILE",
            DefaultValueFactory = _ => new("recipe.yaml")
        };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        const string Purpose = "Write a recipe with comments, to train, change and keep.";
        var command = new Command("new", Purpose) { kind, path, label, size, output, force };
        command.SetAction((parsed, _) => Errors.Guard(() =>
        {
            var file = parsed.GetValue(output)!;
            if (file.Exists && !parsed.GetValue(force))
                throw new IOException($"'{file}' is there already; say --output for another name, or --force to replace it.");
            string text = RecipeTemplate.Of(parsed.GetValue(kind), parsed.GetValue(path), parsed.GetValue(label), parsed.GetValue(size),
                file.DirectoryName!);
            Directory.CreateDirectory(file.DirectoryName!);
            File.WriteAllText(file.FullName, text);
            Console.WriteLine($"{file}\nTrain it:  {Output.CommandLine(["train", file.ToString()])}");
        }));
        return command;
    }
}
