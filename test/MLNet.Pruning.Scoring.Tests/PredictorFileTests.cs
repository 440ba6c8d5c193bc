using MLNet.Pruning.Tests.Trainers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.ML;

namespace MLNet.Pruning.Tests;

/// <summary>A predictor that follows its file. The tests look at the file themselves, instead of every second.</summary>
[TestClass]
public sealed class PredictorFileTests
{
    readonly TemporaryFolder folder = new();
    readonly LoggedLines log = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    static string Saved(string name) => Path.Combine(AppContext.BaseDirectory, "Models", $"{name}.zip");

    string ModelFile => folder["model.zip"];

    /// <summary>Puts a file in the place of the model, as a deployment does.</summary>
    void Place(byte[] content)
    {
        File.WriteAllBytes(folder["next"], content);
        File.Move(folder["next"], ModelFile, overwrite: true);
    }

    PredictorFile<Pattern, Scores> Follow() => new(ModelFile, new() { ReloadInterval = Timeout.InfiniteTimeSpan }, log);

    static float[] Expected(string name, Pattern row)
    {
        var context = new MLContext().UsePruning();
        return context.Model.CreatePredictor<Pattern, Scores>(context.Model.Load(Saved(name), out _)).Predict(row).Score;
    }

    [TestMethod]
    public void A_file_that_has_changed_serves_once_it_is_the_same_at_two_looks()
    {
        Place(File.ReadAllBytes(Saved("feedforward")));
        using var file = Follow();
        var row = Patterns.Draw(1)[0];
        CollectionAssert.AreEqual(Expected("feedforward", row), file.Predictor.Predict(row).Score);
        file.Check();
        Assert.HasCount(1, log.Lines, "nothing has changed");
        Place(File.ReadAllBytes(Saved("convnet")));
        file.Check();
        CollectionAssert.AreEqual(Expected("feedforward", row), file.Predictor.Predict(row).Score);
        file.Check();
        CollectionAssert.AreEqual(Expected("convnet", row), file.Predictor.Predict(row).Score);
        StringAssert.Contains(log.Lines[^1], "again");
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_folder_that_is_a_link_to_another_folder_now_has_another_file()
    {
        foreach (string name in (string[])["feedforward", "convnet"])
            File.Copy(Saved(name), Path.Combine(Directory.CreateDirectory(folder[name]).FullName, "model.zip"));
        Directory.CreateSymbolicLink(folder["current"], folder["feedforward"]);
        using var file = new PredictorFile<Pattern, Scores>(
            folder["current/model.zip"], new() { ReloadInterval = Timeout.InfiniteTimeSpan }, log);
        Directory.Delete(folder["current"]); // the link
        Directory.CreateSymbolicLink(folder["current"], folder["convnet"]);
        file.Check();
        file.Check();
        var row = Patterns.Draw(1)[0];
        CollectionAssert.AreEqual(Expected("convnet", row), file.Predictor.Predict(row).Score);
    }

    [TestMethod]
    public void A_file_that_is_half_written_or_unfit_or_gone_changes_nothing_and_is_told_once()
    {
        byte[] whole = File.ReadAllBytes(Saved("vit"));
        Place(whole);
        using var file = Follow();
        var row = Patterns.Draw(1)[0];
        float[] expected = Expected("vit", row);
        foreach (byte[] bad in (byte[][])[whole[..(whole.Length / 2)], [1, 2, 3], [], File.ReadAllBytes(Saved("vae"))])
        {
            log.Lines.Clear();
            Place(bad);
            for (int look = 0; look < 4; look++)
            {
                file.Check();
                CollectionAssert.AreEqual(expected, file.Predictor.Predict(row).Score);
            }
            StringAssert.StartsWith(log.Lines.Single(), "Error: ");
            StringAssert.Contains(log.Lines[0], ModelFile);
        }
        log.Lines.Clear();
        File.Delete(ModelFile);
        file.Check();
        file.Check();
        StringAssert.StartsWith(log.Lines.Single(), "Warning: ");
        CollectionAssert.AreEqual(expected, file.Predictor.Predict(row).Score);
        Place(File.ReadAllBytes(Saved("feedforward")));
        file.Check();
        file.Check();
        CollectionAssert.AreEqual(Expected("feedforward", row), file.Predictor.Predict(row).Score);
    }

    [TestMethod]
    public void Calls_end_with_the_model_that_they_began_with_and_the_last_one_frees_it()
    {
        var context = new MLContext().UsePruning();
        var (first, second) = (new RowPredictor<Pattern, Scores>(context, context.Model.Load(Saved("vit"), out _), owns: true),
            new RowPredictor<Pattern, Scores>(context, context.Model.Load(Saved("convnet"), out _), owns: true));
        var predictor = new PruningPredictor<Pattern, Scores>(first);
        var row = Patterns.Draw(1)[0];
        float[] expected = first.Predict(row).Score;
        Assert.IsTrue(first.TryEnter());
        predictor.Replace(second);
        CollectionAssert.AreEqual(second.Predict(row).Score, predictor.Predict(row).Score);
        CollectionAssert.AreEqual(expected, first.Predict(row).Score, "a call is in progress");
        first.Leave();
        Assert.Throws<ObjectDisposedException>(() => first.Predict(row));
        Assert.IsFalse(first.TryEnter());
        predictor.Close();
        Assert.Throws<ObjectDisposedException>(() => predictor.Predict(row));
    }

    [TestMethod]
    public void Predictions_while_the_file_changes_are_whole_ones_of_either_model()
    {
        string[] names = ["feedforward", "convnet"];
        var row = Patterns.Draw(1)[0];
        float[][] expected = Array.ConvertAll(names, name => Expected(name, row));
        byte[][] files = Array.ConvertAll(names, name => File.ReadAllBytes(Saved(name)));
        Place(files[0]);
        using var file = Follow();
        using var stop = new CancellationTokenSource();
        int[] seen = new int[2];
        var callers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                float[] found = file.Predictor.Predict(row).Score;
                int which = Array.FindIndex(expected, one => one.SequenceEqual(found));
                Assert.IsGreaterThanOrEqualTo(0, which, "neither model gives this");
                Interlocked.Increment(ref seen[which]);
            }
        })).ToArray();
        for (int i = 1; i <= 20; i++)
        {
            Place(files[i % 2]);
            file.Check();
            file.Check();
            int before = seen[i % 2];
            Assert.IsTrue(SpinWait.SpinUntil(() => Volatile.Read(ref seen[i % 2]) > before || callers.Any(caller => caller.IsFaulted), 60_000));
        }
        stop.Cancel();
        Task.WaitAll(callers);
        Assert.HasCount(21, log.Lines);
    }

    [TestMethod]
    public void The_container_gives_one_predictor_and_frees_its_model()
    {
        Place(File.ReadAllBytes(Saved("feedforward")));
        var services = new ServiceCollection().AddPruningPredictor<Pattern, Scores>(Saved("vit"))
            .AddPruningPredictor<Pattern, Scores>(ModelFile, options => options.ReloadInterval = TimeSpan.FromMilliseconds(1));
        PruningPredictor<Pattern, Scores> predictor;
        var row = Patterns.Draw(1)[0];
        using (var provider = services.BuildServiceProvider())
        {
            predictor = provider.GetRequiredService<PruningPredictor<Pattern, Scores>>();
            Assert.AreSame(predictor, provider.GetRequiredService<PruningPredictor<Pattern, Scores>>());
            CollectionAssert.AreEqual(Expected("feedforward", row), predictor.Predict(row).Score);
            Place(File.ReadAllBytes(Saved("convnet")));
            float[] next = Expected("convnet", row);
            Assert.IsTrue(SpinWait.SpinUntil(() => predictor.Predict(row).Score.SequenceEqual(next), 60_000), "the file is looked at by itself");
        }
        Assert.Throws<ObjectDisposedException>(() => predictor.Predict(row));
    }

    [TestMethod]
    public void What_cannot_serve_is_told_when_the_predictor_is_asked_for()
    {
        Told<FileNotFoundException>("model.zip");
        Place([1, 2, 3]);
        Told<InvalidDataException>("model.zip");
        Place(File.ReadAllBytes(Saved("vae")));
        Told<NotSupportedException>("PrunedVaeTransformer");
        Assert.Contains("ReloadInterval is 00:00:00", Assert.Throws<ArgumentOutOfRangeException>(() =>
            new ServiceCollection().AddPruningPredictor<Pattern, Scores>(ModelFile, options => options.ReloadInterval = TimeSpan.Zero)).Message);

        void Told<T>(string part)
            where T : Exception
        {
            using var provider = new ServiceCollection().AddPruningPredictor<Pattern, Scores>(ModelFile).BuildServiceProvider();
            StringAssert.Contains(Assert.Throws<T>(() => provider.GetRequiredService<PruningPredictor<Pattern, Scores>>()).Message, part);
        }
    }

    sealed class Scores
    {
        public float[] Score { get; set; } = [];
    }

    sealed class LoggedLines : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
