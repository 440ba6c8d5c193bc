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
    }

    [TestMethod]
    public void Once_the_run_has_ended_freed_memory_goes_back_to_Linux()
    {
        if (KeptMemory.Begin() is not { } kept)
        {
            Assert.Inconclusive("Only where the C library is glibc, and nobody has set it otherwise.");
            return;
        }
        Step(150);
        kept.Dispose();
        var before = Resident();
        Step(150);
        // Of 300 MiB, at most 64 at the top of a heap may stay with the process.
        Assert.IsLessThan(150L << 20, Resident() - before);
    }

    static long Resident() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * Environment.SystemPageSize;

    static void Step(int count = 10)
    {
        var tensors = Enumerable.Range(0, count).Select(_ => zeros(512, 1024)).ToArray();
        foreach (var tensor in tensors)
            tensor.Dispose();
    }

    // Of this thread.
    static long Faults() => long.Parse(File.ReadAllText("/proc/thread-self/stat").Split(") ")[1].Split(' ')[7]);
}
