using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Stack.TorchSharp.Tests.Modules;

[TestClass]
public sealed class StateTests
{
    [TestMethod]
    public void A_saved_module_loads_into_an_equal_one()
    {
        using var scope = NewDisposeScope();
        var path = Path.GetTempFileName();
        try
        {
            manual_seed(1);
            var saved = new Block();
            saved.call(randn(8, 4));
            saved.save(path);
            var loaded = new Block();
            Assert.AreSame(loaded, loaded.load(path));
            AssertSame(saved, loaded);
            saved.eval();
            loaded.eval();
            var x = randn(5, 4);
            Assert.IsTrue(saved.call(x).Equals(loaded.call(x)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void The_file_is_a_count_and_then_name_type_shape_and_bytes_of_each()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(2, 1);
        using (no_grad())
        {
            layer.weight!.fill_(1.5f);
            layer.bias!.fill_(-2f);
        }
        using var stream = new MemoryStream();
        layer.save(new BinaryWriter(stream));
        using var expected = new MemoryStream();
        using var writer = new BinaryWriter(expected);
        writer.Write((byte)2);
        writer.Write("weight");
        writer.Write([6, 2, 1, 2]);
        writer.Write(1.5f);
        writer.Write(1.5f);
        writer.Write("bias");
        writer.Write([6, 1, 1]);
        writer.Write(-2f);
        CollectionAssert.AreEqual(expected.ToArray(), stream.ToArray());
    }

    [TestMethod]
    public void Loading_is_strict_unless_told_otherwise()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        Linear(2, 3).save(new BinaryWriter(stream));
        Assert.ThrowsExactly<ArgumentException>(() => Load(Linear(2, 3, false)));
        Assert.ThrowsExactly<ArgumentException>(() => Load(Sequential(Linear(2, 3))));
        Assert.ThrowsExactly<ArgumentException>(() => Load(Linear(2, 4)));
        var narrow = Linear(2, 3, false);
        stream.Position = 0;
        narrow.load(new BinaryReader(stream), strict: false);
        Assert.ThrowsExactly<FileNotFoundException>(() => narrow.load("/nowhere/at/all"));

        Module Load(Module into)
        {
            stream.Position = 0;
            return into.load(new BinaryReader(stream));
        }
    }

    [TestMethod]
    public void Skipped_entries_stay_as_they_are()
    {
        using var scope = NewDisposeScope();
        var from = Linear(2, 3);
        var into = Linear(2, 3);
        var before = into.weight!.detach().clone();
        using var stream = new MemoryStream();
        from.save(new BinaryWriter(stream));
        stream.Position = 0;
        into.load(new BinaryReader(stream), skip: ["weight"]);
        Assert.IsTrue(into.weight!.Equals(before));
        Assert.IsTrue(into.bias!.Equals(from.bias!));
    }

    [TestMethod]
    public void A_state_dictionary_holds_the_modules_own_tensors()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(2, 3);
        using (no_grad())
            layer.state_dict()["weight"].fill_(7f);
        Assert.AreEqual(7f, layer.weight![0, 0].item<float>());
    }

    [TestMethod]
    public void Loading_a_state_dictionary_copies_and_names_what_does_not_fit()
    {
        using var scope = NewDisposeScope();
        var from = new Block();
        var into = new Block();
        var (missing, unexpected) = into.load_state_dict(from.state_dict());
        Assert.IsEmpty(missing);
        Assert.IsEmpty(unexpected);
        AssertSame(from, into);

        var changed = from.state_dict();
        changed.Remove("scale");
        changed["other"] = zeros(1);
        Assert.ThrowsExactly<InvalidOperationException>(() => into.load_state_dict(changed));
        (missing, unexpected) = into.load_state_dict(changed, strict: false);
        CollectionAssert.AreEqual(new[] { "scale" }, missing.ToList());
        CollectionAssert.AreEqual(new[] { "other" }, unexpected.ToList());
        (missing, unexpected) = into.load_state_dict(changed, skip: ["scale", "other"]);
        Assert.IsEmpty(missing);
        Assert.IsEmpty(unexpected);
    }

    static void AssertSame(Module expected, Module actual)
    {
        var state = actual.state_dict();
        foreach (var (name, value) in expected.state_dict())
            Assert.IsTrue(value.Equals(state[name]), name);
    }
}
