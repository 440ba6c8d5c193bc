using System.CommandLine;
using MLNet.Pruning.Tool.Recipes;
using Microsoft.ML;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Commands;

/// <summary>What a model is written as.</summary>
internal enum ExportFormat
{
    Onnx,
    Safetensors,
}

/// <summary><c>mlprune export</c>: writes a saved model for other programs.</summary>
internal static class ExportCommand
{
    internal static Command Create()
    {
        var model = new Argument<FileInfo>("model")
        {
            Description = "A model that mlContext.Model.Save wrote, or the checkpoint of a run.",
        };
        var output = new Option<FileInfo?>("--output", "-o")
        {
            Description = "The file to write [default: the model's name with .onnx or .safetensors].",
            HelpName = "FILE",
        };
        var format = new Option<ExportFormat?>("--format")
        {
            Description = "Onnx, from what the pipeline reads to scores and label, or Safetensors, the tensors of the network by name "
                + "[default: by the ending of --output, or Onnx].",
        };
        var weights = new Option<OnnxWeights>("--weights")
        {
            Description = "How many bits a weight has in an ONNX file: Float32, Float16 or Int8.",
            DefaultValueFactory = _ => OnnxWeights.Float32,
        };
        var command = new Command("export", "Write a saved model as ONNX or safetensors.") { model, output, format, weights };
        command.SetAction((parsed, cancellation) => Errors.Guard(() =>
        {
            string from = parsed.GetValue(model)!.ToString();
            var kind = parsed.GetValue(format) ?? (parsed.GetValue(output)?.Extension is ".safetensors" ? ExportFormat.Safetensors
                : ExportFormat.Onnx);
            string to = parsed.GetValue(output)?.ToString() ?? Path.ChangeExtension(from, $".{kind.ToString().ToLowerInvariant()}");
            if (string.Equals(Path.GetFullPath(from), Path.GetFullPath(to), StringComparison.OrdinalIgnoreCase))
                throw new ArgumentException($"The file would replace '{from}'; say --output.");
            bool isSet = parsed.GetResult(weights) is { Implicit: false };
            if (kind == ExportFormat.Safetensors && isSet)
                throw new ArgumentException("--weights is for ONNX files; safetensors hold the weights as they are.");
            var mlContext = new MLContext().UsePruning();
            var loaded = ModelInput.LoadAny(mlContext, from);
            using var owned = loaded as IDisposable;
            if (kind == ExportFormat.Onnx)
                mlContext.Model.ExportOnnx(loaded, to, new() { Weights = parsed.GetValue(weights) });
            else
                ModelInput.Network(RecipeRun.Trained(loaded)).SaveSafetensors(to);
            Console.WriteLine($"{to}: {Bytes(new FileInfo(to).Length)}");
        }));
        return command;
    }
}
