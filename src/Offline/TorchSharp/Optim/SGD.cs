using TorchSharp.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules;

public class SGD : OptimizerHelper, IMomentum
{
    public SGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0.0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, momentum, dampening, weight_decay, nesterov, maximize)
    {
    }

    public SGD(IEnumerable<ParamGroup> parameters, double lr, double momentum = 0.0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
    {
        RequireNotNegative(lr, "learning rate");
        RequireNotNegative(momentum, "momentum value");
        RequireNotNegative(weight_decay, "weight_decay value");
        if (nesterov && (momentum <= 0 || dampening != 0))
            throw new ArgumentException("Nesterov momentum requires a momentum and zero dampening");
        Begin(new Options { momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize }, lr, parameters);
    }

    public double Momentum
    {
        get => ((Options)_defaults).momentum!.Value;
        set => ((Options)_defaults).momentum = value;
    }

    public override void add_param_group(Modules.ParamGroup param_group) => Enter<Options>(param_group, (parameter, _) => new State(parameter));

    public override unsafe Tensor step(Func<Tensor>? closure = null) =>
        StepGroups<Options>(closure, static (slots, count, options) => Bridge.prt_sgd(
            slots, count, options.LearningRate!.Value, options.momentum!.Value, options.dampening!.Value,
            options.weight_decay!.Value, options.nesterov!.Value ? 1 : 0, options.maximize!.Value ? 1 : 0));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            ReleaseStates();
    }

    public sealed class State : OptimizerState, IDisposable
    {
        public Tensor? momentum_buffer;

        internal State(Parameter parameter) : base(parameter) { }

        public void Dispose() => Release();

        public override void to(Device device) => Move(device);

        public override void SaveStateDict(BinaryWriter writer) => Write(writer);

        public override void LoadStateDict(BinaryReader reader) => Read(reader);

        public override void LoadStateDict(OptimizerState source) => Take((State)source);

        public override bool ApproximatelyEquals(OptimizerState other) => IsNear(other);

        internal override int Least => 0;

        internal override int Most => 1;

        internal override ref Tensor? At(int index) => ref momentum_buffer;

        internal override void FromSlot(in Slot slot)
        {
            // The first step with momentum makes the buffer.
            if (momentum_buffer is null && slot.First != 0)
                momentum_buffer = Tensor.Own(slot.First).DetachFromDisposeScope();
        }
    }

    public class Options : OptimizerOptions
    {
        public double? momentum;
        public double? dampening;
        public double? weight_decay;
        public bool? nesterov;
        public bool? maximize;

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
            visitor.Visit(ref momentum, from.momentum);
            visitor.Visit(ref dampening, from.dampening);
            visitor.Visit(ref weight_decay, from.weight_decay);
            visitor.Visit(ref nesterov, from.nesterov);
            visitor.Visit(ref maximize, from.maximize);
        }
    }

    public class ParamGroup : ParamGroup<Options>, IMomentum
    {
        public ParamGroup() { }

        public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options) { }

        public ParamGroup(IEnumerable<Parameter> parameters, double lr = 1e-3, double momentum = 0.0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
            : base(parameters, new Options { LearningRate = lr, momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize })
        {
        }

        public double Momentum
        {
            get => Options.momentum!.Value;
            set => Options.momentum = value;
        }
    }
}
