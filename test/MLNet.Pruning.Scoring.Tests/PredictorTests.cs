using MLNet.Pruning.Tests.Trainers;
using Microsoft.ML;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class PredictorTests
{
    readonly MLContext context = new MLContext(seed: 1).UsePruning();

    ITransformer Load(string name) => context.Model.Load(Path.Combine(AppContext.BaseDirectory, "Models", $"{name}.zip"), out _);

    PredictionEngine<Pattern, T> Engine<T>(ITransformer model)
        where T : class, new() => context.Model.CreatePredictionEngine<Pattern, T>(model, Patterns.View(context, 1).Schema);

    [TestMethod]
    [DataRow("feedforward")]
    [DataRow("convnet")]
    [DataRow("vit")]
    public void Sixteen_threads_with_one_predictor_get_what_an_engine_gives_to_the_bit(string name)
    {
        var model = Load(name);
        var engine = Engine<Keys>(model);
        var images = Patterns.Draw(200, seed: 8);
        images[7].Pixels[3] = float.NaN;
        var expected = images.Select(image => engine.Predict(image)).ToArray();
        var predictor = context.Model.CreatePredictor<Pattern, Keys>(model);
        var failures = new Exception?[16];
        var threads = Enumerable.Range(0, failures.Length).Select(number => new Thread(() =>
        {
            try
            {
                for (var i = 0; i < images.Length; i++)
                {
                    var found = predictor.Predict(images[i]);
                    Assert.AreEqual(expected[i].PredictedLabel, found.PredictedLabel);
                    CollectionAssert.AreEqual(expected[i].Score, found.Score);
                }
            }
            catch (Exception e)
            {
                failures[number] = e;
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        CollectionAssert.AreEqual(new Exception?[16], failures);
        Assert.AreEqual(0u, expected[7].PredictedLabel);
    }

    [TestMethod]
    public void Labels_come_as_their_values_where_the_pipeline_maps_them()
    {
        var model = Load("feedforward");
        var mapped = model.Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(model.Transform(Patterns.View(context, 1))));
        var (engine, predictor) = (Engine<Names>(mapped), context.Model.CreatePredictor<Pattern, Names>(mapped));
        var images = Patterns.Draw(30, seed: 4);
        images[2].Pixels[0] = float.NaN;
        foreach (var image in images)
            Assert.AreEqual(engine.Predict(image).PredictedLabel ?? "", predictor.Predict(image).PredictedLabel ?? "");
    }

    [TestMethod]
    public void A_row_to_predict_needs_no_label()
    {
        var model = Load("feedforward");
        var mapped = model.Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(model.Transform(Patterns.View(context, 1))));
        var predictor = context.Model.CreatePredictor<Unlabelled, Names>(mapped);
        var engine = Engine<Names>(mapped);
        foreach (var image in Patterns.Draw(9, seed: 5))
            Assert.AreEqual(engine.Predict(image).PredictedLabel, predictor.Predict(new Unlabelled { Pixels = image.Pixels }).PredictedLabel);
    }

    [TestMethod]
    public void A_prediction_allocates_nothing_but_what_it_returns()
    {
        // An object with a reference and a number, and an array of three numbers.
        Assert.IsLessThanOrEqualTo(1000 * (32 + 40), Allocated<Keys>());
        // An object with a number.
        Assert.IsLessThanOrEqualTo(1000 * 24, Allocated<LabelAlone>());

        long Allocated<T>()
            where T : class, new()
        {
            var predictor = context.Model.CreatePredictor<Pattern, T>(Load("vit"));
            var image = Patterns.Draw(1)[0];
            for (var i = 0; i < 200; i++)
                predictor.Predict(image);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
                predictor.Predict(image);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [TestMethod]
    public void What_a_predictor_cannot_do_is_refused_by_name()
    {
        var model = Load("feedforward");
        var copied = context.Transforms.CopyColumns("Copy", "Pixels").Fit(Patterns.View(context, 1)).Append(model);
        Refused<NotSupportedException>(() => context.Model.CreatePredictor<Pattern, Keys>(copied), "ColumnCopyingTransformer");
        Refused<NotSupportedException>(() => context.Model.CreatePredictor<Pattern, Keys>(Load("vae")), "PrunedVaeTransformer");
        Refused<NotSupportedException>(() => context.Model.CreatePredictor<Pattern, Names>(model), "Names.PredictedLabel is a String");
        Refused<NotSupportedException>(() => context.Model.CreatePredictor<Pattern, Guesses>(model), "Guesses.Guess is a String");
        Refused<ArgumentException>(() => context.Model.CreatePredictor<Keys, Keys>(model), "Keys has no member for column 'Pixels'");
        Refused<ArgumentException>(() => context.Model.CreatePredictor<Pattern, Keys>(model).Predict(new Pattern { Pixels = new float[3] }), "has 3 values; wanted 64");
        (model as IDisposable)!.Dispose();
        Refused<ObjectDisposedException>(() => context.Model.CreatePredictor<Pattern, Keys>(model).Predict(Patterns.Draw(1)[0]), "PrunedModelTransformer");
    }

    static void Refused<T>(Action action, string message)
        where T : Exception => StringAssert.Contains(Assert.Throws<T>(action).Message, message);

    sealed class Unlabelled
    {
        public float[] Pixels { get; set; } = [];
    }

    sealed class Keys
    {
        public uint PredictedLabel { get; set; }

        public float[] Score { get; set; } = [];
    }

    sealed class LabelAlone
    {
        public uint PredictedLabel { get; set; }
    }

    sealed class Names
    {
        public string? PredictedLabel { get; set; }
    }

    sealed class Guesses
    {
        public string? Guess { get; set; }
    }
}
