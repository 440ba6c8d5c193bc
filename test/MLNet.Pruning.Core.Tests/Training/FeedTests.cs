using MLNet.Pruning.Training;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class FeedTests
{
    static Rows Numbered(int count, bool known = true) => new(count, 4, (row, i) => row * 10 + i, row => row % 7) { CountKnown = known };

    static List<int[]> Epoch(IFeed feed, int epoch)
    {
        var batches = new List<int[]>();
        feed.BeginEpoch(epoch);
        var upcoming = feed.Upcoming.ToArray();
        for (var slots = feed.Next(default); slots.Length > 0; slots = feed.Next(default))
        {
            if (feed is MemoryFeed)
                CollectionAssert.AreEqual(slots.ToArray(), upcoming);
            else
                Assert.AreEqual(0, upcoming.Length);
            upcoming = feed.Upcoming.ToArray();
            var rows = new int[slots.Length];
            for (var i = 0; i < rows.Length; i++)
            {
                unsafe
                {
                    var row = feed.Examples.Row(slots[i]);
                    rows[i] = (int)(row[0] / 10);
                    for (var k = 0; k < 4; k++)
                        Assert.AreEqual(rows[i] * 10 + k, row[k]);
                    Assert.AreEqual(rows[i] % 7, feed.Examples.Answer(slots[i]).Label);
                }
            }
            batches.Add(rows);
        }
        return batches;
    }

    // A row of four floats and a label takes 24 bytes; 24 * 40 streams 103 rows through a pool of 40.
    [TestMethod]
    [DataRow(0L, true, true)]
    [DataRow(24L * 40, true, true)]
    [DataRow(24L * 40, false, true)]
    [DataRow(24L * 40, true, false)]
    [DataRow(0L, true, false)]
    [DataRow(24L * 110, false, true)]
    public void Every_row_comes_once_an_epoch(long limit, bool known, bool shuffle)
    {
        var options = new TrainingOptions { BatchSize = 10, MemoryLimit = limit, Shuffle = shuffle, Seed = 3 };
        using var feed = Feed.Open(Numbered(103, known), options, 7, default);
        Assert.AreEqual(limit is > 0 and < 24 * 103, feed is StreamingFeed);
        var first = Epoch(feed, 0);
        CollectionAssert.AreEqual(new[] { 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 3 }, first.Select(b => b.Length).ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, 103).ToArray(), first.SelectMany(b => b).Order().ToArray());
        Assert.AreEqual(11, feed.StepsPerEpoch);

        var second = Epoch(feed, 1).SelectMany(b => b).ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(0, 103).ToArray(), second.Order().ToArray());
        var again = Epoch(feed, 0).SelectMany(b => b).ToArray();
        CollectionAssert.AreEqual(first.SelectMany(b => b).ToArray(), again);
        if (shuffle)
            CollectionAssert.AreNotEqual(again, second);
        else
            CollectionAssert.AreEqual(Enumerable.Range(0, 103).ToArray(), again);
    }

    [TestMethod]
    public void The_last_batch_can_be_dropped()
    {
        foreach (var limit in new long[] { 0, 24 * 40 })
        {
            using var feed = Feed.Open(Numbered(103), new TrainingOptions { BatchSize = 10, DropLastBatch = true, MemoryLimit = limit }, 7, default);
            Assert.AreEqual(10, feed.StepsPerEpoch);
            Assert.IsTrue(Epoch(feed, 0).All(b => b.Length == 10));
            Assert.HasCount(10, Epoch(feed, 1));
        }
    }

    [TestMethod]
    [DataRow(false, 11)]
    [DataRow(true, 10)]
    public void Rows_of_a_source_that_does_not_know_its_count_are_counted_before_training(bool drop, int steps)
    {
        var rates = new List<double>();
        var known = -1;
        Runs.Train(new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 10,
            DropLastBatch = drop,
            MemoryLimit = (12 * sizeof(float) + sizeof(long)) * 40,
            Schedule = LearningRateSchedule.Cosine(),
            Hooks = [new Hook { OnStarted = run => known = run.StepsPerEpoch, OnAfterStep = run => rates.Add(run.LearningRate) }],
        }, new Rows(103, 12, (row, i) => i % 3 == row % 3 ? 1 : 0, row => row % 3) { CountKnown = false });
        Assert.AreEqual(steps, known);
        Assert.HasCount(steps, rates.Distinct().ToArray(), "the rate moves with every step");
    }

    [TestMethod]
    public void A_source_that_promises_another_count_than_it_gives_is_refused_when_streamed()
    {
        var rows = new Short();
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(new TrainingOptions { Epochs = 1, BatchSize = 10, MemoryLimit = 56 * 40 }, rows));
        Assert.AreEqual("The source of examples promised 200 rows and gave 103.", error.Message);
    }

    sealed class Short : IExampleSource
    {
        readonly Rows rows = new(103, 12, (row, i) => i % 3 == row % 3 ? 1 : 0, row => row % 3);

        public IReadOnlyList<long> Shape => rows.Shape;

        public bool HasLabels => true;

        public long? Count => 200;

        public IExampleReader Open() => rows.Open();
    }

    [TestMethod]
    public void A_label_out_of_range_names_its_row()
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(() => Feed.Open(Numbered(50), new TrainingOptions(), 6, default)).Message;
        StringAssert.Contains(message, "Row 6");
        StringAssert.Contains(message, "label 6");
        StringAssert.Contains(message, "0 to 5");
    }

    [TestMethod]
    public void A_source_without_rows_is_refused()
    {
        Assert.ThrowsExactly<InvalidDataException>(() => Feed.Open(Numbered(0), new TrainingOptions(), 7, default));
        Assert.ThrowsExactly<InvalidDataException>(() => Feed.Open(Numbered(5), new TrainingOptions { DropLastBatch = true }, 7, default));
    }

    [TestMethod]
    public void The_shuffle_is_the_same_on_every_machine()
    {
        // xoshiro256** from SplitMix64's first four numbers, computed apart from this code.
        var items = Enumerable.Range(0, 10).ToArray();
        new ShuffleRandom(42, 1).Shuffle(items);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 10).ToArray(), items);
        CollectionAssert.AreEqual(Python.Json<int[]>("shuffle.py", 42, 1, 10), items);
    }

    [TestMethod]
    public void The_shuffle_is_uniform()
    {
        var counts = new int[5, 5];
        for (var i = 0; i < 5000; i++)
        {
            int[] items = [0, 1, 2, 3, 4];
            new ShuffleRandom(i, 0).Shuffle(items);
            for (var place = 0; place < 5; place++)
                counts[place, items[place]]++;
        }
        foreach (var count in counts)
            Assert.AreEqual(1000, count, 150);
    }
}
