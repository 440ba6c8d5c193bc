using TorchSharp;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class ViewsTests : PeerInputs
{
    [TestMethod]
    public void Views_and_joins_agree_with_PyTorch() => Compare("views", new()
    {
        ["reshape"] = () => t.reshape(4, -1),
        ["view"] = () => t.view(6, 4),
        ["flatten"] = () => t.flatten(1),
        ["transpose"] = () => t.transpose(0, 2),
        ["permute"] = () => t.permute(2, 0, 1),
        ["T"] = () => a.T,
        ["t"] = () => a.t(),
        ["mT"] = () => t.mT,
        ["squeeze"] = () => a.unsqueeze(0).squeeze(),
        ["unsqueeze"] = () => a.unsqueeze(1),
        ["expand"] = () => v.expand(3, 4),
        ["expand_as"] = () => v.expand_as(a),
        ["broadcast_to"] = () => v.broadcast_to(2, 3, 4),
        ["movedim"] = () => t.movedim([0, 1], [2, 0]),
        ["swapaxes"] = () => t.swapaxes(0, 1),
        ["unfold"] = () => v.unfold(0, 2, 1),
        ["narrow"] = () => a.narrow(1, 1, 2),
        ["select"] = () => a.select(1, 2),
        ["slice"] = () => a.slice(1, 1, 4, 2),
        ["diagonal"] = () => p.diagonal(0, 0, 1),
        ["as_strided"] = () => a.as_strided([2, 2], [1, 2], 1),
        ["unflatten"] = () => a.unflatten(1, 2, 2),
        ["ravel"] = () => t.ravel(),
        ["flip"] = () => a.flip(0, 1),
        ["roll"] = () => a.roll(1, 0),
        ["roll dims"] = () => a.roll((1, 2), (0, 1)),
        ["rot90"] = () => a.rot90(),
        ["tile"] = () => v.tile([2, 2]),
        ["repeat"] = () => v.repeat(2, 1),
        ["repeat_interleave"] = () => v.repeat_interleave(2),
        ["repeat_interleave dim"] = () => a.repeat_interleave(torch.tensor(new[] { 1L, 0, 2 }), 0),
        ["diag"] = () => v.diag(),
        ["tril"] = () => p.tril(),
        ["triu"] = () => p.triu(1),
        ["cat"] = () => torch.cat([a, b], 1),
        ["stack"] = () => torch.stack([a, b], 1),
        ["hstack"] = () => torch.hstack(a, b),
        ["vstack"] = () => torch.vstack([a, b]),
        ["chunk"] = () => a.chunk(3, 1)[1],
        ["split"] = () => a.split(3, 1)[1],
        ["split sizes"] = () => a.split([1, 3], 1L)[1],
        ["unbind"] = () => a.unbind(1)[3],
        ["tensor_split"] = () => a.tensor_split(3, 1)[0],
        ["hsplit"] = () => a.hsplit(2)[1],
        ["meshgrid"] = () => torch.meshgrid([v, w], "xy")[0],
        ["block_diag"] = () => torch.block_diag(p, c),
        ["atleast_2d"] = () => v.atleast_2d(),
        ["combinations"] = () => torch.combinations(v, 2),
    });
}
