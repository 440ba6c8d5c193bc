using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Optimizer state for one parameter.</summary>
/// <param name="Steps">How many steps the optimizer took; an SGD of the task's own does not count them.</param>
/// <param name="Tensors">Its averages by the names that PyTorch gives them (exp_avg, exp_avg_sq, momentum_buffer, square_avg), each of the
/// parameter's shape; the caller's to dispose of.</param>
public sealed record ParameterState(long Steps, IReadOnlyDictionary<string, Tensor> Tensors);
