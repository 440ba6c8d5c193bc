using TorchSharp.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules;

public class RMSProp : OptimizerHelper, IMomentum
{
    public RMSProp(IEnumerable<Parameter> parameters, double lr = 1e-3, double alpha = 0.99, double eps = 1e-8, double weight_decay = 0, double momentum = 0.0, bool centered = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, alpha, eps, weight_decay, momentum, centered, maximize)
    {
    }

    public RMSProp(IEnumerable<ParamGroup> parameters, double lr = 1e-3, double alpha = 0.99, double eps = 1e-8, double weight_decay = 0, double momentum = 0.0, bool centered = false, bool maximize = false)
    {
        RequireNotNegative(lr, "learning rate");
        RequireNotNegative(eps, "ε");
        RequireNotNegative(alpha, "alpha");
        RequireNotNegative(momentum, "momentum value");
        RequireNotNegative(weight_decay, "weight_decay value");
        Begin(new Options { maximize = maximize, momentum = momentum, alpha = alpha, eps = eps, weight_decay = weight_decay, centered = centered }, lr, parameters);
    }

    public double Momentum
    {
        get => ((Options)_defaults).momentum!.Value;
        set => ((Options)_defaults).momentum = value;
    }

    public override void add_param_group(Modules.ParamGroup param_group) => Enter<Options>(param_group, (parameter, _) => new State(parameter));

    public override unsafe Tensor step(Func<Tensor>? closure = null) =>
        StepGroups<Options>(closure, static (slots, count, options) => Bridge.prt_rmsprop(
            slots, count, options.LearningRate!.Value, options.alpha!.Value, options.eps!.Value,
            options.weight_decay!.Value, options.momentum!.Value, options.centered!.Value ? 1 : 0, options.maximize!.Value ? 1 : 0));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            ReleaseStates();
    }

    public sealed class State : OptimizerState, IDisposable
    {
        public long step;
        public Tensor square_avg;
        public Tensor? momentum_buffer;
        public Tensor? grad_avg;

        internal State(Parameter parameter) : base(parameter)
        {
            square_avg = NewState();
            momentum_buffer = NewState();
            grad_avg = NewState();
        }

        public void Dispose() => Release();

        public override void to(Device device) => Move(device);

        public override void SaveStateDict(BinaryWriter writer) => Write(writer);

        public override void LoadStateDict(BinaryReader reader) => Read(reader);

        public override void LoadStateDict(OptimizerState source) => Take((State)source);

        public override bool ApproximatelyEquals(OptimizerState other) => IsNear(other);

        internal override int Least => 1;

        internal override int Most => 3;

        internal override ref Tensor? At(int index)
        {
            if (index == 0)
                return ref square_avg!;
            if (index == 1)
                return ref momentum_buffer;
            return ref grad_avg;
        }

        internal override long? Steps
        {
            get => step;
            set => step = value!.Value;
        }
    }

    public class Options : OptimizerOptions
    {
        public bool? maximize;
        public double? momentum;
        public double? alpha;
        public double? eps;
        public double? weight_decay;
        public bool? centered;

        public override void SaveStateDict(BinaryWriter writer)
        {
            base.SaveStateDict(writer);
            Each(new OptionWriter(writer), this);
        }

        public override void LoadStateDict(BinaryReader reader)
        {
            base.LoadStateDict(reader);
            Each(new OptionReader(reader), this);
        }

        public override void LoadStateDict(OptimizerOptions source)
        {
            base.LoadStateDict(source);
            Each(new OptionCopy(), source);
        }

        internal override void Each(OptionVisitor visitor, OptimizerOptions other)
        {
            var from = (Options)other;
            visitor.Visit(ref maximize, from.maximize);
            visitor.Visit(ref momentum, from.momentum);
            visitor.Visit(ref alpha, from.alpha);
            visitor.Visit(ref eps, from.eps);
            visitor.Visit(ref weight_decay, from.weight_decay);
            visitor.Visit(ref centered, from.centered);
        }
    }

    public class ParamGroup : ParamGroup<Options>, IMomentum
    {
        public ParamGroup() { }

        public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options) { }

        public ParamGroup(IEnumerable<Parameter> parameters, double lr = 1e-3, double eps = 1e-8, double alpha = 0.99, double weight_decay = 0, double momentum = 0.0, bool centered = false)
            : base(parameters, new Options { LearningRate = lr, eps = eps, alpha = alpha, weight_decay = weight_decay, momentum = momentum, centered = centered })
        {
        }

        public double Momentum
        {
            get => Options.momentum!.Value;
            set => Options.momentum = value;
        }
    }
}
