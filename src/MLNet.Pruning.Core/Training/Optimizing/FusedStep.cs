using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Updates a model's parameters by the rule of one optimizer, and owns the optimizer state: vectors with the layout of the parameters.
/// </summary>
/// <remarks>
/// The arithmetic is PyTorch's, in its order. On the CPU a step takes one pass over memory where PyTorch takes one per operator; it works
/// piece by piece, so that masks and statistics find each piece in the cache. On a device it consists of tensor operators.
/// </remarks>
abstract unsafe class FusedStep : IDisposable
{
    readonly FlatModel model;
    readonly float* values, gradients, first, second; // on the CPU; a rule with fewer than two state vectors leaves the last ones null

    FusedStep(FlatModel model, params string[] names)
    {
        this.model = model;
        State = [.. names.Select(name => (name, zeros_like(model.Values.Vector).DetachFromDisposeScope()))];
        OnCpu = model.Values.Vector.device_type == DeviceType.CPU;
        if (!OnCpu)
            return;
        values = FlatStorage.Begin(model.Values.Vector);
        gradients = FlatStorage.Begin(model.Gradients.Vector);
        if (names.Length > 0)
            first = FlatStorage.Begin(State[0].Vector);
        if (names.Length > 1)
            second = FlatStorage.Begin(State[1].Vector);
    }

    public static FusedStep Of(TrainingOptions options, FlatModel model) => options.Optimizer switch
    {
        OptimizerKind.Adam or OptimizerKind.AdamW => new AdamStep(options, model),
        OptimizerKind.Sgd => new SgdStep(options, model),
        OptimizerKind.RmsProp => new RmsPropStep(options, model),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Optimizer, "Not an optimizer."),
    };

    public bool OnCpu { get; }

    public long Steps { get; set; }

    public IReadOnlyList<(string Name, Tensor Vector)> State { get; }

    /// <summary>Begins a step of all parameters.</summary>
    public void Begin(double learningRate)
    {
        Steps++;
        Prepare(learningRate);
    }

    /// <summary>
    /// Updates the numbers between two places of the flat vector. Both are multiples of 16, so there are only whole SIMD vectors.
    /// </summary>
    public void Move(long from, long to)
    {
        if (OnCpu)
            Move(values + from, gradients + from, first + from, second + from, to - from);
        else
            MoveByOperators(from, to);
    }

    /// <summary>The same with tensor operators.</summary>
    internal void MoveByOperators(long from, long to)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Move(Part(model.Values.Vector), Part(model.Gradients.Vector), [.. State.Select(s => Part(s.Vector))]);

        Tensor Part(Tensor vector) => vector.narrow(0, from, to - from);
    }

    protected abstract void Prepare(double learningRate);

    /// <summary>The rule for whole SIMD vectors of parameters, gradients and state.</summary>
    protected abstract void Move(float* p, float* g, float* a, float* b, long count);

    /// <summary>The rule for tensors.</summary>
    protected abstract void Move(Tensor p, Tensor g, Tensor[] state);

    public void Dispose()
    {
        foreach (var (_, vector) in State)
            vector.Dispose();
    }

    // a * b + c, rounded once if the processor can, as in LibTorch's own loops.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> Mad(Vector<float> a, Vector<float> b, Vector<float> c) =>
        Fma.IsSupported || AdvSimd.IsSupported ? Vector.FusedMultiplyAdd(a, b, c) : a * b + c;

    // Averages of gradients that have become zero decay into denormal numbers, which change nothing but slow a processor down.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> Normal(Vector<float> x) =>
        Vector.AndNot(x, Vector.AsVectorSingle(Vector.LessThan(Vector.Abs(x), new Vector<float>(1.17549435e-38f))));

    static Tensor Decayed(Tensor g, Tensor p, float decay)
    {
        using Scalar coupled = decay;
        return decay == 0 ? g : g.add(p, coupled);
    }

    /// <summary>Adam and AdamW.</summary>
    sealed class AdamStep(TrainingOptions options, FlatModel model) : FusedStep(model, "exp_avg", "exp_avg_sq")
    {
        const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

        float decay, shrink, root, rate;

        protected override void Prepare(double learningRate)
        {
            var decoupled = options.Optimizer == OptimizerKind.AdamW;
            decay = decoupled ? 0 : (float)options.WeightDecay;
            shrink = decoupled ? (float)(1 - learningRate * options.WeightDecay) : 1;
            root = (float)Math.Sqrt(1 - Math.Pow(Beta2, Steps));
            rate = (float)(-learningRate / (1 - Math.Pow(Beta1, Steps)));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Move(float* p, float* g, float* a, float* b, long count)
        {
            Vector<float> keep1 = new((float)Beta1), rest1 = new((float)(1 - Beta1)),
                keep2 = new((float)Beta2), rest2 = new((float)(1 - Beta2)),
                epsilon = new((float)Epsilon), coupled = new(decay), less = new(shrink), below = new(root), speed = new(rate);
            for (var k = 0L; k < count; k += Vector<float>.Count)
            {
                var gradient = Vector.Load(g + k);
                var value = Vector.Load(p + k) * less;
                if (decay != 0)
                    gradient = Mad(coupled, value, gradient);
                var mean = Normal(Mad(rest1, gradient, Vector.Load(a + k) * keep1));
                var square = Normal(Mad(rest2 * gradient, gradient, Vector.Load(b + k) * keep2));
                mean.Store(a + k);
                square.Store(b + k);
                (value + speed * mean / (Vector.SquareRoot(square) / below + epsilon)).Store(p + k);
            }
        }

        protected override void Move(Tensor p, Tensor g, Tensor[] state)
        {
            using Scalar keep1 = Beta1, rest1 = 1 - Beta1, keep2 = Beta2, rest2 = 1 - Beta2;
            using Scalar epsilon = Epsilon, less = shrink, below = root, speed = rate;
            var (mean, square) = (state[0], state[1]);
            p.mul_(less);
            g = Decayed(g, p, decay);
            mean.mul_(keep1).add_(g, rest1);
            square.mul_(keep2).addcmul_(g, g, rest2);
            p.addcdiv_(mean, square.sqrt().div_(below).add_(epsilon, Scalars.One), speed);
        }
    }

    /// <summary>SGD, with momentum (plain or Nesterov's) where there is any.</summary>
    sealed class SgdStep(TrainingOptions options, FlatModel model)
        : FusedStep(model, options.Momentum == 0 ? [] : ["momentum_buffer"])
    {
        readonly float decay = (float)options.WeightDecay, momentum = (float)options.Momentum;
        readonly bool nesterov = options.Nesterov;
        float rate;

        protected override void Prepare(double learningRate) => rate = (float)-learningRate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Move(float* p, float* g, float* a, float* b, long count)
        {
            Vector<float> coupled = new(decay), keep = new(momentum), speed = new(rate);
            for (var k = 0L; k < count; k += Vector<float>.Count)
            {
                var gradient = Vector.Load(g + k);
                var value = Vector.Load(p + k);
                if (decay != 0)
                    gradient = Mad(coupled, value, gradient);
                if (momentum != 0)
                {
                    var velocity = Normal(Vector.Load(a + k) * keep + gradient);
                    velocity.Store(a + k);
                    gradient = nesterov ? Mad(keep, velocity, gradient) : velocity;
                }
                Mad(speed, gradient, value).Store(p + k);
            }
        }

        protected override void Move(Tensor p, Tensor g, Tensor[] state)
        {
            using Scalar keep = momentum, speed = rate, one = 1;
            g = Decayed(g, p, decay);
            if (momentum != 0)
            {
                var velocity = state[0].mul_(keep).add_(g, one);
                g = nesterov ? g.add(velocity, keep) : velocity;
            }
            p.add_(g, speed);
        }
    }

    /// <summary>RMSprop, with momentum where there is any.</summary>
    sealed class RmsPropStep(TrainingOptions options, FlatModel model)
        : FusedStep(model, options.Momentum == 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"])
    {
        const double Alpha = 0.99, Epsilon = 1e-8;

        readonly float decay = (float)options.WeightDecay, momentum = (float)options.Momentum;
        float rate;

        protected override void Prepare(double learningRate) => rate = (float)-learningRate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Move(float* p, float* g, float* a, float* b, long count)
        {
            Vector<float> coupled = new(decay), keep = new((float)Alpha), rest = new((float)(1 - Alpha)),
                roll = new(momentum), epsilon = new((float)Epsilon), speed = new(rate);
            for (var k = 0L; k < count; k += Vector<float>.Count)
            {
                var gradient = Vector.Load(g + k);
                var value = Vector.Load(p + k);
                if (decay != 0)
                    gradient = Mad(coupled, value, gradient);
                var square = Normal(Mad(rest * gradient, gradient, Vector.Load(a + k) * keep));
                square.Store(a + k);
                var below = Vector.SquareRoot(square) + epsilon;
                if (momentum != 0)
                {
                    var velocity = Normal(Vector.Load(b + k) * roll + gradient / below);
                    velocity.Store(b + k);
                    Mad(speed, velocity, value).Store(p + k);
                }
                else
                    (value + speed * gradient / below).Store(p + k);
            }
        }

        protected override void Move(Tensor p, Tensor g, Tensor[] state)
        {
            using Scalar keep = Alpha, rest = 1 - Alpha, roll = momentum, epsilon = Epsilon, speed = rate, one = 1;
            g = Decayed(g, p, decay);
            var below = state[0].mul_(keep).addcmul_(g, g, rest).sqrt().add_(epsilon, Scalars.One);
            if (momentum != 0)
                p.add_(state[1].mul_(roll).addcdiv_(g, below, one), speed);
            else
                p.addcdiv_(g, below, speed);
        }
    }
}
