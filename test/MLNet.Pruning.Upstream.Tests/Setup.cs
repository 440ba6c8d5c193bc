using MLNet.Pruning.Native;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary>These tests touch TorchSharp before anything of the product, as a user's program may.</summary>
[TestClass]
public static class Setup
{
    [AssemblyInitialize]
    public static void Load(TestContext _) => LibTorch.Load();
}
