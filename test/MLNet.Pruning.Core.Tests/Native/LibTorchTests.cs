using MLNet.Pruning.Native;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Native;

[TestClass]
public sealed class LibTorchTests
{
    [TestMethod]
    public void It_loads_whatever_libstdcpp_is_here_and_computes()
    {
        LibTorch.Load();
        using var sum = ones(3).sum();
        Assert.AreEqual(3f, sum.item<float>());
    }

    [TestMethod]
    public void Beside_an_old_libstdcpp_it_comes_from_a_copy_in_the_users_cache()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Only Linux has a libstdc++ of the system's.");
        LibTorch.Load();
        var loaded = File.ReadLines("/proc/self/maps").Where(line => line.Contains("LibTorchSharp", StringComparison.Ordinal)).Select(line => line[line.IndexOf('/')..]).Distinct().Single();
        var library = File.ReadLines("/proc/self/maps").Where(line => line.Contains("libstdc++.so.6", StringComparison.Ordinal)).Select(line => line[line.IndexOf('/')..]).First();
        var old = File.ReadAllBytes(library).AsSpan().IndexOf("GLIBCXX_3.4.32\0"u8) < 0;
        Assert.AreEqual(old, loaded.Contains("/MLNet.Pruning/libLibTorchSharp-", StringComparison.Ordinal), loaded);
    }
}
