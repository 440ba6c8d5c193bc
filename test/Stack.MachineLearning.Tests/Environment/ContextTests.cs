using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Stack.MachineLearning.Tests.Environment;

[TestClass]
public sealed class ContextTests
{
    [TestMethod]
    public void A_context_uses_no_gpu_until_told_to()
    {
        var context = new MLContext();

        Assert.IsNull(context.GpuDeviceId);
        Assert.IsFalse(context.FallbackToCpu);
        context.GpuDeviceId = 1;
        context.FallbackToCpu = true;
        Assert.AreEqual(1, context.GpuDeviceId);
        Assert.IsTrue(context.FallbackToCpu);
    }

    [TestMethod]
    public void Temporary_files_go_to_the_system_s_folder_unless_told_otherwise()
    {
        var context = new MLContext();

        Assert.AreEqual(Path.GetTempPath(), context.TempFilePath);
        context.TempFilePath = "/elsewhere";
        Assert.AreEqual("/elsewhere", context.TempFilePath);
    }

    [TestMethod]
    public void Messages_reach_the_log_with_their_source_and_kind()
    {
        var context = new MLContext(1);
        var seen = new List<LoggingEventArgs>();
        context.Log += (_, message) => seen.Add(message);

        var host = ((IHostEnvironment)context).Register("Trainer");
        using (var channel = host.Start("Training"))
        {
            channel.Info(MessageSensitivity.None, "epoch {0} of {1}", 1, 2);
            channel.Warning(MessageSensitivity.None, "slow");
            channel.Error(MessageSensitivity.None, "failed");
        }

        CollectionAssert.AreEqual(
            new[]
            {
                "[Source=Trainer; Training, Kind=Trace] Channel started",
                "[Source=Trainer; Training, Kind=Info] epoch 1 of 2",
                "[Source=Trainer; Training, Kind=Warning] slow",
                "[Source=Trainer; Training, Kind=Error] failed",
            },
            seen.Take(4).Select(message => message.Message).ToArray());
        Assert.AreEqual("epoch 1 of 2", seen[1].RawMessage);
        Assert.AreEqual("Trainer; Training", seen[1].Source);
        Assert.AreEqual(ChannelMessageKind.Info, seen[1].Kind);
        Assert.AreEqual("Channel disposed", seen[^1].RawMessage);
        Assert.AreEqual(6, seen.Count);
    }

    [TestMethod]
    public void A_seed_makes_hosts_random_in_the_same_way()
    {
        static double[] Draws(int seed)
        {
            IHostEnvironment environment = new MLContext(seed);
            var first = environment.Register("a").Rand;
            var second = environment.Register("b").Rand;
            return [first.NextDouble(), first.NextDouble(), second.NextDouble()];
        }

        CollectionAssert.AreEqual(Draws(5), Draws(5));
        CollectionAssert.AreNotEqual(Draws(5), Draws(6));
        Assert.AreNotEqual(Draws(5)[0], Draws(5)[2]);
    }

    /// <summary>Drawn from Microsoft.ML 5.0.0 itself.</summary>
    [TestMethod]
    public void A_seed_gives_the_numbers_it_gives_elsewhere()
    {
        var random = ((IHostEnvironment)new MLContext(1)).Register("host", seed: 42).Rand;

        Assert.AreEqual(0.5956414095126092, random.NextDouble());
        Assert.AreEqual(379575573, random.Next());
        Assert.AreEqual(753, random.Next(1000));
        Assert.AreEqual(467, random.Next(-500, 500));
    }

    [TestMethod]
    public void Options_are_kept_by_name()
    {
        var context = new MLContext();

        Assert.IsTrue(context.TryAddOption("a", 1));
        Assert.IsFalse(context.TryAddOption("a", 2));
        Assert.IsTrue(context.TryGetOption("a", out int value));
        Assert.AreEqual(1, value);
        Assert.IsFalse(context.TryGetOption("a", out string _));
        context.SetOption("a", "text");
        Assert.AreEqual("text", context.GetOptionOrDefault<string>("a"));
        Assert.AreEqual(0, context.GetOptionOrDefault<int>("b"));
        Assert.IsTrue(context.RemoveOption("a"));
        Assert.IsFalse(context.RemoveOption("a"));
        Assert.ThrowsExactly<ArgumentNullException>(() => context.SetOption(" ", 1));
    }

    [TestMethod]
    public void An_assembly_can_be_registered_twice()
    {
        var context = new MLContext();
        context.ComponentCatalog.RegisterAssembly(typeof(ContextTests).Assembly);
        context.ComponentCatalog.RegisterAssembly(typeof(ContextTests).Assembly);
    }

    [TestMethod]
    public void An_exception_is_given_back_marked()
    {
        IHostEnvironment environment = new MLContext();
        var exception = new InvalidOperationException();

        Assert.AreSame(exception, environment.Process(exception));
        Assert.IsTrue(exception.Data.Contains("ML_IsMarked"));
    }

    [TestMethod]
    public void Progress_can_be_reported()
    {
        using var channel = ((IHostEnvironment)new MLContext()).Register("Trainer").StartProgressChannel("Training");
        channel.SetHeader(new ProgressHeader(["loss"], ["epochs"]), entry => entry.SetProgress(0, 1, 2));
        channel.Checkpoint(0.5, 1, 2);
        using var inner = channel.StartProgressChannel("Epoch");
        inner.Checkpoint(0.5);
    }
}
