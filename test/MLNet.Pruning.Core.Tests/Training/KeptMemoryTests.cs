using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class KeptMemoryTests
{
    [TestMethod]
    public void A_step_finds_the_memory_that_the_one_before_has_freed()
    {
        using var kept = KeptMemory.Begin();
        if (kept is null)
            Assert.Inconclusive("Only where the C library is glibc, and nobody has set it otherwise.");
        using var another = KeptMemory.Begin();
        Assert.IsNotNull(another);
        for (var i = 0; i < 3; i++)
            Step();
        var before = Faults();
        for (var i = 0; i < 20; i++)
            Step();
        // 20 MiB are 5,120 pages: given back and asked for again, they would fault 20 times over.
        Assert.IsLessThan(5_120, Faults() - before);

        static void Step()
        {
            var tensors = Enumerable.Range(0, 10).Select(_ => zeros(512, 1024)).ToArray();
            foreach (var tensor in tensors)
                tensor.Dispose();
        }

        // Of this thread.
        static long Faults() => long.Parse(File.ReadAllText("/proc/thread-self/stat").Split(") ")[1].Split(' ')[7]);
    }
}
