using TorchSharp.Native;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules;

/// <summary>Parameter groups, a state per parameter, and both in a file.</summary>
public abstract class OptimizerHelper : Optimizer
{
    protected OptimizerOptions _defaults = null!;
    protected OrderedDict<nint, OptimizerState> _state = [];

    public OptimizerHelper() : base(0) { }

    protected enum TypeCode
    {
        Double = 0,
        Long = 1,
        Tensor = 2,
        Options = 3,
        State = 4,
    }

    public override void add_param_group(ParamGroup param_group) => _parameter_groups.Add(param_group);

    public override IEnumerable<Parameter> parameters() => base.parameters();

    public override void zero_grad() => base.zero_grad();

    public void to(Device device)
    {
        foreach (var parameter in parameters())
            _state[parameter.Handle].to(device);
    }

    protected Tensor _step<T>(Action<T> body, Func<Tensor>? loss_closure = null) where T : ParamGroup
    {
        var loss = LossOf(loss_closure);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var group in _parameter_groups)
            body((T)group);
        return loss!;
    }

    internal static Tensor? LossOf(Func<Tensor>? closure)
    {
        if (closure is null)
            return null;
        using var _ = enable_grad();
        return closure();
    }

    public virtual StateDictionary state_dict()
    {
        var dictionary = new StateDictionary();
        foreach (var group in _parameter_groups)
        {
            dictionary.Options.Add(group.Options);
            foreach (var parameter in group.Parameters)
                dictionary.State.Add(_state[parameter.Handle]);
        }
        return dictionary;
    }

    public virtual void load_state_dict(StateDictionary state_dict)
    {
        var own = this.state_dict();
        RequireSame(own, state_dict.Options.Count, state_dict.State.Count);
        for (var k = 0; k < own.Options.Count; k++)
            if (own.Options[k] != state_dict.Options[k])
                own.Options[k].LoadStateDict(state_dict.Options[k]);
        for (var k = 0; k < own.State.Count; k++)
            if (own.State[k] != state_dict.State[k])
                own.State[k].LoadStateDict(state_dict.State[k]);
    }

    public void load_state_dict(string location)
    {
        using var stream = File.OpenRead(location);
        using var reader = new BinaryReader(stream);
        load_state_dict(reader);
    }

    public void load_state_dict(BinaryReader reader)
    {
        var kind = reader.ReadString();
        if (kind != GetType().Name)
            throw new InvalidDataException($"Mismatched optimizer type: expected '{GetType().Name}', but found '{kind}' in the loaded stream.");
        var own = state_dict();
        var options = reader.Read7BitEncodedInt64();
        var states = reader.Read7BitEncodedInt64();
        RequireSame(own, options, states);
        foreach (var option in own.Options)
            option.LoadStateDict(reader);
        foreach (var state in own.State)
            state.LoadStateDict(reader);
    }

    public void save_state_dict(string location)
    {
        using var stream = File.Create(location);
        using var writer = new BinaryWriter(stream);
        save_state_dict(writer);
    }

    public void save_state_dict(BinaryWriter writer)
    {
        var own = state_dict();
        writer.Write(GetType().Name);
        writer.Write7BitEncodedInt64(own.Options.Count);
        writer.Write7BitEncodedInt64(own.State.Count);
        foreach (var option in own.Options)
            option.SaveStateDict(writer);
        foreach (var state in own.State)
            state.SaveStateDict(writer);
    }

    static void RequireSame(StateDictionary own, long options, long states)
    {
        if (options != own.Options.Count)
            throw new ArgumentException("Invalid optimizer state -- different number of parameter groups.");
        if (states != own.State.Count)
            throw new ArgumentException("Invalid optimizer state -- different number of states.");
    }

    /// <summary>Sets the options that groups fall back on, and enters the first groups.</summary>
    internal void Begin(OptimizerOptions defaults, double lr, IEnumerable<ParamGroup> groups)
    {
        _defaults = defaults;
        (_defaults.LearningRate, _defaults.InitialLearningRate) = (lr, lr);
        foreach (var group in groups)
            add_param_group(group);
    }

    /// <summary>Completes a group's options and enters it: from here on its parameters have states.</summary>
    internal void Enter<TOptions>(ParamGroup group, Func<Parameter, TOptions, OptimizerState> newState) where TOptions : OptimizerOptions, new()
    {
        group.Options ??= new TOptions();
        var options = (TOptions)group.Options;
        options.LearningRate ??= _defaults.LearningRate;
        options.Each(new OptionDefaults(), _defaults);
        options.InitialLearningRate = options.LearningRate!.Value;
        _parameter_groups.Add(group);
        foreach (var parameter in group.Parameters)
            _state[parameter.Handle] = newState(parameter, options);
    }

    /// <summary>One native call over a whole group of parameters.</summary>
    internal unsafe delegate int NativeStep<TOptions>(Slot* slots, int count, TOptions options);

    internal Tensor StepGroups<TOptions>(Func<Tensor>? closure, NativeStep<TOptions> native) where TOptions : OptimizerOptions
    {
        var loss = LossOf(closure);
        foreach (var group in _parameter_groups)
            Step(group.Listed(), (TOptions)group.Options, native);
        return loss!;
    }

    unsafe void Step<TOptions>(Parameter[] parameters, TOptions options, NativeStep<TOptions> native)
    {
        var few = new Slots();
        var slots = Slots.For(parameters, ref few);
        for (var k = 0; k < slots.Length; k++)
        {
            var handle = parameters[k].Handle;
            slots[k] = _state[handle].ToSlot(handle);
        }
        fixed (Slot* first = slots)
            Bridge.Check(native(first, slots.Length, options));
        for (var k = 0; k < slots.Length; k++)
            _state[slots[k].Parameter].FromSlot(slots[k]);
        GC.KeepAlive(parameters);
    }

    internal void ReleaseStates()
    {
        foreach (var (_, state) in _state)
            state.Release();
        _state.Clear();
    }

    internal static void RequireNotNegative(double value, string name)
    {
        if (value < 0)
            throw new ArgumentException($"Invalid {name}: {value}");
    }

    internal static void RequireBetas(double beta1, double beta2)
    {
        if (beta1 is < 0 or >= 1)
            throw new ArgumentException($"Invalid beta1: {beta1}");
        if (beta2 is < 0 or >= 1)
            throw new ArgumentException($"Invalid beta2: {beta2}");
    }
}
