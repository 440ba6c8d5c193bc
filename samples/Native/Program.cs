// Scores an image with a saved model, in a program without ML.NET and LibTorch.
//   native model.zip image.pgm          a grey image; black is 0
//   native model.zip images.idx 7       one of MNIST's, unpacked
using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Samples;

if (args.Length is not (2 or 3) || (args.Length == 3 && !int.TryParse(args[2], CultureInfo.InvariantCulture, out _)))
{
    Console.Error.WriteLine("usage: native model.zip image.pgm|images.idx [number]");
    return 2;
}
try
{
    var plan = ScoringPlan.Load(args[0]);
    float[] image = ImageFile.Read(args[1], args.Length == 3 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 0);
    float[] scores = new float[plan.OutputWidth];
    plan.Score(image, scores);
    long began = Stopwatch.GetTimestamp();
    plan.Score(image, scores);
    double scoring = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    double started = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalMilliseconds;
    int best = Array.IndexOf(scores, scores.Max());
    string label = plan.Labels.Count > 0 ? plan.Labels[best] : $"class {best}";
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{label}: {scores[best]:P1}; scored in {scoring:F0} us, {started:F0} ms from the start"));
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
