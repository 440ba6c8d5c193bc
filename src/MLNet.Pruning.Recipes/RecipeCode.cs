using System.Linq.Expressions;
using System.Text;
using Microsoft.ML;

namespace MLNet.Pruning.Recipes;

/// <summary>Writes the C# program that does what a recipe says.</summary>
static class RecipeCode
{
    public static string Write(Recipe recipe, string folder)
    {
        var (program, printer) = (recipe.Program, new CodePrinter(folder));
        var body = new StringBuilder();
        body.AppendLine($"var mlContext = new MLContext({(recipe.RandomSeed is { } seed ? $"seed: {seed}" : "")}).UsePruning();");
        foreach (var (variable, value, _) in program.Statements)
            body.AppendLine($"var {variable.Name} = {printer.Print(value, 0)};");
        body.AppendLine();
        if (program.Prepared is { } prepared)
            body.AppendLine($"var {prepared.Name} = {Chain(null, program.Preparation)};").AppendLine();
        body.AppendLine($"var pipeline = {Chain(program.Prepared, [program.Trainer, .. program.After])};").AppendLine();
        body.AppendLine($"using var model = pipeline.Fit({printer.Print(program.TrainingSet, 0)});");
        if (program.TestSet is { } test && program.Task != "None")
        {
            var (catalog, metric, name) = program.Task switch
            {
                "Multiclass" => ("MulticlassClassification", "MicroAccuracy:P2", "accuracy"),
                "Binary" => ("BinaryClassification", "Accuracy:P2", "accuracy"),
                _ => ("Regression", "RSquared:F4", "R squared"),
            };
            string label = program.JudgedColumn == "Label" ? "" : $", labelColumnName: {CodePrinter.Quoted(program.JudgedColumn)}";
            body.AppendLine($"var metrics = mlContext.{catalog}.Evaluate("
                + $"model.Transform({printer.Print(test, 0)}){label});");
            body.AppendLine($"Console.WriteLine($\"{name} {{metrics.{metric}}}\");");
        }
        body.AppendLine($"mlContext.Model.Save(model, {printer.Print(program.TrainingSet, 0)}.Schema, \"model.zip\");");
        printer.Namespaces.UnionWith([typeof(MLContext).Namespace!, typeof(NeuronPruning).Namespace!]);
        printer.Namespaces.Remove("System");
        return $"{string.Concat(printer.Namespaces.Select(space => $"using {space};\n"))}\n{body}".ReplaceLineEndings("\n");

        string Chain(Expression? first, IEnumerable<RecipeProgram.Step> steps)
        {
            string text = first is null ? "" : printer.Print(first, 0);
            foreach (var step in steps)
                text += text.Length == 0 ? printer.Print(step.Value, 0) : $"\n    .Append({printer.Print(step.Value, 4)})";
            return text;
        }
    }
}
