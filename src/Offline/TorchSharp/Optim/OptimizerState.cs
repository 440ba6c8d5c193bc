using static TorchSharp.torch;

namespace TorchSharp.Modules;

public class OptimizerOptions
{
    public double? LearningRate { get; set; }

    public double InitialLearningRate { get; set; }

    public virtual void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(InitialLearningRate);
        writer.Write(LearningRate!.Value);
    }

    public virtual void LoadStateDict(BinaryReader reader)
    {
        InitialLearningRate = reader.ReadDouble();
        LearningRate = reader.ReadDouble();
    }

    public virtual void LoadStateDict(OptimizerOptions source)
    {
        InitialLearningRate = source.InitialLearningRate;
        LearningRate = source.LearningRate;
    }
}

public abstract class OptimizerState
{
    internal OptimizerState(Parameter parameter) => Parameter = parameter;

    internal Parameter Parameter { get; }

    public abstract void SaveStateDict(BinaryWriter writer);

    public abstract void LoadStateDict(BinaryReader reader);

    public abstract void LoadStateDict(OptimizerState source);

    public virtual bool ApproximatelyEquals(OptimizerState other) => false;

    public virtual void to(Device device) { }

    internal Tensor NewState() => zeros_like(Parameter).requires_grad_(false).DetachFromDisposeScope();

    internal static Tensor Moved(Tensor tensor, Device device)
    {
        var moved = tensor.to(device).DetachFromDisposeScope();
        if (!ReferenceEquals(moved, tensor))
            tensor.Dispose();
        return moved;
    }

    /// <summary>A copy of another state's tensor, beside this state's parameter.</summary>
    internal Tensor Copied(Tensor tensor)
    {
        using var here = tensor.to(Parameter.device);
        return here.clone().DetachFromDisposeScope();
    }

    protected static void SaveConditionalStateTensor(BinaryWriter writer, Tensor? tensor)
    {
        writer.Write(tensor is not null);
        tensor?.Save(writer);
    }

    internal void LoadOptional(BinaryReader reader, ref Tensor? tensor)
    {
        if (reader.ReadBoolean())
        {
            tensor ??= NewState();
            tensor.Load(reader);
            return;
        }
        tensor?.Dispose();
        tensor = null;
    }

    internal static bool Near(Tensor? left, Tensor? right) => left is null || right is not null && left.allclose(right);
}
