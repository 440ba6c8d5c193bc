using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Indexing;

[TestClass]
public sealed class IndexingTests
{
    static Tensor Grid() => torch.arange(12).reshape(3, 4);

    static long[] Values(Tensor tensor) => tensor.data<long>().ToArray();

    [TestMethod]
    public void An_index_gives_a_view()
    {
        using var scope = NewDisposeScope();
        var grid = Grid();
        grid[1].fill_(7);
        grid[0, 3].zero_();
        grid[.., 0].add_(100);
        CollectionAssert.AreEqual(new long[] { 100, 1, 2, 0, 107, 7, 7, 7, 108, 9, 10, 11 }, Values(grid));
    }

    [TestMethod]
    public void Writing_broadcasts_and_converts()
    {
        using var scope = NewDisposeScope();
        var grid = Grid();
        grid[0] = torch.tensor(5.9);
        grid[1..2, ..2] = torch.tensor(new[] { 1, 2 });
        grid[grid > 9] = torch.tensor(0L);
        grid[TensorIndex.Ellipsis, TensorIndex.Single(-1)] = torch.tensor(new[] { 70L, 71L, 72L });
        CollectionAssert.AreEqual(new long[] { 5, 5, 5, 70, 1, 2, 6, 71, 8, 9, 0, 72 }, Values(grid));
    }

    [TestMethod]
    public void Index_put_writes_single_cells()
    {
        using var scope = NewDisposeScope();
        var grid = Grid();
        grid.index_put_(torch.tensor(new[] { 50L, 51L }), torch.tensor(new[] { 0L, 2L }), torch.tensor(new[] { 1L, 3L }));
        grid.index_put_(99, TensorIndex.Single(1), TensorIndex.Slice(2));
        CollectionAssert.AreEqual(new long[] { 0, 50, 2, 3, 4, 5, 99, 99, 8, 9, 10, 51 }, Values(grid));
    }

    [TestMethod]
    public void An_index_out_of_range_is_refused()
    {
        using var scope = NewDisposeScope();
        var grid = Grid();
        Assert.ThrowsExactly<ExternalException>(() => grid[3]);
        Assert.ThrowsExactly<ExternalException>(() => grid[0, 4]);
        Assert.ThrowsExactly<ExternalException>(() => grid[0] = torch.ones(3));
        Assert.ThrowsExactly<ExternalException>(() => torch.tensor(1)[0]);
    }

    [TestMethod]
    public void Masks_and_index_tensors_must_have_their_type()
    {
        using var scope = NewDisposeScope();
        var grid = Grid();
        Assert.ThrowsExactly<ArgumentException>(() => grid.masked_select(torch.ones(3, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => grid.index_add(0, torch.tensor(new[] { 1 }), grid[..1], 1));
        Assert.ThrowsExactly<ArgumentException>(() => grid.slice(0, 0, 2, -1));
    }
}
