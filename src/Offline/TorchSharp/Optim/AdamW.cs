using TorchSharp.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules;

public class AdamW : OptimizerHelper, IBetas
{
    public AdamW(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
    {
    }

    public AdamW(IEnumerable<ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
    {
        RequireNotNegative(lr, "learning rate");
        RequireNotNegative(eps, "ε");
        RequireBetas(beta1, beta2);
        RequireNotNegative(weight_decay, "weight_decay value");
        Begin(new Options { beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize }, lr, parameters);
    }

    public (double, double) Betas
    {
        get => (((Options)_defaults).beta1!.Value, ((Options)_defaults).beta2!.Value);
        set => (((Options)_defaults).beta1, ((Options)_defaults).beta2) = value;
    }

    public override void add_param_group(Modules.ParamGroup param_group) => Enter<Options>(param_group, (parameter, options) => new State(parameter, options.amsgrad!.Value));

    public override unsafe Tensor step(Func<Tensor>? closure = null) =>
        StepGroups<Options>(closure, static (slots, count, options) => Bridge.prt_adam(
            slots, count, options.LearningRate!.Value, options.beta1!.Value, options.beta2!.Value, options.eps!.Value,
            options.weight_decay!.Value, options.amsgrad!.Value ? 1 : 0, options.maximize!.Value ? 1 : 0, decoupled: 1));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            ReleaseStates();
    }

    public sealed class State : OptimizerState, IDisposable
    {
        public long step;
        public Tensor exp_avg;
        public Tensor exp_avg_sq;
        public Tensor? max_exp_avg_sq;

        internal State(Parameter parameter, bool amsgrad) : base(parameter)
        {
            exp_avg = NewState();
            exp_avg_sq = NewState();
            if (amsgrad)
                max_exp_avg_sq = NewState();
        }

        public void Dispose() => Release();

        public override void to(Device device) => Move(device);

        public override void SaveStateDict(BinaryWriter writer) => Write(writer);

        public override void LoadStateDict(BinaryReader reader) => Read(reader);

        public override void LoadStateDict(OptimizerState source) => Take((State)source);

        public override bool ApproximatelyEquals(OptimizerState other) => IsNear(other);

        internal override int Least => 2;

        internal override int Most => 3;

        internal override ref Tensor? At(int index)
        {
            if (index == 0)
                return ref exp_avg!;
            if (index == 1)
                return ref exp_avg_sq!;
            return ref max_exp_avg_sq;
        }

        internal override long? Steps
        {
            get => step;
            set => step = value!.Value;
        }
    }

    public class Options : OptimizerOptions
    {
        public double? beta1;
        public double? beta2;
        public double? weight_decay;
        public double? eps;
        public bool? amsgrad;
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
            visitor.Visit(ref beta1, from.beta1);
            visitor.Visit(ref beta2, from.beta2);
            visitor.Visit(ref eps, from.eps);
            visitor.Visit(ref weight_decay, from.weight_decay);
            visitor.Visit(ref amsgrad, from.amsgrad);
            visitor.Visit(ref maximize, from.maximize);
        }
    }

    public class ParamGroup : ParamGroup<Options>, IBetas
    {
        public ParamGroup() { }

        public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options) { }

        public ParamGroup(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            : base(parameters, new Options { LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize })
        {
        }

        public (double, double) Betas
        {
            get => (Options.beta1!.Value, Options.beta2!.Value);
            set => (Options.beta1, Options.beta2) = value;
        }
    }
}
