using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>Computes <c>scaled_dot_product_attention</c> and its gradient with a kernel for few tokens on the CPU.</summary>
sealed unsafe class FewTokensAttention : autograd.SingleTensorFunction<FewTokensAttention>
{
    // With more tokens, a head's logits would leave the second-level cache, and LibTorch's operator is made for that.
    const int MaximumTokens = 256;

    public override string Name => nameof(FewTokensAttention);

    [ThreadStatic]
    static float[]? room;

    /// <summary>Why the kernel cannot compute attention; null if it can.</summary>
    public static string? WhyNot(long tokens, int headSize) =>
        KernelSet.Dividing(headSize) is null ? "heads are not of a multiple of 4 values"
        : tokens is < 1 or > MaximumTokens ? $"there are more than {MaximumTokens} tokens" : null;

    /// <summary>Whether the kernel can compute this input.</summary>
    public static bool Computes(Tensor qkv, int headSize) => qkv.device_type == DeviceType.CPU && qkv.dtype == ScalarType.Float32
        && WhyNot(qkv.shape[1], headSize) is null;

    /// <summary>[B, N, 3 x H x S] -> [B, N, H x S]</summary>
    /// <param name="qkv">Queries of all heads, then keys, then values.</param>
    /// <param name="added">[B, N]: added to the logits of each key, without a gradient; null for none.</param>
    /// <param name="headSize">S</param>
    public static Tensor Apply(Tensor qkv, Tensor? added, int headSize) => apply(qkv.contiguous(), added?.contiguous()!, headSize);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (qkv, added, headSize) = ((Tensor)vars[0], (Tensor?)vars[1], (int)vars[2]);
        var sizes = SizesOf(qkv, headSize);
        var mixed = empty(sizes.Images, sizes.Tokens, sizes.Width, dtype: ScalarType.Float32);
        var kept = empty(sizes.Kept, dtype: ScalarType.Float32);
        fixed (float* room = Room(sizes))
            Kernels(headSize).Attend(Pointer(qkv), Pointer(added), sizes, room, Pointer(mixed), Pointer(kept));
        ctx.save_for_backward([qkv, kept, added!]);
        ctx.save_data(nameof(headSize), headSize);
        return mixed;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (qkv, kept, added) = (saved[0], saved[1], (Tensor?)saved[2]);
        var sizes = SizesOf(qkv, (int)ctx.get_data("headSize")!);
        var (gradient, result) = (grad_output.contiguous(), empty_like(qkv));
        fixed (float* room = Room(sizes))
            Kernels(sizes.HeadSize).AttendBack(
                Pointer(qkv), Pointer(added), Pointer(kept), sizes, room, Pointer(gradient), Pointer(result));
        // LibTorch reads the tensor after this method has returned. Without a dispose scope, nothing else would hold it.
        ctx.save_data(nameof(result), new[] { result });
        return [result.MoveToOuterDisposeScope(), null!, null!];
    }

    static KernelSet Kernels(int headSize) => KernelSet.Dividing(headSize)!;

    static AttentionSizes SizesOf(Tensor qkv, int headSize)
    {
        nint width = (nint)qkv.shape[2];
        return new((int)qkv.shape[0], (int)qkv.shape[1], (int)width / 3 / headSize, headSize, width, width / 3);
    }

    static float[] Room(AttentionSizes sizes) =>
        room?.Length >= sizes.Room ? room : room = GC.AllocateUninitializedArray<float>(sizes.Room);

    // LibTorch's memory does not move.
    static float* Pointer(Tensor? tensor)
    {
        if (tensor is null || tensor.IsInvalid)
            return null;
        fixed (float* first = MemoryMarshal.Cast<byte, float>(tensor.bytes))
            return first;
    }
}
