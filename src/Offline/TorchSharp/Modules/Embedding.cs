using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using TorchSharp.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class Embedding : Module<Tensor, Tensor>
        {
            static readonly Op embeddingOp = new("aten::embedding");
            static readonly Op renormOp = new("aten::embedding_renorm_");
            readonly long paddingIndex;
            readonly double? maxNorm;
            readonly double normType;
            readonly bool scaleByFrequency;
            readonly bool sparse;
            Parameter? weightParameter;

            internal Embedding(Parameter weight, long? paddingIndex, double? maxNorm, double normType, bool scaleByFrequency, bool sparse) : base(nameof(Embedding), true)
            {
                var rows = weight.size(0);
                if (paddingIndex is { } index && (index >= rows || index < -rows))
                    throw new System.Runtime.InteropServices.ExternalException("Padding_idx must be within num_embeddings");
                this.paddingIndex = paddingIndex is { } given ? (given < 0 ? given + rows : given) : -1;
                (this.maxNorm, this.normType, this.scaleByFrequency, this.sparse) = (maxNorm, normType, scaleByFrequency, sparse);
                this.weight = weight;
            }

            [DisallowNull]
            public Parameter? weight
            {
                get => weightParameter;
                set => Set(ref weightParameter, nameof(weight), Required(value, nameof(weight)));
            }

            public override Tensor forward(Tensor input)
            {
                if (maxNorm is { } limit)
                {
                    using var _ = no_grad();
                    using var indices = input.contiguous();
                    renormOp.Run(weightParameter!, indices, limit, normType);
                }
                return embeddingOp.Call(weightParameter!, input, paddingIndex, scaleByFrequency, sparse);
            }

            /// <summary>Rows drawn from the standard normal distribution, the padding row zero.</summary>
            internal static Parameter NewWeight(long rows, long columns, long? paddingIndex, Device? device, ScalarType? dtype)
            {
                var weight = NewParameter([rows, columns], device, dtype);
                init.normal_(weight);
                if (paddingIndex is { } index && index < rows && index >= -rows)
                {
                    using var _ = no_grad();
                    using var row = weight.select(0, index);
                    row.zero_();
                }
                return weight;
            }

            internal override void Replace(string name, Tensor tensor) => weightParameter = (Parameter)tensor;
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Embedding Embedding(long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null) =>
                new(Modules.Embedding.NewWeight(num_embeddings, embedding_dims, padding_idx, device, dtype), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);

            public static Embedding Embedding_from_pretrained(Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                var embedding = new Embedding(new Parameter(embeddings.alias(), !freeze), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);
                embedding.Move(device, dtype);
                return embedding;
            }
        }
    }
}
