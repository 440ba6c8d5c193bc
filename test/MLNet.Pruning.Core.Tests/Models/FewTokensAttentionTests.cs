using MLNet.Pruning.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
public sealed class FewTokensAttentionTests
{
    [TestMethod]
    [DataRow(1, 16, false)]
    [DataRow(16, 16, true)]
    [DataRow(25, 32, false)]
    [DataRow(49, 16, true)]
    [DataRow(50, 48, true)]
    public void Values_and_gradients_are_those_of_textbook_attention_in_double_precision(int tokens, int headSize, bool proportional)
    {
        const int Images = 3, Heads = 2;
        using var scope = NewDisposeScope();
        random.manual_seed(tokens);
        var qkv = randn(Images, tokens, 3 * Heads * headSize).requires_grad_(true);
        var added = proportional ? randint(1, 4, [Images, tokens]).log() : null;
        var gradient = randn(Images, tokens, Heads * headSize);
        var exact = qkv.detach().to(ScalarType.Float64).requires_grad_(true);
        var parts = exact.view(Images, tokens, 3, Heads, headSize).permute(2, 0, 3, 1, 4).unbind(0);
        var logits = parts[0].matmul(parts[1].transpose(2, 3)).Over(Math.Sqrt(headSize));
        if (added is not null)
            logits = logits.Plus(added.to(ScalarType.Float64).view(Images, 1, 1, tokens));
        var wanted = logits.softmax(-1).matmul(parts[2]).transpose(1, 2).flatten(2);
        wanted.backward([gradient.to(ScalarType.Float64)]);

        var mixed = FewTokensAttention.Apply(qkv, added, headSize);
        mixed.backward([gradient]);
        AreClose(wanted, mixed, 3e-6);
        AreClose(exact.grad!, qkv.grad!, 2e-5);
    }

    [TestMethod]
    public void What_is_no_number_in_one_image_stays_in_it_and_is_seen()
    {
        using var scope = NewDisposeScope();
        var qkv = randn(2, 20, 48);
        qkv.data<float>()[0, 0, 7] = float.NaN;
        var mixed = FewTokensAttention.Apply(qkv, null, 16);
        Assert.IsTrue(mixed[0].isnan().any().item<bool>());
        Assert.IsFalse(mixed[1].isnan().any().item<bool>());
    }

    static void AreClose(Tensor wanted, Tensor found, double tolerance)
    {
        var error = found.detach().to(ScalarType.Float64).Plus(wanted.detach().neg()).abs().max().item<double>();
        Assert.IsLessThan(tolerance, error);
    }
}
