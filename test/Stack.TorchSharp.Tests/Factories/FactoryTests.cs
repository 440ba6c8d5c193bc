using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Factories;

// The seed is the process's: nothing else may draw random numbers meanwhile.
[TestClass]
[DoNotParallelize]
public sealed class FactoryTests
{
    static long[] Shape(params long[] shape) => shape;

    [TestMethod]
    public void Arrays_and_numbers_keep_their_element_type()
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(ScalarType.Int32, torch.tensor(new[] { 1, 2 }).dtype);
        Assert.AreEqual(ScalarType.Int64, torch.tensor(new[] { 1L, 2L }).dtype);
        Assert.AreEqual(ScalarType.Float32, torch.tensor(new[] { 1f }).dtype);
        Assert.AreEqual(ScalarType.Float64, torch.tensor(new[] { 1.0 }).dtype);
        Assert.AreEqual(ScalarType.Bool, torch.tensor(new[] { true }).dtype);
        Assert.AreEqual(ScalarType.Byte, torch.tensor(new byte[] { 1 }).dtype);
        Assert.AreEqual(ScalarType.Float64, torch.tensor(1.0).dtype);
        Assert.AreEqual(ScalarType.Float32, torch.tensor(1f).dtype);
        Assert.AreEqual(ScalarType.Int32, torch.tensor(1).dtype);
        Assert.AreEqual(ScalarType.Int64, torch.tensor(1L).dtype);
        Assert.AreEqual(ScalarType.Float32, torch.tensor(new[] { 1, 2 }, dtype: float32).dtype);
        Assert.AreEqual(ScalarType.ComplexFloat32, torch.tensor((1f, 2f)).dtype);
    }

    [TestMethod]
    public void A_tensor_of_an_array_has_its_own_memory()
    {
        using var scope = NewDisposeScope();
        var array = new[] { 1f, 2f, 3f };
        var copy = torch.tensor(array);
        array[0] = 9;
        CollectionAssert.AreEqual(new[] { 1f, 2f, 3f }, copy.data<float>().ToArray());
    }

    [TestMethod]
    public void A_tensor_from_an_array_shares_its_memory()
    {
        using var scope = NewDisposeScope();
        var array = new float[2, 3];
        var view = torch.from_array(array);
        array[1, 2] = 7;
        CollectionAssert.AreEqual(Shape(2, 3), view.shape);
        Assert.AreEqual(7, view[1, 2].item<float>());
        view[0, 1] = torch.tensor(5f);
        Assert.AreEqual(5, array[0, 1]);
        var buffer = torch.frombuffer(new[] { 1, 2, 3, 4 }, int32, count: 2, offset: 1);
        CollectionAssert.AreEqual(new[] { 2, 3 }, buffer.data<int>().ToArray());
    }

    [TestMethod]
    public void Arrays_of_several_dimensions_become_tensors_of_as_many()
    {
        using var scope = NewDisposeScope();
        var matrix = torch.tensor(new[,] { { 1.0, 2.0, 3.0 }, { 4.0, 5.0, 6.0 } });
        CollectionAssert.AreEqual(Shape(2, 3), matrix.shape);
        Assert.AreEqual(6.0, matrix[1, 2].item<double>());
        CollectionAssert.AreEqual(Shape(1, 2, 2), torch.tensor(new[, ,] { { { 1L, 2L }, { 3L, 4L } } }).shape);
        CollectionAssert.AreEqual(Shape(3, 2), torch.tensor(new[] { 1f, 2, 3, 4, 5, 6 }, [3, 2]).shape);
    }

    [TestMethod]
    public void Too_few_values_for_a_shape_are_refused() =>
        Assert.ThrowsExactly<ArgumentException>(() => torch.tensor(new[] { 1f, 2f }, [2, 2]));

    [TestMethod]
    public void Filled_tensors_have_the_type_asked_for_or_the_default()
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(ScalarType.Float32, torch.zeros(2, 3).dtype);
        Assert.AreEqual(ScalarType.Int64, torch.ones(2, dtype: int64).dtype);
        Assert.AreEqual(ScalarType.Int64, torch.full(2, 3).dtype);
        Assert.AreEqual(ScalarType.Float32, torch.full(2, 3.5).dtype);
        Assert.AreEqual(7.0, torch.full(2, 3.5).sum().ToDouble());
        Assert.AreEqual(ScalarType.Int64, torch.arange(5).dtype);
        Assert.AreEqual(ScalarType.Float32, torch.arange(0.0, 1.0, 0.25).dtype);
        CollectionAssert.AreEqual(new long[] { 2, 5, 8 }, torch.arange(2, 10, 3).data<long>().ToArray());
        CollectionAssert.AreEqual(new[] { 0f, 0.5f, 1f }, torch.linspace(0, 1, 3).data<float>().ToArray());
        Assert.AreEqual(2f, torch.eye(2, 3).sum().ToSingle());
        Assert.AreEqual(ScalarType.Float64, torch.zeros_like(torch.ones(2, dtype: float64)).dtype);
        Assert.IsTrue(torch.rand(new long[] { 2, 2 }, requires_grad: true).requires_grad);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_numbers()
    {
        using var scope = NewDisposeScope();
        torch.manual_seed(5);
        var first = torch.randn(8);
        var order = torch.randperm(8);
        torch.manual_seed(5);
        Assert.IsTrue(first.Equals(torch.randn(8)));
        Assert.IsTrue(order.Equals(torch.randperm(8)));

        var (a, b) = (new Generator(3), new Generator(3));
        Assert.IsTrue(torch.rand(4, generator: a).Equals(torch.rand(4, generator: b)));
        Assert.IsFalse(torch.rand(4, generator: a).Equals(torch.rand(4, generator: new Generator(4))));
        using var state = a.get_state();
        var next = torch.randint(0, 1000, new long[] { 5 }, generator: a);
        a.set_state(state);
        Assert.IsTrue(next.Equals(torch.randint(0, 1000, new long[] { 5 }, generator: a)));
    }

    [TestMethod]
    public void Seeded_numbers_are_those_of_PyTorch()
    {
        using var scope = NewDisposeScope();
        var peer = Peer.Run("seeded.py").RootElement;
        torch.manual_seed(42);
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("randn"), torch.randn(2, 3)));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("rand"), torch.rand(5)));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("randint"), torch.randint(0, 100, new long[] { 6 })));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("randperm"), torch.randperm(9)));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("bernoulli"), torch.full(6, 0.5).bernoulli()));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("normal"), torch.zeros(4).normal_(1, 2)));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("uniform"), torch.zeros(4).uniform_(-1, 1)));
        Assert.IsNull(Peer.Difference(peer.GetProperty("seeded").GetProperty("multinomial"), torch.ones(10).multinomial(4)));
    }

    [TestMethod]
    public void Whole_random_numbers_must_fit_their_type() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => torch.randint(0, 1000, new long[] { 2 }, dtype: uint8));

    [TestMethod]
    public void Normal_numbers_must_be_floating_point() =>
        Assert.ThrowsExactly<ArgumentException>(() => torch.randn(2, 2, dtype: int64));

    [TestMethod]
    public void Files_give_back_the_tensor_that_was_saved()
    {
        using var scope = NewDisposeScope();
        var path = Path.GetTempFileName();
        try
        {
            var saved = torch.randn(3, 4);
            saved.save(path);
            Assert.IsTrue(saved.Equals(Tensor.load(path)));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
