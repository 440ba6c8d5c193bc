using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class MemoryTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Twenty_events_leave_no_tensors_behind(bool rewind)
    {
        static void Collect()
        {
            for (var i = 0; i < 2; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        static long Left(Func<IDisposable> make)
        {
            Collect();
            var before = Tensor.TotalCount;
            make().Dispose();
            Collect();
            return Tensor.TotalCount - before;
        }
        var counts = new List<long>();
        nn.Module Build() => nn.Sequential(("conv", nn.Conv1d(1, 40, 3)), ("norm", nn.BatchNorm1d(40)), ("relu", nn.ReLU()), ("flat", nn.Flatten()), ("mid", nn.Linear(400, 60)), ("relu2", nn.ReLU()), ("out", nn.Linear(60, 3)));
        var (_, history) = Runs.Train(new TrainingOptions
        {
            Epochs = 23,
            BatchSize = 25,
            Replicas = 2,
            Hooks = [
                new NeuronPruning { Importance = new InputMeans(), Schedule = Schedule.Stepwise(1, 1, 0.05, 0.9), Rewind = rewind ? 0 : null }.Begin(),
                new Hook
                {
                    // Replicas are there again, as after every event.
                    OnAfterEpoch = _ =>
                    {
                        Collect();
                        counts.Add(Tensor.TotalCount);
                    },
                }],
        }, new Rows(100, 12, (row, i) => (row + 1) * (i + 1) % 7 / 7f, row => row % 3) { Shape = [1, 12] }, Build, validation: null);
        Assert.HasCount(22, history.Events);
        // TorchSharp counts for ever the tensor that a parameter was made from, though its memory goes with the parameter.
        var miscounted = Left(Build);
        Assert.AreEqual(counts[2] + (19 * miscounted), counts[21], string.Join(", ", counts));
    }
}
