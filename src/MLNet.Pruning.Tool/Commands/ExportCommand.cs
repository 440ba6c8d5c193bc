using System.CommandLine;
using Microsoft.ML;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune export</c>: writes a saved model as an ONNX file.</summary>
internal static class ExportCommand
{
    internal static Command Create()
    {
        var model = new Argument<FileInfo>("model") { Description = "A model that mlContext.Model.Save wrote." };
        var output = new Option<FileInfo?>("--output")
        {
            Description = "The file to write [default: the model's name with .onnx].",
            HelpName = "FILE",
        };
        var weights = new Option<OnnxWeights>("--weights")
        {
            Description = "How many bits a weight has in the file: Float32, Float16 or Int8.",
            DefaultValueFactory = _ => OnnxWeights.Float32,
        };
        const string Purpose = "Write a saved model as an ONNX file, from what its pipeline reads to scores and label.";
        var command = new Command("export", Purpose) { model, output, weights };
        command.SetAction((parsed, cancellation) => Errors.Guard(() =>
        {
            var from = parsed.GetValue(model)!.FullName;
            var to = parsed.GetValue(output)?.FullName ?? Path.ChangeExtension(from, ".onnx");
            var mlContext = new MLContext().UsePruning();
            var export = mlContext.Model.ExportOnnx(mlContext.Model.Load(from, out _), to, new() { Weights = parsed.GetValue(weights) });
            Console.WriteLine($"{to}: {Bytes(export.Bytes)}");
        }));
        return command;
    }
}
