using TorchSharp.Native;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

[TestClass]
public sealed class MissingLibraryTests
{
    [TestMethod]
    public void A_missing_bridge_is_named_with_the_way_to_get_it()
    {
        var error = Assert.ThrowsExactly<DllNotFoundException>(() => Bridge.Load("/nowhere/libpruning_torch.so"));
        StringAssert.Contains(error.Message, "/nowhere/libpruning_torch.so");
        StringAssert.Contains(error.Message, "./build.sh");
        StringAssert.Contains(error.Message, "LIBTORCH=DIR");
    }

    [TestMethod]
    public void A_bridge_that_does_not_load_is_told_from_one_that_is_missing()
    {
        var broken = Path.GetTempFileName();
        try
        {
            File.WriteAllText(broken, "no library");
            var error = Assert.ThrowsExactly<DllNotFoundException>(() => Bridge.Load(broken));
            StringAssert.Contains(error.Message, "does not load");
            StringAssert.Contains(error.Message, "libtorch-dev");
        }
        finally
        {
            File.Delete(broken);
        }
    }
}
