using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Steps parameters on the CPU as TorchSharp's optimizer of their kind would, with what that one remembers of them.</summary>
/// <remarks>
/// It takes one pass over memory where TorchSharp takes one for every operator, takes it piece by piece, so that masks and statistics find a piece in the cache, and needs none of
/// TorchSharp's scalars, which versions from 0.105 on can lose to the garbage collector within a step. The arithmetic is PyTorch's, in its order.
/// </remarks>
abstract unsafe class FlatStep
{
    readonly float* values, slopes;
    readonly long start;

    FlatStep(TrainedModel model, long start)
    {
        this.start = start;
        values = FlatStorage.Begin(model.Values.Vector) + start;
        slopes = FlatStorage.Begin(model.Gradients.Vector) + start;
    }

    /// <summary>That for an optimizer of one slice, which begins there; null where the optimizer must step itself.</summary>
    public static FlatStep? For(optim.Optimizer optimizer, TrainedModel model, Parameter slice, long start)
    {
        if (slice.device_type != TorchSharp.DeviceType.CPU || slice.dtype != ScalarType.Float32 || optimizer.ParamGroups.Count() != 1)
            return null;
        return (optimizer.ParamGroups.Single(), OptimizerStates.Of(optimizer)[0]) switch
        {
            (Adam.ParamGroup { Options: Adam.Options { amsgrad: not true, maximize: not true } options }, Adam.State state) =>
                new AdamStep(model, start, () => (options.LearningRate!.Value, options.weight_decay!.Value, false), (options.beta1!.Value, options.beta2!.Value, options.eps!.Value), () => (++state.step, state.exp_avg, state.exp_avg_sq)),
            (AdamW.ParamGroup { Options: AdamW.Options { amsgrad: not true, maximize: not true } options }, AdamW.State state) =>
                new AdamStep(model, start, () => (options.LearningRate!.Value, options.weight_decay!.Value, true), (options.beta1!.Value, options.beta2!.Value, options.eps!.Value), () => (++state.step, state.exp_avg, state.exp_avg_sq)),
            (SGD.ParamGroup { Options: SGD.Options { maximize: not true, nesterov: not true, dampening: null or 0 } options }, SGD.State state) =>
                new SgdStep(model, start, options, state, slice),
            (RMSProp.ParamGroup { Options: RMSProp.Options { maximize: not true, centered: not true } options }, RMSProp.State state) =>
                new RmsPropStep(model, start, options, state, slice),
            _ => null,
        };
    }

    /// <summary>Begins a step of all parameters.</summary>
    public abstract void Begin();

    /// <summary>Moves a piece of them.</summary>
    /// <param name="from">Where it begins in the flat vector.</param>
    /// <param name="to">Where it ends.</param>
    public void Move(long from, long to)
    {
        from -= start;
        to -= start;
        var whole = from + (to - from) / Vector<float>.Count * Vector<float>.Count;
        if (whole > from)
            Move(values + from, slopes + from, At(first, from), At(second, from), whole - from);
        if (whole == to)
            return;
        // The rest of a vector, filled up.
        var rest = (int)(to - whole);
        var room = stackalloc float[4 * Vector<float>.Count];
        new Span<float>(room, 4 * Vector<float>.Count).Clear();
        var places = stackalloc float*[4] { values + whole, slopes + whole, At(first, whole), At(second, whole) };
        for (var i = 0; i < 4; i++)
            if (places[i] != null)
                new Span<float>(places[i], rest).CopyTo(new(room + i * Vector<float>.Count, rest));
        Move(room, room + Vector<float>.Count, room + 2 * Vector<float>.Count, room + 3 * Vector<float>.Count, Vector<float>.Count);
        for (var i = 0; i < 4; i++)
            if (places[i] != null && i != 1)
                new Span<float>(room + i * Vector<float>.Count, rest).CopyTo(new(places[i], rest));
    }

    // What is remembered of the slice; null where nothing is.
    float* first, second;
    Tensor? firstOf, secondOf;

    /// <summary>Says where what is remembered lies.</summary>
    void Remembered(Tensor? one, Tensor? other = null)
    {
        Follow(one, ref firstOf, ref first);
        Follow(other, ref secondOf, ref second);

        // To ask a tensor takes longer than a small slice.
        static void Follow(Tensor? tensor, ref Tensor? last, ref float* place)
        {
            if (ReferenceEquals(tensor, last))
                return;
            last = tensor;
            place = tensor is null ? null : FlatStorage.Begin(tensor);
        }
    }

    /// <summary>Moves whole vectors.</summary>
    protected abstract void Move(float* p, float* g, float* a, float* b, long count);

    static float* At(float* begin, long place) => begin == null ? null : begin + place;

    // a * b + c, with one rounding where the processor has it, as LibTorch's own loops.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> Mad(Vector<float> a, Vector<float> b, Vector<float> c) =>
        System.Runtime.Intrinsics.X86.Fma.IsSupported || System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? Vector.FusedMultiplyAdd(a, b, c) : a * b + c;

    // Averages of gradients that have stopped decay into denormal numbers, on which a processor is many times slower and which are too small to move anything.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> Normal(Vector<float> x) => Vector.AndNot(x, Vector.AsVectorSingle(Vector.LessThan(Vector.Abs(x), new Vector<float>(1.17549435e-38f))));

    sealed class AdamStep(TrainedModel model, long start, Func<(double Rate, double Decay, bool Decoupled)> settings, (double Beta1, double Beta2, double Epsilon) constants, Func<(long Step, Tensor Mean, Tensor Square)> count) : FlatStep(model, start)
    {
        float decay, shrink, root, rate;

        public override void Begin()
        {
            var (step, mean, square) = count();
            var (speed, weightDecay, decoupled) = settings();
            Remembered(mean, square);
            decay = decoupled ? 0 : (float)weightDecay;
            shrink = decoupled ? (float)(1 - speed * weightDecay) : 1;
            root = (float)Math.Sqrt(1 - Math.Pow(constants.Beta2, step));
            rate = (float)(-speed / (1 - Math.Pow(constants.Beta1, step)));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Move(float* p, float* g, float* a, float* b, long count)
        {
            Vector<float> keep1 = new((float)constants.Beta1), rest1 = new((float)(1 - constants.Beta1)), keep2 = new((float)constants.Beta2), rest2 = new((float)(1 - constants.Beta2));
            Vector<float> epsilon = new((float)constants.Epsilon), coupled = new(decay), less = new(shrink), below = new(root), speed = new(rate);
            for (var k = 0L; k < count; k += Vector<float>.Count)
            {
                var slope = Vector.Load(g + k);
                var value = Vector.Load(p + k) * less;
                if (decay != 0)
                    slope = Mad(coupled, value, slope);
                var mean = Normal(Mad(rest1, slope, Vector.Load(a + k) * keep1));
                var square = Normal(Mad(rest2 * slope, slope, Vector.Load(b + k) * keep2));
                mean.Store(a + k);
                square.Store(b + k);
                (value + speed * mean / (Vector.SquareRoot(square) / below + epsilon)).Store(p + k);
            }
        }
    }

    sealed class SgdStep(TrainedModel model, long start, SGD.Options options, SGD.State state, Parameter slice) : FlatStep(model, start)
    {
        bool fresh;
        float decay, momentum, rate;

        public override void Begin()
        {
            (decay, momentum, rate) = ((float)options.weight_decay!.Value, (float)options.momentum!.Value, (float)-options.LearningRate!.Value);
            // The first gradient is the momentum's beginning.
            fresh = momentum != 0 && state.momentum_buffer is null;
            if (fresh)
                state.momentum_buffer = zeros_like(slice).detach().DetachFromDisposeScope();
            Remembered(momentum == 0 ? null : state.momentum_buffer);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Move(float* p, float* g, float* a, float* b, long count)
        {
            Vector<float> coupled = new(decay), keep = new(momentum), speed = new(rate);
            for (var k = 0L; k < count; k += Vector<float>.Count)
            {
                var slope = Vector.Load(g + k);
                var value = Vector.Load(p + k);
                if (decay != 0)
                    slope = Mad(coupled, value, slope);
                if (momentum != 0)
                {
                    slope = Normal(fresh ? slope : Mad(Vector<float>.One, slope, Vector.Load(a + k) * keep));
                    slope.Store(a + k);
                }
                Mad(speed, slope, value).Store(p + k);
            }
        }
    }

    sealed class RmsPropStep(TrainedModel model, long start, RMSProp.Options options, RMSProp.State state, Parameter slice) : FlatStep(model, start)
    {
        float decay, momentum, rate;

        public override void Begin()
        {
            state.step++;
            if (options.momentum > 0)
                state.momentum_buffer ??= zeros_like(slice).detach().DetachFromDisposeScope();
            (decay, momentum, rate) = ((float)options.weight_decay!.Value, (float)options.momentum!.Value, (float)-options.LearningRate!.Value);
            Remembered(state.square_avg, momentum > 0 ? state.momentum_buffer : null);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Move(float* p, float* g, float* a, float* b, long count)
        {
            Vector<float> coupled = new(decay), keep = new((float)options.alpha!.Value), rest = new((float)(1 - options.alpha.Value)), roll = new(momentum), epsilon = new((float)options.eps!.Value), speed = new(rate);
            for (var k = 0L; k < count; k += Vector<float>.Count)
            {
                var slope = Vector.Load(g + k);
                var value = Vector.Load(p + k);
                if (decay != 0)
                    slope = Mad(coupled, value, slope);
                var square = Normal(Mad(rest * slope, slope, Vector.Load(a + k) * keep));
                square.Store(a + k);
                var below = Vector.SquareRoot(square) + epsilon;
                if (momentum > 0)
                {
                    var ball = Normal(Vector.Load(b + k) * roll + slope / below);
                    ball.Store(b + k);
                    Mad(speed, ball, value).Store(p + k);
                }
                else
                    (value + speed * slope / below).Store(p + k);
            }
        }
    }
}
