// Serves a model of pictures over HTTP. samples/Images trains one.
//   dotnet run -c Release --project samples/WebApi -- --Model /tmp/images.zip --urls http://localhost:5000
//   curl --data-binary @7.png http://localhost:5000/predict
// When the file of the model changes, it is loaded again beside the running requests.
using Microsoft.ML.Data;
using MLNet.Pruning;
using MLNet.Pruning.Samples;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = UploadedPicture.MaximumBytes);
builder.Services.AddProblemDetails().AddHealthChecks();
builder.Services.AddPruningPredictor<Photo, Answer>(builder.Configuration["Model"] ?? "model.zip");

var app = builder.Build();
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    // Such as 413 for a body that is too large.
    StatusCodeSelector = failure => failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
    SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
});
app.UseStatusCodePages();
app.MapHealthChecks("/health");
app.MapPost("/predict", async (HttpRequest request, PruningPredictor<Photo, Answer> predictor) =>
{
    var (image, problem) = await UploadedPicture.Read(request);
    using (image)
    {
        if (image is null)
            return Results.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        var answer = predictor.Predict(new Photo { Image = image }, out var labels);
        return Results.Ok(new
        {
            Label = answer.PredictedLabel,
            Probabilities = labels.Zip(answer.Score).ToDictionary(pair => pair.First, pair => pair.Second),
        });
    }
});

try
{
    // A program without its model stops here, and not at the first request.
    _ = app.Services.GetRequiredService<PruningPredictor<Photo, Answer>>();
}
catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"{e.Message} Give a model of pictures by --Model; samples/Images trains one.");
    return 1;
}
app.Run();
return 0;

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
