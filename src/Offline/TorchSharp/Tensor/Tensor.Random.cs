using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Random draws, whole tensors or in place.
    public partial class Tensor
    {
        static readonly Op bernoulliOp = new("aten::bernoulli");
        static readonly Op bernoulliFloatInPlaceOp = new("aten::bernoulli_", "float");
        static readonly Op bernoulliTensorInPlaceOp = new("aten::bernoulli_", "Tensor");
        static readonly Op binomialOp = new("aten::binomial");
        static readonly Op cauchyInPlaceOp = new("aten::cauchy_");
        static readonly Op exponentialInPlaceOp = new("aten::exponential_");
        static readonly Op geometricInPlaceOp = new("aten::geometric_");
        static readonly Op logNormalInPlaceOp = new("aten::log_normal_");
        static readonly Op multinomialOp = new("aten::multinomial");
        static readonly Op normalInPlaceOp = new("aten::normal_");
        static readonly Op poissonOp = new("aten::poisson");
        static readonly Op randomFromInPlaceOp = new("aten::random_", "from");
        static readonly Op uniformInPlaceOp = new("aten::uniform_");

        public Tensor bernoulli(Generator? generator = null) => bernoulliOp.Call(this, generator);
        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => bernoulliFloatInPlaceOp.Apply(this, p, generator);
        public Tensor bernoulli_(Tensor p, Generator? generator = null) => bernoulliTensorInPlaceOp.Apply(this, p, generator);

        public Tensor binomial(Tensor prob, Generator? generator = null) => binomialOp.Call(this, prob, generator);

        public Tensor cauchy_(double median = 0, double sigma = 1, Generator? generator = null) => cauchyInPlaceOp.Apply(this, median, sigma, generator);

        public Tensor exponential_(double lambda = 1, Generator? generator = null) => exponentialInPlaceOp.Apply(this, lambda, generator);

        public Tensor geometric_(double p, Generator? generator = null) => geometricInPlaceOp.Apply(this, p, generator);

        public Tensor log_normal_(double mean = 0, double std = 1, Generator? generator = null) => logNormalInPlaceOp.Apply(this, mean, std, generator);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) => multinomialOp.Call(this, num_samples, replacement, generator);

        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) => normalInPlaceOp.Apply(this, mean, std, generator);

        public Tensor poisson(Generator? generator = null) => poissonOp.Call(this, generator);

        public Tensor random_(double from, double to, Generator? generator = null) => randomFromInPlaceOp.Apply(this, (long)from, (long)to, generator);

        public Tensor uniform_(double from, double to, Generator? generator = null) => uniformInPlaceOp.Apply(this, from, to, generator);
    }
}
