// Trains a classifier on pictures of your own and prunes it as it trains: a folder that has a folder with pictures for each class.
//   dotnet run -c Release --project samples/Images [folder [model.zip]]
// Without a folder, it draws digits into one. samples/WebApi serves the model.
using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning;
using MLNet.Pruning.Samples;

try
{
    var mlContext = new MLContext(seed: 1).UsePruning();
    string folder = args is [var given, ..] ? given : DrawnPictures.Folder(mlContext, count: 2_000);
    string file = args is [_, var wanted, ..] ? wanted : Path.Combine(Path.GetTempPath(), "images.zip");

    var pictures = mlContext.Transforms.LoadImages("Image", null, "ImagePath");
    var data = mlContext.Data.TrainTestSplit(mlContext.Data.LoadImageFolder(folder), testFraction: 0.2);
    var (train, test) = (pictures.Fit(data.TrainSet).Transform(data.TrainSet), pictures.Fit(data.TestSet).Transform(data.TestSet));

    using var model = mlContext.Transforms.ResizeImages("Image", imageWidth: 32, imageHeight: 32)
        .Append(mlContext.Transforms.ExtractPixels("Pixels", "Image"))
        .Append(mlContext.Transforms.Conversion.MapValueToKey("Label"))
        .Append(mlContext.MulticlassClassification.Trainers.PrunedConvNet(new()
        {
            FeatureColumnName = "Pixels",
            Epochs = 10,
            BatchSize = 32,
            Progress = TrainingProgress.Lines(Console.Out),
            Pruning = new NeuronPruning { Schedule = Schedule.Stepwise(maturity: 4, every: 1, amount: 0.2, target: 0.5) },
        }))
        .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
        .Fit(train);
    Console.WriteLine($"test accuracy {mlContext.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy:P1}");
    mlContext.Model.Save(model, train.Schema, file);

    // A predictor is for single pictures, in any number of threads.
    var predictor = mlContext.Model.CreatePredictor<Photo, Answer>(model);
    string path = data.TestSet.GetColumn<string>("ImagePath").First();
    using var image = MLImage.CreateFromFile(path);
    var answer = predictor.Predict(new Photo { Image = image });
    Console.WriteLine($"{path} is '{answer.PredictedLabel}' ({answer.Score.Max():P1}); the model is in {file}");
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

sealed class Photo
{
    [Microsoft.ML.Transforms.Image.ImageType(32, 32)]
    public MLImage? Image { get; set; }
}

sealed class Answer
{
    public string PredictedLabel { get; set; } = "";

    public float[] Score { get; set; } = [];
}
