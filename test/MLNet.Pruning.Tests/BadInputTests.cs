using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class BadInputTests
{
    readonly MLContext context = new(seed: 1);

    [TestMethod]
    public void A_missing_column_is_named_with_those_that_are_there()
    {
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9));
        AssertRefused(() => Fit(keys, label: "Sort"), "label column 'Sort'", "Kind", "Number", "Petals");
        AssertRefused(() => Fit(keys, features: "Leaves"), "feature column 'Leaves'", "Petals");
    }

    [TestMethod]
    public void A_label_that_is_no_key_is_refused_with_the_way_to_make_one()
    {
        AssertRefused(() => Fit(Flowers.View(context, 9)), "Label column 'Kind' is String", "MapValueToKey(\"Kind\")");
    }

    [TestMethod]
    public void A_label_of_one_class_is_refused()
    {
        var flowers = Flowers.Pick(9);
        Array.ForEach(flowers, flower => flower.Kind = "rose");
        var keys = FeedForwardPipelineTests.Keys(context, context.Data.LoadFromEnumerable(flowers));
        AssertRefused(() => Fit(keys), "Label column 'Kind' has only 1 distinct value", "at least two");
        AssertRefused(() => Fit(FeedForwardPipelineTests.Keys(context, context.Data.LoadFromEnumerable(Array.Empty<Flower>()))), "Label column 'Kind'", "empty");
    }

    [TestMethod]
    public void A_key_of_more_values_than_a_network_can_tell_apart_is_refused()
    {
        var keyed = SchemaDefinition.Create(typeof(Keyed));
        keyed[nameof(Keyed.Kind)].ColumnType = new KeyDataViewType(typeof(uint), int.MaxValue);
        var data = context.Data.LoadFromEnumerable([new Keyed { Kind = 1 }, new Keyed { Kind = 2 }], keyed);
        AssertRefused(() => Fit(data), "Label column 'Kind' is a key of 2147483647 values", "1048576", "MapValueToKey");
    }

    [TestMethod]
    public void Features_of_another_type_or_unknown_size_are_refused()
    {
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9));
        AssertRefused(() => Fit(keys, features: "Number"), "Feature column 'Number' is Int32", "vector of Single of known size");
        var unknown = context.Data.LoadFromEnumerable([new Loose(), new Loose { Kind = "b" }]);
        AssertRefused(() => Fit(FeedForwardPipelineTests.Keys(context, unknown)), "Feature column 'Petals' is Vector<Single", "known size");
    }

    [TestMethod]
    public void The_schema_is_checked_before_any_row_is_read()
    {
        static IEnumerable<Flower> Unreadable() => throw new AssertFailedException("A row was read.");
        AssertRefused(() => Fit(context.Data.LoadFromEnumerable(Lazily(Unreadable))), "Label column 'Kind'");
    }

    [TestMethod]
    public void Rows_with_a_missing_label_are_passed_over()
    {
        var flowers = Flowers.Pick(90);
        var keys = FeedForwardPipelineTests.Keys(context, context.Data.LoadFromEnumerable(flowers));
        var some = context.Data.LoadFromEnumerable(flowers.Concat(Flowers.Pick(30).Select(flower => new Flower { Kind = "weed", Petals = flower.Petals })));
        var mapped = context.Transforms.Conversion.MapValueToKey("Kind").Fit(context.Data.LoadFromEnumerable(flowers)).Transform(some);
        using var model = Fit(mapped);
        Assert.AreEqual(90, model.History!.Epochs[0].Rows);
        GC.KeepAlive(keys);
    }

    [TestMethod]
    public void Rows_with_features_that_are_not_finite_are_passed_over()
    {
        var flowers = Flowers.Pick(90);
        flowers[3].Petals[0] = float.NaN;
        flowers[4].Petals[3] = float.PositiveInfinity;
        using var model = Fit(FeedForwardPipelineTests.Keys(context, context.Data.LoadFromEnumerable(flowers)));
        Assert.AreEqual(88, model.History!.Epochs[0].Rows);
    }

    [TestMethod]
    public void No_row_to_learn_from_is_an_error()
    {
        var known = context.Transforms.Conversion.MapValueToKey("Kind").Fit(Flowers.View(context, 9));
        var weeds = context.Data.LoadFromEnumerable(Flowers.Pick(5).Select(flower => new Flower { Kind = "weed", Petals = flower.Petals }));
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Fit(known.Transform(weeds)));
        StringAssert.Contains(failure.Message, "'Kind' is missing in 5");
        var none = Assert.ThrowsExactly<InvalidDataException>(() => Fit(known.Transform(context.Data.LoadFromEnumerable(Array.Empty<Flower>()))));
        StringAssert.Contains(none.Message, "training set has no rows");
    }

    [TestMethod]
    public void A_label_out_of_range_is_an_error_with_its_row()
    {
        var keyed = context.Data.LoadFromEnumerable([new Keyed { Kind = 0 }, new Keyed { Kind = 2 }, new Keyed { Kind = 1 }]);
        using (Fit(keyed))
        {
        }
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Fit(new WrongKeys(keyed)));
        StringAssert.Contains(failure.Message, "Row 1 of the training set has key 4 in label column 'Kind'");
        StringAssert.Contains(failure.Message, "1 to 3");
    }

    [TestMethod]
    public void A_validation_set_of_other_classes_is_refused()
    {
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9));
        var others = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 2));
        var failure = Assert.Throws<ArgumentOutOfRangeException>(() => new PrunedFeedForwardTrainer(context, new() { LabelColumnName = "Kind", FeatureColumnName = "Petals", ValidationSet = others }).Fit(keys));
        StringAssert.Contains(failure.Message, "2 label values");
    }

    [TestMethod]
    public void Layers_that_fit_in_no_memory_are_named_with_the_bytes_they_need()
    {
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9));
        var options = new PrunedFeedForwardTrainer.Options { LabelColumnName = "Kind", FeatureColumnName = "Petals", HiddenSizes = [1000, int.MaxValue] };
        var failure = Assert.ThrowsExactly<InvalidOperationException>(() => new PrunedFeedForwardTrainer(context, options).Fit(keys));
        StringAssert.Contains(failure.Message, "HiddenSizes is [1000, 2147483647]");
        // 4 features, 3 classes: 5 * 1000 + 1001m + 3(m + 1) floats for m neurons.
        StringAssert.Contains(failure.Message, $"{(1004m * int.MaxValue + 5003) * 4:0} bytes");
    }

    [TestMethod]
    public void A_validation_set_with_keys_in_another_order_is_refused()
    {
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9));
        var turned = FeedForwardPipelineTests.Keys(context, context.Data.LoadFromEnumerable(Flowers.Pick(9).Reverse().ToArray()));
        AssertRefused(() => Validated(turned).Fit(keys), "Key 1 of label column 'Kind'", "validation set", "fitted pipeline");
    }

    [TestMethod]
    public void A_validation_set_that_was_not_transformed_is_said_to_be_the_culprit()
    {
        var raw = Flowers.View(context, 9);
        var failure = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Validated(raw).Fit(FeedForwardPipelineTests.Keys(context, raw)));
        StringAssert.Contains(failure.Message, "The validation set does not fit: Label column 'Kind' is String");
        StringAssert.Contains(failure.Message, "fitted pipeline");
        Assert.IsFalse(failure.Message.Contains("(Parameter", StringComparison.Ordinal), failure.Message);
    }

    PrunedFeedForwardTrainer Validated(IDataView set) => new(context, new() { LabelColumnName = "Kind", FeatureColumnName = "Petals", ValidationSet = set });

    [TestMethod]
    public void Data_of_another_width_cannot_be_scored()
    {
        using var model = Fit(FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9)));
        var wide = context.Data.LoadFromEnumerable([new Wide()]);
        AssertRefused(() => model.Transform(wide), "Feature column 'Petals'", "vectors of 4");
        AssertRefused(() => model.GetOutputSchema(context.Data.SynthesizeDigits(1).Schema), "feature column 'Petals'", "Pixels");
    }

    [TestMethod]
    [DataRow("Epochs")]
    [DataRow("BatchSize")]
    [DataRow("LearningRate")]
    [DataRow("GradientClipNorm")]
    [DataRow("Replicas")]
    [DataRow("MemoryLimit")]
    [DataRow("Seed")]
    [DataRow("Device")]
    [DataRow("HiddenSizes")]
    [DataRow("LabelColumnName")]
    [DataRow("FeatureColumnName")]
    public void A_wrong_option_is_named_when_the_trainer_is_made(string option)
    {
        var options = new PrunedFeedForwardTrainer.Options();
        switch (option)
        {
            case "Epochs": options.Epochs = 0; break;
            case "BatchSize": options.BatchSize = 0; break;
            case "LearningRate": options.LearningRate = double.NaN; break;
            case "GradientClipNorm": options.GradientClipNorm = 0; break;
            case "Replicas": options.Replicas = -1; break;
            case "MemoryLimit": options.MemoryLimit = -1; break;
            case "Seed": options.Seed = -1; break;
            case "Device": options.Device = "abacus"; break;
            case "HiddenSizes": options.HiddenSizes = [50, 0]; break;
            case "LabelColumnName": options.LabelColumnName = ""; break;
            default: options.FeatureColumnName = null!; break;
        }
        var failure = Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedFeedForward(options));
        StringAssert.Contains(failure.Message, option);
    }

    [TestMethod]
    public void A_gpu_that_is_not_there_is_an_error_unless_the_CPU_will_do()
    {
        if (TorchSharp.torch.cuda.is_available())
            Assert.Inconclusive("There is a GPU.");
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 9));
        var picky = new MLContext(seed: 1) { GpuDeviceId = 0, FallbackToCpu = false };
        var failure = Assert.ThrowsExactly<InvalidOperationException>(() => new PrunedFeedForwardTrainer(picky, Options()).Fit(keys));
        StringAssert.Contains(failure.Message, "GpuDeviceId is 0");
        var easy = new MLContext(seed: 1) { GpuDeviceId = 0, FallbackToCpu = true };
        using var model = new PrunedFeedForwardTrainer(easy, Options()).Fit(keys);
    }

    static PrunedFeedForwardTrainer.Options Options() => new() { LabelColumnName = "Kind", FeatureColumnName = "Petals", Epochs = 1 };

    PrunedModelTransformer Fit(IDataView data, string label = "Kind", string features = "Petals") =>
        context.MulticlassClassification.Trainers.PrunedFeedForward(label, features, epochs: 1).Fit(data);

    static void AssertRefused(Action act, params string[] parts)
    {
        var failure = Assert.ThrowsExactly<ArgumentOutOfRangeException>(act);
        foreach (string part in parts)
            StringAssert.Contains(failure.Message, part);
    }

    static IEnumerable<T> Lazily<T>(Func<IEnumerable<T>> make)
    {
        foreach (var item in make())
            yield return item;
    }

    sealed class Loose
    {
        public string Kind { get; set; } = "a";

        public float[] Petals { get; set; } = [1, 2];
    }

    sealed class Wide
    {
        [VectorType(5)]
        public float[] Petals { get; set; } = new float[5];
    }

    sealed class Keyed
    {
        [KeyType(3)]
        public uint Kind { get; set; }

        [VectorType(2)]
        public float[] Petals { get; set; } = [1, 2];
    }

    /// <summary>A view that breaks the promise of its key type, as a faulty loader might: every third key plus one.</summary>
    sealed class WrongKeys(IDataView data) : IDataView
    {
        public bool CanShuffle => false;

        public DataViewSchema Schema => data.Schema;

        public long? GetRowCount() => data.GetRowCount();

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(data.GetRowCursor(columnsNeeded));

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded)];

        sealed class Cursor(DataViewRowCursor input) : DataViewRowCursor
        {
            public override DataViewSchema Schema => input.Schema;

            public override long Position => input.Position;

            public override long Batch => input.Batch;

            public override bool MoveNext() => input.MoveNext();

            public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

            public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
            {
                var get = input.GetGetter<TValue>(column);
                return column.Name != "Kind" ? get : (ref TValue value) =>
                {
                    get(ref value);
                    if (value is 3u)
                        value = (TValue)(object)4u;
                };
            }
        }
    }
}
