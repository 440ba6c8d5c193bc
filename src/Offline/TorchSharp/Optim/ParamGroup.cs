using static TorchSharp.torch.optim;

namespace TorchSharp.Modules;

public class ParamGroup : ILearningRateController
{
    IEnumerable<Parameter>? listed;
    Parameter[] list = [];

    public IEnumerable<Parameter> Parameters { get; set; } = null!;

    public OptimizerOptions Options { get; set; } = null!;

    public double LearningRate
    {
        get => Options.LearningRate!.Value;
        set => Options.LearningRate = value;
    }

    public double InitialLearningRate
    {
        get => Options.InitialLearningRate;
        set => Options.InitialLearningRate = value;
    }

    /// <summary>The parameters as an array. A lazy enumeration (such as a module's) is walked once, not at every step.</summary>
    internal Parameter[] Listed()
    {
        if (!ReferenceEquals(listed, Parameters))
            (listed, list) = (Parameters, [.. Parameters]);
        else if (Parameters is ICollection<Parameter> and not Parameter[])
            list = [.. Parameters];
        return list;
    }
}

public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
{
    public ParamGroup() { }

    public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null)
    {
        Parameters = parameters;
        base.Options = options!;
    }

    public new TOptions Options
    {
        get => (TOptions)base.Options;
        set => base.Options = value;
    }
}
