using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Images through ML.NET's own steps into the networks of this library.</summary>
[TestClass]
[DoNotParallelize] // compares trainings by a seed of the process's one generator, from which dropout draws
public sealed class ImagePipelineTests
{
    readonly MLContext context = new MLContext(seed: 1).UsePruning();

    /// <summary>
    /// Pictures of another size than the network's, some grey, some half transparent. ML.NET frees an image that it has read, so each pass
    /// makes them again.
    /// </summary>
    static IEnumerable<Photo> Photos(int count, int seed = 1) => Patterns.Draw(count, seed).Select((pattern, number) =>
    {
        int side = Patterns.Side * (1 + number % 3);
        byte[] pixels = new byte[side * side * 4];
        for (int i = 0; i < side * side; i++)
        {
            byte value = (byte)(255 * pattern.Pixels[i / side * Patterns.Side / side * Patterns.Side + i % side * Patterns.Side / side]);
            pixels.AsSpan(4 * i, 4).Fill(value);
            pixels[4 * i + 3] = (byte)(number % 5 == 0 ? 128 : 255);
            if (number % 2 == 0)
                pixels[4 * i + 1] /= 2;
        }
        return new Photo { Kind = pattern.Kind, Image = MLImage.CreateFromPixels(side, side, MLPixelFormat.Rgba32, pixels) };
    });

    EstimatorChain<ImagePixelExtractingTransformer> Pixels(float scale = 1, bool interleave = false, int height = 8, int width = 8,
        ImagePixelExtractingEstimator.ColorBits colors = ImagePixelExtractingEstimator.ColorBits.Rgb) =>
        context.Transforms.ResizeImages("Image", width, height, resizing: ImageResizingEstimator.ResizingKind.Fill)
            .Append(context.Transforms.ExtractPixels("Pixels", "Image", colors, interleavePixelColors: interleave, scaleImage: scale));

    IEstimator<ITransformer> Trainer(string kind, Action<PrunedModelOptions>? set = null)
    {
        PrunedModelOptions options = kind switch
        {
            "convnet" => new PrunedConvNetTrainer.Options { Channels = [4], HiddenSizes = [8] },
            "feedforward" => new PrunedFeedForwardTrainer.Options { HiddenSizes = [8] },
            _ => new PrunedVitTrainer.Options { Dim = 16, Depth = 1, Heads = 2 },
        };
        (options.LabelColumnName, options.FeatureColumnName, options.Epochs, options.BatchSize, options.LearningRate, options.Seed)
            = ("Kind", kind == "tokens" ? "Tokens" : "Pixels", 12, 16, 0.01, 3);
        set?.Invoke(options);
        return options switch
        {
            PrunedConvNetTrainer.Options convNet => context.MulticlassClassification.Trainers.PrunedConvNet(convNet),
            PrunedFeedForwardTrainer.Options dense => context.MulticlassClassification.Trainers.PrunedFeedForward(dense),
            PrunedVitTrainer.Options vit when kind == "tokens" =>
                context.Transforms.MergeTokens("Tokens", "Pixels").Append(context.MulticlassClassification.Trainers.PrunedVit(vit)),
            var vit => context.MulticlassClassification.Trainers.PrunedVit((PrunedVitTrainer.Options)vit),
        };
    }

    IEstimator<ITransformer> Keyed(IEstimator<ITransformer> trainer) => context.Transforms.Conversion.MapValueToKey("Kind").Append(trainer);

    static float[][] Scores(ITransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float[]>("Score")];

    [TestMethod]
    [DataRow("convnet")]
    [DataRow("vit")]
    [DataRow("tokens")]
    public void Images_of_any_size_and_kind_train_with_no_option_about_them(string kind)
    {
        var (train, test) = (context.Data.LoadFromEnumerable(Photos(150)), context.Data.LoadFromEnumerable(Photos(60, seed: 2)));
        var model = Pixels().Append(Keyed(Trainer(kind))).Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(train);
        Assert.IsGreaterThan(0.9, context.MulticlassClassification.Evaluate(model.Transform(test), "Kind").MicroAccuracy);

        using var saved = new MemoryStream();
        context.Model.Save(model, train.Schema, saved);
        var loaded = new MLContext().UsePruning().Model.Load(saved, out _);
        var expected = Scores(model, test);
        var engine = context.Model.CreatePredictionEngine<Photo, Named>(loaded);
        var predictor = context.Model.CreatePredictor<Unlabelled, Named>(loaded);
        var labels = context.Data.CreateEnumerable<Named>(model.Transform(test), reuseRowObject: false).Select(row => row.PredictedLabel).ToArray();
        Photo[] photos = [.. Photos(60, seed: 2)];
        Parallel.For(0, photos.Length, row =>
        {
            var found = predictor.Predict(new Unlabelled { Image = photos[row].Image }, out var names);
            CollectionAssert.AreEqual(expected[row], found.Score);
            Assert.AreEqual(labels[row], found.PredictedLabel);
            CollectionAssert.AreEqual((string[])["across", "down", "plain"], names.ToArray());
        });
        CollectionAssert.AreEqual(expected[7], engine.Predict(Photos(60, seed: 2).ElementAt(7)).Score);
    }

    [TestMethod]
    [DataRow("convnet")]
    [DataRow("vit")]
    [DataRow("tokens")]
    public void Pixels_up_to_255_train_as_their_256th_part_does_to_the_bit(string kind)
    {
        var photos = context.Data.LoadFromEnumerable(Photos(60));
        var (bytes, parts) = (Pixels().Fit(photos).Transform(photos), Pixels(scale: 1f / 256).Fit(photos).Transform(photos));
        var pruning = new WeightPruning { Sparsity = 0.5 };
        var (ofBytes, ofParts) = (Keyed(Trainer(kind, o => o.Pruning = pruning)).Fit(bytes), Keyed(Trainer(kind, o => o.Pruning = pruning)).Fit(parts));
        Same(Scores(ofParts, parts), Scores(ofBytes, bytes));

        // Training goes on from there, with the same weights as inside the first run.
        Same(Scores(Continue(ofParts, parts), parts), Scores(Continue(ofBytes, bytes), bytes));

        ITransformer Continue(ITransformer model, IDataView data)
        {
            var keys = context.Transforms.Conversion.MapValueToKey("Kind").Fit(data).Transform(data);
            if (kind == "tokens")
                keys = context.Transforms.MergeTokens("Tokens", "Pixels").Fit(keys).Transform(keys);
            var previous = ((IEnumerable<ITransformer>)model).Last() is var last && last is IEnumerable<ITransformer> inner ? inner.Last() : last;
            PrunedModelTransformer next = kind == "convnet"
                ? ((PrunedConvNetTrainer)Trainer(kind)).Fit(keys, previous)
                : context.MulticlassClassification.Trainers.PrunedVit(new() { LabelColumnName = "Kind", FeatureColumnName = kind == "tokens" ? "Tokens" : "Pixels", Epochs = 1, Seed = 5 }).Fit(keys, previous);
            return kind == "tokens" ? context.Transforms.MergeTokens("Tokens", "Pixels").Fit(data).Append(next) : next;
        }
    }

    [TestMethod]
    [DataRow("convnet")]
    [DataRow("tokens")]
    public void A_checkpoint_and_a_teacher_of_such_pixels_are_those_of_their_256th_part(string kind)
    {
        using var folder = new TemporaryFolder();
        var photos = context.Data.LoadFromEnumerable(Photos(60));
        var views = new[] { Pixels(), Pixels(scale: 1f / 256) }.Select(steps => context.Transforms.Conversion.MapValueToKey("Kind").Fit(photos)
            .Transform(steps.Fit(photos).Transform(photos))).Select(view => kind == "tokens" ? context.Transforms.MergeTokens("Tokens", "Pixels").Fit(view).Transform(view) : view).ToArray();
        var (scores, taught) = (new float[2][][], new float[2][][]);
        for (int i = 0; i < 2; i++)
        {
            string file = folder[$"{i}.checkpoint"];
            var trained = Train(i, o => (o.Checkpoint, o.Epochs) = (new(file), 2));
            scores[i] = Scores(context.Model.LoadCheckpoint(file), views[i]);
            Same(Scores(trained, views[i]), scores[i]);
            taught[i] = Scores(Train(i, o => o.Distillation = new(trained)), views[i]);
        }
        Same(scores[1], scores[0]);
        Same(taught[1], taught[0]);

        PrunedModelTransformer Train(int i, Action<PrunedModelOptions> set) => (PrunedModelTransformer)(kind == "convnet"
            ? Trainer(kind, set).Fit(views[i])
            : Trainer("vit", o =>
            {
                o.FeatureColumnName = "Tokens";
                set(o);
            }).Fit(views[i]));
    }

    [TestMethod]
    public void A_picture_of_bytes_is_no_black_picture_and_a_standardized_one_stays()
    {
        var log = new List<string>();
        context.Log += (_, e) => log.Add(e.RawMessage ?? "");
        var data = context.Data.LoadFromEnumerable(Photos(30).Select((photo, number) => number > 0 ? photo
            : new Photo { Kind = "plain", Image = MLImage.CreateFromPixels(8, 8, MLPixelFormat.Rgba32, new byte[256]) }));
        Keyed(Trainer("convnet", o => o.Epochs = 1)).Fit(Pixels().Fit(data).Transform(data));
        Assert.Contains("divides them by 256", string.Join(' ', log));
        log.Clear();
        Keyed(Trainer("convnet", o => o.Epochs = 1)).Fit(Pixels(scale: 1f / 50).Fit(data).Transform(data));
        Assert.DoesNotContain("256", string.Join(' ', log));
    }

    [TestMethod]
    public void A_network_without_a_layer_for_images_is_trained_on_the_pixels_as_they_are_and_says_so()
    {
        var warnings = new List<string>();
        context.Log += (_, e) => warnings.AddRange(e.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning ? [e.RawMessage ?? ""] : []);
        var data = context.Data.LoadFromEnumerable(Photos(30));
        Keyed(Trainer("feedforward", o => o.Epochs = 1)).Fit(Pixels().Fit(data).Transform(data));
        Assert.Contains("Set scaleImage: 1f / 255 of ExtractPixels", string.Join(' ', warnings));
        warnings.Clear();
        Keyed(Trainer("feedforward", o => o.Epochs = 1)).Fit(Pixels(scale: 1f / 255).Fit(data).Transform(data));
        Assert.DoesNotContain("scaleImage", string.Join(' ', warnings));
    }

    [TestMethod]
    public void Channels_side_by_side_are_refused_where_they_matter()
    {
        var data = context.Data.LoadFromEnumerable(Photos(12));
        var (planes, beside) = (Pixels(1f / 255).Fit(data).Transform(data), Pixels(1f / 255, interleave: true).Fit(data).Transform(data));
        foreach (string kind in (string[])["convnet", "vit", "tokens"])
        {
            string message = Assert.Throws<ArgumentOutOfRangeException>(() => Keyed(Trainer(kind, o => o.Epochs = 1)).Fit(beside)).Message;
            StringAssert.Contains(message, "'Pixels' holds images of 8x8 with 3 channels");
            StringAssert.Contains(message, "interleavePixelColors");
            var model = Keyed(Trainer(kind, o => o.Epochs = 1)).Fit(planes);
            StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => model.Transform(beside)).Message, "interleavePixelColors");
        }
        // So are they in a validation set, and where a trained model is trained further.
        var keyed = context.Transforms.Conversion.MapValueToKey("Kind").Fit(planes);
        var trained = ((PrunedConvNetTrainer)Trainer("convnet")).Fit(keyed.Transform(planes));
        Refused(() => Trainer("convnet", o => o.ValidationSet = keyed.Transform(beside)).Fit(keyed.Transform(planes)), "interleavePixelColors");
        Refused(() => ((PrunedConvNetTrainer)Trainer("convnet")).Fit(keyed.Transform(beside), trained), "interleavePixelColors");
        // With one channel, both orders are the same.
        var red = Pixels(1f / 255, interleave: true, colors: ImagePixelExtractingEstimator.ColorBits.Red).Fit(data).Transform(data);
        var flat = Pixels(1f / 255, colors: ImagePixelExtractingEstimator.ColorBits.Red).Fit(data).Transform(data);
        Same(Scores(Keyed(Trainer("convnet")).Fit(flat), flat), Scores(Keyed(Trainer("convnet")).Fit(red), red));
    }

    [TestMethod]
    public void What_options_and_column_say_of_the_image_must_agree()
    {
        var data = context.Data.LoadFromEnumerable(Photos(12));
        var high = Pixels(1f / 255, height: 16, width: 4).Fit(data).Transform(data);
        Refused(() => Keyed(context.MulticlassClassification.Trainers.PrunedConvNet("Kind", "Pixels", imageHeight: 4)).Fit(high),
            "ImageHeight is 4", "'Pixels' holds images of 16x4 with 3 channels");
        Refused(() => Keyed(context.MulticlassClassification.Trainers.PrunedVit(
            new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", ImageChannels = 1 })).Fit(high), "ImageChannels is 1", "16x4 with 3 channels");
        Refused(() => context.Transforms.MergeTokens("Tokens", "Pixels", 16, 8).Fit(high), "ImageWidth is 8", "16x4 with 3 channels");
        Refused(() => Keyed(context.MulticlassClassification.Trainers.PrunedModule(
            () => TorchSharp.torch.nn.Sequential(TorchSharp.torch.nn.Flatten(), TorchSharp.torch.nn.Linear(192, 3)),
            new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", InputShape = [3, 4, 16] })).Fit(high), "InputShape is [3, 4, 16]", "[3, 16, 4]");

        var model = Keyed(Trainer("convnet", o => o.Epochs = 1)).Fit(high);
        Assert.IsTrue(Scores(model, high).All(row => row.Length == 3));
        var broad = Pixels(1f / 255, height: 4, width: 16).Fit(data).Transform(data);
        Refused(() => model.Transform(broad), "images of 4x16 with 3 channels", "trained on images of 16x4");
        var tokens = context.Transforms.MergeTokens("Tokens", "Pixels").Fit(high);
        Assert.AreEqual((16, 4, 3), (tokens.Grid.Height, tokens.Grid.Width, tokens.Grid.Channels));
        Refused(() => tokens.Transform(broad), "tokens are merged of images of 16x4");
    }

    [TestMethod]
    public void An_autoencoder_wants_pixels_from_0_to_1_and_says_how()
    {
        var data = context.Data.LoadFromEnumerable(Photos(12));
        var vae = context.Transforms.PrunedVae(new() { InputColumnName = "Pixels", Channels = [4], HiddenSizes = [8], LatentSize = 2, Epochs = 1 });
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => Pixels().Append(vae).Fit(data)).Message, "scaleImage: 1f / 255");
        using var model = (IDisposable)Pixels(1f / 255).Append(vae).Fit(data);
        Assert.AreEqual(192, ((ITransformer)model).Transform(data).GetColumn<float[]>("Reconstruction").First().Length);
    }

    [TestMethod]
    [DataRow("convnet")]
    [DataRow("tokens")]
    public void An_exported_file_begins_with_the_pixels(string kind)
    {
        using var folder = new TemporaryFolder();
        var data = context.Data.LoadFromEnumerable(Photos(30));
        var model = Pixels().Append(Keyed(Trainer(kind, o => o.Epochs = 2))).Fit(data);
        var export = context.Model.ExportOnnx(model, folder["model.onnx"], checkWith: data);
        Assert.AreEqual(30, export.RowsChecked);
        Assert.IsLessThan(1e-5, export.LargestDifference!.Value);
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(folder["model.onnx"]);
        Assert.AreEqual("Pixels", session.InputNames.Single());
        CollectionAssert.AreEqual((int[])[-1, 192], session.InputMetadata["Pixels"].Dimensions);
        StringAssert.Contains(Assert.Throws<NotSupportedException>(() => context.Model.ExportOnnx(
            Pixels().Append(context.Transforms.NormalizeMinMax("Pixels")).Append(Keyed(Trainer(kind, o => o.Epochs = 1))).Fit(data), folder["no.onnx"])).Message, "Normaliz");
    }

    static void Refused(Action action, params string[] parts)
    {
        string message = Assert.Throws<ArgumentOutOfRangeException>(action).Message;
        foreach (string part in parts)
            StringAssert.Contains(message, part);
    }

    static void Same(float[][] expected, float[][] found)
    {
        Assert.HasCount(expected.Length, found);
        foreach (var (one, other) in expected.Zip(found))
            CollectionAssert.AreEqual(one, other);
    }

    sealed class Photo
    {
        public string? Kind { get; set; }

        [ImageType(8, 8)]
        public MLImage Image { get; set; } = null!;
    }

    sealed class Unlabelled
    {
        [ImageType(8, 8)]
        public MLImage Image { get; set; } = null!;
    }

    sealed class Named
    {
        public string? PredictedLabel { get; set; }

        public float[] Score { get; set; } = [];
    }
}
