using TorchSharp.Native;
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

    /// <summary>Shows every field beside that of other options of the same kind.</summary>
    internal virtual void Each(OptionVisitor visitor, OptimizerOptions other) { }
}

/// <summary>What an optimizer remembers of one parameter: some tensors, and perhaps the number of its steps.</summary>
public abstract class OptimizerState
{
    internal OptimizerState(Parameter parameter) => Parameter = parameter;

    internal Parameter Parameter { get; }

    public abstract void SaveStateDict(BinaryWriter writer);

    public abstract void LoadStateDict(BinaryReader reader);

    public abstract void LoadStateDict(OptimizerState source);

    public virtual bool ApproximatelyEquals(OptimizerState other) => false;

    public virtual void to(Device device) { }

    /// <summary>How many tensors are always there; after them come those that may be missing, up to <see cref="Most"/>.</summary>
    internal abstract int Least { get; }

    internal abstract int Most { get; }

    internal abstract ref Tensor? At(int index);

    /// <summary>The number of steps, or null where it is not counted.</summary>
    internal virtual long? Steps
    {
        get => null;
        set { }
    }

    internal Tensor NewState() => zeros_like(Parameter).requires_grad_(false).DetachFromDisposeScope();

    internal void Write(BinaryWriter writer)
    {
        if (Steps is { } steps)
            writer.Write(steps);
        for (var k = 0; k < Most; k++)
            if (k < Least)
                At(k)!.Save(writer);
            else
                SaveConditionalStateTensor(writer, At(k));
    }

    internal void Read(BinaryReader reader)
    {
        if (Steps is not null)
            Steps = reader.ReadInt64();
        for (var k = 0; k < Most; k++)
            if (k < Least)
                At(k)!.Load(reader);
            else
                LoadOptional(reader, ref At(k));
    }

    /// <summary>Copies another state's tensors, beside this state's parameter.</summary>
    internal void Take(OptimizerState other)
    {
        Release();
        Steps = other.Steps;
        for (var k = 0; k < Most; k++)
            At(k) = other.At(k) is { } tensor ? Copied(tensor) : null;
    }

    internal bool IsNear(OptimizerState other)
    {
        if (other.GetType() != GetType() || other.Steps != Steps)
            return false;
        for (var k = 0; k < Most; k++)
            if (At(k) is { } tensor && !(other.At(k) is { } its && tensor.allclose(its)))
                return false;
        return true;
    }

    internal void Move(Device device)
    {
        for (var k = 0; k < Most; k++)
            if (At(k) is { } tensor)
            {
                var moved = tensor.to(device).DetachFromDisposeScope();
                if (!ReferenceEquals(moved, tensor))
                    tensor.Dispose();
                At(k) = moved;
            }
    }

    internal void Release()
    {
        for (var k = 0; k < Most; k++)
            At(k)?.Dispose();
    }

    internal Slot ToSlot(nint parameter) => new()
    {
        Parameter = parameter,
        First = HandleAt(0),
        Second = HandleAt(1),
        Third = HandleAt(2),
        Step = Steps ?? 0,
    };

    /// <summary>Takes back what a native step has changed beside the tensors' values.</summary>
    internal virtual void FromSlot(in Slot slot) => Steps = slot.Step;

    protected static void SaveConditionalStateTensor(BinaryWriter writer, Tensor? tensor)
    {
        writer.Write(tensor is not null);
        tensor?.Save(writer);
    }

    nint HandleAt(int index) => index < Most && At(index) is { } tensor ? tensor.Handle : 0;

    Tensor Copied(Tensor tensor)
    {
        using var here = tensor.to(Parameter.device);
        return here.clone().DetachFromDisposeScope();
    }

    void LoadOptional(BinaryReader reader, ref Tensor? tensor)
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
}
