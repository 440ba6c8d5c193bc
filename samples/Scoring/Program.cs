// Serves a saved model with ML.NET, in a program without TorchSharp and LibTorch.
//   scoring model.zip image.pgm          a grey image; black is 0
//   scoring model.zip images.idx 7       one of MNIST's, unpacked
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using MLNet.Pruning.Samples;

if (args.Length is not (2 or 3) || (args.Length == 3 && !int.TryParse(args[2], CultureInfo.InvariantCulture, out _)))
{
    Console.Error.WriteLine("usage: scoring model.zip image.pgm|images.idx [number]");
    return 2;
}
try
{
    var mlContext = new MLContext().UsePruning();
    var predictor = mlContext.Model.CreatePredictor<Image, Prediction>(mlContext.Model.Load(args[0], out _));
    float[] pixels = ImageFile.Read(args[1], args.Length == 3 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 0);
    var image = new Image { Pixels = pixels };
    var prediction = predictor.Predict(image);

    // One predictor serves all threads, as in a web service.
    const int Requests = 100_000;
    long began = Stopwatch.GetTimestamp();
    Parallel.For(0, Requests, _ => predictor.Predict(image));
    double perSecond = Requests / Stopwatch.GetElapsedTime(began).TotalSeconds;
    using var process = Process.GetCurrentProcess();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{prediction.PredictedLabel}: {prediction.Score.Max():P1}; {perSecond:N0} predictions a second, "
            + $"{process.PeakWorkingSet64 / 1e6:F0} MB of memory"));
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or NotSupportedException
    or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

sealed class Image
{
    public float[] Pixels { get; set; } = [];
}

sealed class Prediction
{
    public uint PredictedLabel { get; set; }

    public float[] Score { get; set; } = [];
}
