using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op crossEntropyOp = new("aten::cross_entropy_loss");
            static readonly Op nllOp = new("aten::nll_loss_nd");
            static readonly Op mseOp = new("aten::mse_loss");
            static readonly Op l1Op = new("aten::l1_loss");
            static readonly Op smoothL1Op = new("aten::smooth_l1_loss");
            static readonly Op huberOp = new("aten::huber_loss");
            static readonly Op binaryCrossEntropyOp = new("aten::binary_cross_entropy");
            static readonly Op binaryCrossEntropyWithLogitsOp = new("aten::binary_cross_entropy_with_logits");
            static readonly Op klDivOp = new("aten::kl_div");
            static readonly Op softMarginOp = new("aten::soft_margin_loss");
            static readonly Op hingeEmbeddingOp = new("aten::hinge_embedding_loss");
            static readonly Op marginRankingOp = new("aten::margin_ranking_loss");
            static readonly Op cosineEmbeddingOp = new("aten::cosine_embedding_loss");

            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                crossEntropyOp.Call(input, target, weight, (long)reduction, ignore_index, label_smoothing);

            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                nllOp.Call(input, target, weight, (long)reduction);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => OnSameShape(mseOp, input, target, (long)reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => OnSameShape(l1Op, input, target, (long)reduction);

            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1.0) =>
                OnSameShape(smoothL1Op, input, target, (long)reduction, beta);

            public static Tensor huber_loss(Tensor input, Tensor target, double delta = 1.0, Reduction reduction = Reduction.Mean) =>
                OnSameShape(huberOp, input, target, (long)reduction, delta);

            public static Tensor binary_cross_entropy(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                binaryCrossEntropyOp.Call(input, target, weight, (long)reduction);

            public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null) =>
                binaryCrossEntropyWithLogitsOp.Call(input, target, weight, pos_weights, (long)reduction);

            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                klDivOp.Call(input, target, (long)reduction, log_target);

            public static Tensor soft_margin_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                softMarginOp.Call(input, target, (long)reduction);

            public static Tensor hinge_embedding_loss(Tensor input, Tensor target, double margin = 0.0, Reduction reduction = Reduction.Mean) =>
                hingeEmbeddingOp.Call(input, target, margin, (long)reduction);

            public static Tensor margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, double margin = 0.0, Reduction reduction = Reduction.Mean) =>
                marginRankingOp.Call(input1, input2, target, margin, (long)reduction);

            public static Tensor cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, double margin = 0.0, Reduction reduction = Reduction.Mean) =>
                cosineEmbeddingOp.Call(input1, input2, target, margin, (long)reduction);

            // The backward pass of these operators does not sum over dimensions that were broadcast inside them.
            static Tensor OnSameShape(Op op, Tensor input, Tensor target, params ReadOnlySpan<Arg> rest)
            {
                if (input.shape.AsSpan().SequenceEqual(target.shape))
                    return Invoke(op, input, target, rest);
                var expanded = broadcast_tensors(input, target);
                try
                {
                    return Invoke(op, expanded[0], expanded[1], rest);
                }
                finally
                {
                    foreach (var tensor in expanded)
                        tensor.Dispose();
                }
            }

            static Tensor Invoke(Op op, Tensor input, Tensor target, ReadOnlySpan<Arg> rest) =>
                rest.Length == 1 ? op.Call(input, target, rest[0]) : op.Call(input, target, rest[0], rest[1]);
        }
    }
}
