using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class ScoringTests
{
    [TestMethod]
    public void Rows_read_ahead_keep_their_own_values_of_the_other_columns()
    {
        var context = new MLContext(seed: 1);
        using var model = FeedForwardPipelineTests.Pipeline(context).Fit(Flowers.View(context, 60));
        var flowers = Flowers.Pick(700, seed: 2);
        var scored = model.Transform(context.Data.LoadFromEnumerable(flowers));
        var schema = scored.Schema;
        using var cursor = scored.GetRowCursor(schema);
        var number = cursor.GetGetter<int>(schema["Number"]);
        var kind = cursor.GetGetter<uint>(schema["Kind"]);
        var petals = cursor.GetGetter<VBuffer<float>>(schema["Petals"]);
        var predicted = cursor.GetGetter<uint>(schema["PredictedLabel"]);
        var id = cursor.GetIdGetter();
        var (numberValue, kindValue, petalValues, predictedValue, idValue) = (0, 0u, default(VBuffer<float>), 0u, default(DataViewRowId));
        for (int row = 0; row < flowers.Length; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            Assert.AreEqual(row, cursor.Position);
            number(ref numberValue);
            kind(ref kindValue);
            petals(ref petalValues);
            predicted(ref predictedValue);
            id(ref idValue);
            Assert.AreEqual(row, numberValue);
            Assert.AreEqual((uint)(row % 3) + 1, kindValue);
            CollectionAssert.AreEqual(flowers[row].Petals, petalValues.DenseValues().ToArray());
            Assert.AreEqual(kindValue, predictedValue);
            Assert.AreEqual((ulong)row, idValue.Low);
        }
        Assert.IsFalse(cursor.MoveNext());
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
    }

    [TestMethod]
    public void Nothing_is_computed_for_who_wants_no_scores()
    {
        var context = new MLContext(seed: 1);
        var data = Flowers.View(context, 60);
        var model = FeedForwardPipelineTests.Pipeline(context).Fit(data);
        var scored = model.Transform(data);
        model.Dispose();
        CollectionAssert.AreEqual(Enumerable.Range(0, 60).ToArray(), scored.GetColumn<int>("Number").ToArray());
        Assert.ThrowsExactly<ObjectDisposedException>(() => scored.GetColumn<float[]>("Score").ToArray());
    }

    [TestMethod]
    public void Many_threads_may_read_at_once()
    {
        var context = new MLContext(seed: 1);
        using var model = FeedForwardPipelineTests.Pipeline(context).Fit(Flowers.View(context, 60));
        var data = Flowers.View(context, 900, seed: 4);
        var scored = model.Transform(data);
        var expected = scored.GetColumn<float[]>("Score").ToArray();
        Parallel.For(0, 8, _ =>
        {
            var found = scored.GetColumn<float[]>("Score").ToArray();
            for (int row = 0; row < expected.Length; row++)
                CollectionAssert.AreEqual(expected[row], found[row]);
        });
        var cursors = scored.GetRowCursorSet([scored.Schema["PredictedLabel"]], 4);
        long rows = 0;
        Parallel.ForEach(cursors, cursor =>
        {
            using (cursor)
            {
                while (cursor.MoveNext())
                    Interlocked.Increment(ref rows);
            }
        });
        Assert.AreEqual(900, rows);
    }

    [TestMethod]
    public void A_row_with_a_missing_feature_has_no_prediction()
    {
        var context = new MLContext(seed: 1);
        using var model = FeedForwardPipelineTests.Pipeline(context).Fit(Flowers.View(context, 60));
        var flowers = Flowers.Pick(3);
        flowers[1].Petals[2] = float.NaN;
        CollectionAssert.AreEqual(new uint[] { 1, 0, 3 }, model.Transform(context.Data.LoadFromEnumerable(flowers)).GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void Disposing_of_a_model_while_others_read_from_it_ends_their_reading_cleanly()
    {
        var context = new MLContext(seed: 1);
        for (int round = 0; round < 20; round++)
        {
            var model = FeedForwardPipelineTests.Pipeline(context).Fit(Flowers.View(context, 60));
            var scored = model.Transform(Flowers.View(context, 2_000, seed: 4));
            using var started = new CountdownEvent(3);
            var readers = Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(() =>
            {
                started.Signal();
                while (true)
                    Assert.AreEqual(2_000, scored.GetColumn<uint>("PredictedLabel").Count());
            }, TaskCreationOptions.LongRunning)).ToArray();
            started.Wait();
            model.Dispose();
            foreach (var reader in readers)
                Assert.ThrowsExactly<ObjectDisposedException>(() => reader.GetAwaiter().GetResult());
        }
    }
}
