using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class DataTests
{
    [TestMethod]
    public void Elements_come_in_row_major_order_whatever_the_strides()
    {
        using var scope = NewDisposeScope();
        var turned = torch.arange(6, dtype: float32).reshape(2, 3).t();
        var data = turned.data<float>();
        float[] expected = [0, 3, 1, 4, 2, 5];
        CollectionAssert.AreEqual(expected, data.ToArray());
        CollectionAssert.AreEqual(expected, data.ToList());
        Assert.AreEqual(6, data.Count);
        Assert.AreEqual(4, data[1, 1]);
        Assert.AreEqual(4, data[3]);
        var rest = new float[4];
        data.CopyTo(rest, 1);
        CollectionAssert.AreEqual(new float[] { 0, 0, 3, 1 }, rest);
        data.CopyFrom([9, 10, 11], 0);
        CollectionAssert.AreEqual(new float[] { 9, 10, 11, 4, 2, 5 }, data.ToArray());
        var square = (float[,])turned.data<float>().ToNDArray();
        Assert.AreEqual(5, square[2, 1]);
        CollectionAssert.AreEqual(new float[] { 9 }, turned[0, 0].data<float>().ToArray());
    }

    [TestMethod]
    public void Elements_are_read_as_the_type_that_they_have()
    {
        using var scope = NewDisposeScope();
        var floats = torch.ones(2);
        Assert.ThrowsExactly<ArgumentException>(() => floats.data<double>());
        Assert.ThrowsExactly<ArgumentException>(() => floats[0].item<int>());
        Assert.ThrowsExactly<ArgumentException>(() => floats.item<float>());
        Assert.ThrowsExactly<IndexOutOfRangeException>(() => floats.data<float>()[2]);
        Assert.AreEqual(1, floats[0].item<float>());
        Assert.AreEqual(3, torch.tensor(3.7).ToInt32());
        Assert.IsTrue(torch.tensor(true).ToBoolean());
        Assert.AreEqual(2.5f, (float)torch.tensor(2.5));
        Assert.AreEqual(ScalarType.Float64, floats[0].ToScalar().Type);
        Assert.AreEqual(ScalarType.Int64, torch.tensor(1).ToScalar().Type);
    }

    [TestMethod]
    public void Bytes_are_the_memory_itself()
    {
        using var scope = NewDisposeScope();
        var numbers = torch.tensor(new[] { 1, 2 });
        numbers.bytes[4] = 9;
        Assert.AreEqual(9, numbers[1].item<int>());
        numbers.bytes = new byte[] { 1, 1, 0, 0, 0, 0, 0, 0 };
        Assert.AreEqual(257, numbers[0].item<int>());
        Assert.Throws<Exception>(() => torch.ones(2, 3).t().bytes.Length);
        Assert.ThrowsExactly<ArgumentException>(() => numbers.bytes = new byte[3]);
    }

    [TestMethod]
    public void A_disposed_tensor_says_so()
    {
        var gone = torch.ones(2);
        gone.Dispose();
        gone.Dispose();
        Assert.IsTrue(gone.IsInvalid);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => gone + 1);
        Assert.AreEqual("Tensor invalid -- empty handle.", error.Message);
        Assert.ThrowsExactly<InvalidOperationException>(() => gone.shape);
    }

    [TestMethod]
    public void A_null_where_a_tensor_must_be_is_a_null_reference()
    {
        using var scope = NewDisposeScope();
        var tensor = torch.ones(2);
        Assert.ThrowsExactly<NullReferenceException>(() => tensor.add((Tensor)null!));
        Assert.ThrowsExactly<NullReferenceException>(() => tensor.matmul(null!));
        Assert.ThrowsExactly<NullReferenceException>(() => torch.cat([tensor, null!]));
        Assert.ThrowsExactly<NullReferenceException>(() => ((Tensor)null!).add(tensor));
        Assert.AreEqual(4, tensor.add(tensor).sum().ToSingle());
    }

    [TestMethod]
    public void In_place_operations_change_the_tensor_and_give_it_back()
    {
        using var scope = NewDisposeScope();
        var tensor = torch.ones(2);
        Assert.AreEqual(4, tensor.add_(1).sum().ToSingle());
        Assert.AreEqual(4, tensor.relu_().sum().ToSingle());
        Assert.AreEqual(6, tensor.fill_(3).sum().ToSingle());
        Assert.AreEqual(0, tensor.copy_(torch.zeros(2)).sum().ToSingle());
        Assert.AreEqual(0, tensor.sum().ToSingle());
    }

    [TestMethod]
    public void Types_and_devices_convert()
    {
        using var scope = NewDisposeScope();
        var numbers = torch.tensor(new[] { 1.7, -2.2 });
        CollectionAssert.AreEqual(new long[] { 1, -2 }, numbers.to(int64).data<long>().ToArray());
        Assert.AreEqual(ScalarType.Float32, numbers.@float().dtype);
        Assert.AreEqual(ScalarType.Bool, numbers.@bool().dtype);
        Assert.AreEqual(ScalarType.Int64, numbers.type_as(torch.tensor(1L)).dtype);
        Assert.AreEqual(DeviceType.CPU, numbers.cpu().device_type);
        Assert.AreEqual("cpu", numbers.to(torch.CPU).device.ToString());
        var same = numbers.to(float64);
        same[0] = 0;
        Assert.AreEqual(0, numbers[0].item<double>());
        var clone = numbers.clone();
        clone[0] = 5;
        Assert.AreEqual(0, numbers[0].item<double>());
        Assert.AreEqual(ScalarType.Float32, (torch.ones(1) * 2.5).dtype);
        Assert.AreEqual(ScalarType.Float32, torch.result_type(torch.ones(1), torch.tensor(new[] { 1 })));
    }

    [TestMethod]
    public void Shapes_are_told_in_every_usual_way()
    {
        using var scope = NewDisposeScope();
        var tensor = torch.zeros(2, 3, 4);
        CollectionAssert.AreEqual(new long[] { 2, 3, 4 }, tensor.shape);
        CollectionAssert.AreEqual(new long[] { 12, 4, 1 }, tensor.stride());
        Assert.AreEqual(4, tensor.size(-1));
        Assert.AreEqual(3, tensor.ndim + tensor.dim() - tensor.Dimensions);
        Assert.AreEqual(24, tensor.numel());
        Assert.AreEqual(4, tensor.ElementSize);
        Assert.IsTrue(tensor.is_contiguous());
        Assert.IsFalse(tensor.transpose(0, 1).is_contiguous());
        Assert.AreEqual("[2x3x4], type = Float32, device = cpu", tensor.ToString());
    }

    [TestMethod]
    public void Equality_is_of_shape_and_values()
    {
        using var scope = NewDisposeScope();
        var one = torch.tensor(new[] { 1f, 2f });
        Assert.IsTrue(one.Equals(torch.tensor(new[] { 1f, 2f })));
        Assert.IsFalse(one.Equals(torch.tensor(new[] { 1f, 3f })));
        Assert.IsFalse(one.Equals(torch.tensor(new[] { 1f })));
        Assert.IsTrue(one.allclose(one + 1e-9));
        Assert.AreEqual(ScalarType.Bool, (one == one.clone()).dtype);
        CollectionAssert.AreEqual(new[] { true, false }, (one == 1).data<bool>().ToArray());
    }

    [TestMethod]
    public void Tensors_print_in_the_style_asked_for()
    {
        using var scope = NewDisposeScope();
        var culture = CultureInfo.InvariantCulture;
        var matrix = torch.tensor(new[,] { { 1f, -2.5f }, { 10f, 0.125f } });
        Assert.AreEqual("[2x2], type = Float32, device = cpu\n  1  -2.5\n 10 0.125\n", matrix.jlstr(newLine: "\n", cultureInfo: culture));
        Assert.AreEqual("[], type = Int64, device = cpu, value = 3", torch.tensor(3L).jlstr(newLine: "\n", cultureInfo: culture));
    }

    [TestMethod]
    public void Truth_of_more_than_one_element_is_refused() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => torch.ones(2).is_nonzero());
}
