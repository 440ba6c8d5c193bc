using MLNet.Pruning;
using Microsoft.ML;

// model.zip scores.txt: the scores must be those of the program that trained, bit for bit.
var mlContext = new MLContext().UsePruning();
var predictor = mlContext.Model.CreatePredictor<Digit, Prediction>(mlContext.Model.Load(args[0], out _));
var scores = string.Join(' ', predictor.Predict(new Digit()).Score.Select(score => BitConverter.SingleToUInt32Bits(score)));
var torch = Directory.EnumerateFiles(AppContext.BaseDirectory, "*torch*", new EnumerationOptions
{
    RecurseSubdirectories = true,
    MatchCasing = MatchCasing.CaseInsensitive,
});
Console.WriteLine($"{scores == File.ReadAllText(args[1])} {torch.Count()}");
return scores == File.ReadAllText(args[1]) && !torch.Any() ? 0 : 1;

sealed class Digit
{
    public float[] Pixels { get; set; } = [.. Enumerable.Range(0, 784).Select(i => i % 28 == 14 ? 1f : 0f)];
}

sealed class Prediction
{
    public float[] Score { get; set; } = [];
}
