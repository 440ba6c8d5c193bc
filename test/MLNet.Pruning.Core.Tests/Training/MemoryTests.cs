using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
[DoNotParallelize]
public sealed class MemoryTests
{
    [TestMethod]
    public void Steps_leave_no_tensors_behind()
    {
        var counts = new List<long>();
        Runs.Train(new TrainingOptions
        {
            Epochs = 4,
            BatchSize = 10,
            Replicas = 2,
            Hooks = [new Hook { OnAfterEpoch = _ => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount) }],
        }, Rows.Blobs(300, 12, 3), validation: Rows.Blobs(50, 12, 3));
        Assert.AreEqual(counts[1], counts[3], string.Join(", ", counts));
    }

    [TestMethod]
    public void A_run_leaves_no_tensors_behind()
    {
        var built = 0;
        nn.Module Build()
        {
            built++;
            return Runs.Small.Build();
        }
        long Count(Action work)
        {
            work();
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            return Tensor.TotalCount;
        }
        long Run() => Count(() => Runs.Train(new TrainingOptions { Epochs = 1, BatchSize = 10, Replicas = 2, GradientClipNorm = 1, Schedule = LearningRateSchedule.Cosine() },
            build: Build, validation: Rows.Blobs(50, 12, 3)));
        Run();
        // TorchSharp counts for ever the tensor that a parameter was made from, though its memory goes with the parameter.
        var miscounted = -Count(() => { }) + Count(() => Runs.Small.Build().Dispose());
        (var before, built) = (Run(), 0);
        for (var i = 0; i < 5; i++)
            Run();
        Assert.AreEqual(before + (built * miscounted), Tensor.TotalCount);
    }
}
