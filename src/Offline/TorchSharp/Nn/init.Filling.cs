using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class init
        {
            static readonly Op uniformOp = new("aten::uniform_");
            static readonly Op normalOp = new("aten::normal_");
            static readonly Op fillOp = new("aten::fill_", "Scalar");
            static readonly Op eyeOp = new("aten::eye", "m_out");
            static readonly Op erfinvOp = new("aten::erfinv_");
            static readonly Op multiplyOp = new("aten::mul_", "Scalar");
            static readonly Op addOp = new("aten::add_", "Scalar");
            static readonly Op clampOp = new("aten::clamp_");
            static readonly Op qrOp = new("aten::linalg_qr");

            public static Tensor ones_(Tensor tensor) => InPlace(tensor, fillOp, 1.0);

            public static Tensor zeros_(Tensor tensor) => InPlace(tensor, fillOp, 0.0);

            public static Tensor constant_(Tensor tensor, Scalar val) => InPlace(tensor, fillOp, val);

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator? generator = null) =>
                InPlace(tensor, uniformOp, low, high, generator);

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator? generator = null) =>
                InPlace(tensor, normalOp, mean, std, generator);

            /// <summary>Normal values cut off at both ends, through the inverse of the distribution's own function.</summary>
            public static Tensor trunc_normal_(Tensor tensor, double mean = 0.0, double std = 1.0, double a = -2.0, double b = 2.0, Generator? generator = null)
            {
                var low = NormalShare((a - mean) / std);
                var high = NormalShare((b - mean) / std);
                InPlace(tensor, uniformOp, 2 * low - 1, 2 * high - 1, generator);
                InPlace(tensor, erfinvOp);
                InPlace(tensor, multiplyOp, std * Math.Sqrt(2.0));
                InPlace(tensor, addOp, mean);
                return InPlace(tensor, clampOp, a, b);
            }

            public static Tensor eye_(Tensor tensor)
            {
                if (tensor.Dimensions != 2)
                    throw new ExternalException("Only tensors with 2 dimensions are supported");
                using var _ = no_grad();
                eyeOp.Run(tensor.size(0), tensor.size(1), tensor);
                return tensor;
            }

            /// <summary>Delta functions: each channel of a convolution passes its input on.</summary>
            public static Tensor dirac_(Tensor tensor)
            {
                var dimensions = (int)tensor.Dimensions;
                if (dimensions is < 3 or > 5)
                    throw new ExternalException("Only tensors with 3, 4, or 5 dimensions are supported");
                zeros_(tensor);
                using var _ = no_grad();
                for (var channel = 0L; channel < Math.Min(tensor.size(0), tensor.size(1)); channel++)
                {
                    using var pair = tensor.select(0, channel);
                    var place = pair.select(0, channel);
                    for (var dimension = 2; dimension < dimensions; dimension++)
                    {
                        using var outer = place;
                        place = outer.select(0, tensor.size(dimension) / 2);
                    }
                    place.fill_(1);
                    place.Dispose();
                }
                return tensor;
            }

            public static Tensor orthogonal_(Tensor tensor, double gain = 1.0)
            {
                if (tensor.Dimensions < 2)
                    throw new ExternalException("Only tensors with 2 or more dimensions are supported");
                using var _ = no_grad();
                using var scope = NewDisposeScope();
                var rows = tensor.size(0);
                var columns = tensor.NumberOfElements / rows;
                var drawn = empty([rows, columns], tensor.dtype, tensor.device);
                normal_(drawn);
                if (rows < columns)
                    drawn = drawn.t();
                var (q, r) = qrOp.Call2(drawn, "reduced");
                // Fixing the signs makes the distribution uniform over all orthogonal matrices.
                var basis = q * r.diag().sign();
                if (rows < columns)
                    basis = basis.t();
                tensor.copy_(basis.reshape(tensor.shape));
                tensor.mul_(gain);
                return tensor;
            }

            /// <summary>Normal values of which a share, the same in every column, is zero.</summary>
            public static Tensor sparse_(Tensor tensor, double sparsity, double std = 0.01)
            {
                if (tensor.Dimensions != 2)
                    throw new ExternalException("Only tensors with 2 dimensions are supported");
                var rows = tensor.size(0);
                var zeros = (long)Math.Ceiling(sparsity * rows);
                normal_(tensor, 0, std);
                using var _ = no_grad();
                using var scope = NewDisposeScope();
                for (var column = 0L; column < tensor.size(1); column++)
                {
                    var chosen = randperm(rows, device: tensor.device).narrow(0, 0, zeros);
                    tensor.select(1, column).index_fill_(0, chosen, 0);
                }
                return tensor;
            }

            static Tensor InPlace(Tensor tensor, Op op, params ReadOnlySpan<Arg> rest)
            {
                var before = Bridge.prt_grad_mode();
                Bridge.prt_set_grad_mode(0);
                try
                {
                    switch (rest)
                    {
                        case []:
                            op.Run(tensor);
                            break;
                        case [var one]:
                            op.Run(tensor, one);
                            break;
                        case [var one, var two]:
                            op.Run(tensor, one, two);
                            break;
                        case [var one, var two, var three]:
                            op.Run(tensor, one, two, three);
                            break;
                    }
                }
                finally
                {
                    Bridge.prt_set_grad_mode(before);
                }
                return tensor;
            }

            /// <summary>The share of the standard normal distribution below a value.</summary>
            static double NormalShare(double value)
            {
                using var scope = NewDisposeScope();
                return (1 + torch.tensor(value / Math.Sqrt(2.0), ScalarType.Float64).erf().item<double>()) / 2;
            }
        }
    }
}
