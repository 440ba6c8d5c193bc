using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op linearOp = new("aten::linear");
            static readonly Op dropoutOp = new("aten::dropout");
            static readonly Op dropoutInPlaceOp = new("aten::dropout_");
            static readonly Op featureDropoutOp = new("aten::feature_dropout");
            static readonly Op featureDropoutInPlaceOp = new("aten::feature_dropout_");
            static readonly Op alphaDropoutOp = new("aten::alpha_dropout");
            static readonly Op alphaDropoutInPlaceOp = new("aten::alpha_dropout_");
            static readonly Op cosineSimilarityOp = new("aten::cosine_similarity");
            static readonly Op oneHotOp = new("aten::one_hot");

            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => linearOp.Call(input, weights, bias);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                (inplace ? dropoutInPlaceOp : dropoutOp).Call(input, p, training);

            public static Tensor dropout1d(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
            {
                using var images = input.unsqueeze(-1);
                using var dropped = dropout2d(images, p, training, inplace);
                return dropped.squeeze(-1);
            }

            public static Tensor dropout2d(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                (inplace ? featureDropoutInPlaceOp : featureDropoutOp).Call(input, p, training);

            public static Tensor alpha_dropout(Tensor input, double p = 0.5, bool training = false, bool inplace = false) =>
                (inplace ? alphaDropoutInPlaceOp : alphaDropoutOp).Call(input, p, training);

            public static Tensor cosine_similarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1e-8) => cosineSimilarityOp.Call(x1, x2, dim, eps);

            public static Tensor one_hot(Tensor x, long num_classes = -1)
            {
                if (x.dtype != ScalarType.Int64)
                    throw new ArgumentException("OneHot input tensor must have elements of type Int64");
                return oneHotOp.Call(x, num_classes);
            }
        }
    }
}
