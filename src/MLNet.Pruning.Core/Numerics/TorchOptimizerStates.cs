using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Reads and writes the state of a TorchSharp optimizer for each parameter: the fields of its <c>State</c>.</summary>
static class TorchOptimizerStates
{
    const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The optimizer's parameters, with the state for each.</summary>
    /// <exception cref="NotSupportedException">It keeps no state per parameter.</exception>
    public static IReadOnlyList<(Parameter Parameter, OptimizerState State)> Of(optim.Optimizer optimizer) =>
        optimizer is OptimizerHelper helper
            ? [.. optimizer.parameters().Zip(helper.state_dict().State)]
            : throw new NotSupportedException($"{optimizer.GetType().Name} keeps no state by parameter, so it can be neither saved nor "
                + "cut: make a new optimizer once neurons are removed.");

    /// <summary>The tensors of a state, by name; the optimizer owns them.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Tensors(OptimizerState state)
    {
        foreach (var field in Fields(state))
            if (field.GetValue(state) is Tensor { IsInvalid: false } tensor)
                yield return (field.Name, tensor);
    }

    /// <summary>The state that must be saved to continue with the parameter, with views of its tensors.</summary>
    /// <exception cref="NotSupportedException">The state has more than tensors and a count of steps.</exception>
    public static ParameterState Read(OptimizerState state)
    {
        if (Fields(state).FirstOrDefault(f => f.FieldType != typeof(Tensor) && !IsSteps(f)) is { } other)
            throw new NotSupportedException(
                $"The state of {state.GetType().DeclaringType?.Name} cannot be saved: its '{other.Name}' is no tensor.");
        var steps = Fields(state).FirstOrDefault(IsSteps)?.GetValue(state);
        return new(steps is long count ? count : 0, Tensors(state).ToDictionary(t => t.Name, t => t.Tensor.alias()));
    }

    /// <summary>Writes a state that was read from this optimizer, or from another of its kind.</summary>
    public static void Write(OptimizerState state, Parameter parameter, ParameterState saved)
    {
        var fields = Fields(state).ToDictionary(f => f.Name);
        if (fields.Values.FirstOrDefault(IsSteps) is { } steps)
            steps.SetValue(state, saved.Steps);
        foreach (var (name, tensor) in saved.Tensors)
        {
            if (fields.GetValueOrDefault(name) is not { } field || field.FieldType != typeof(Tensor))
                throw new ArgumentException($"{state.GetType().DeclaringType?.Name} has no state '{name}'.");
            // SGD creates its momentum in the first step.
            if (field.GetValue(state) is not Tensor)
                field.SetValue(state, zeros_like(parameter).DetachFromDisposeScope());
            ((Tensor)field.GetValue(state)!).copy_(tensor);
        }
    }

    static bool IsSteps(FieldInfo field) => field.Name == "step" && field.FieldType == typeof(long);

    static IEnumerable<FieldInfo> Fields(OptimizerState state)
    {
        for (var type = state.GetType(); type is not null && type != typeof(OptimizerState); type = type.BaseType)
            foreach (var field in type.GetFields(Own))
                yield return field;
    }
}

/// <summary>Optimizer state for one parameter.</summary>
/// <param name="Steps">How many steps the optimizer took; an SGD of the task's own does not count them.</param>
/// <param name="Tensors">Its averages by the names that PyTorch gives them (exp_avg, exp_avg_sq, momentum_buffer, square_avg), each of the
/// parameter's shape; the caller's to dispose of.</param>
public sealed record ParameterState(long Steps, IReadOnlyDictionary<string, Tensor> Tensors);
