using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What becomes of something that is kept of a parameter, such as an average of its gradients, when the parameter changes its shape.</summary>
/// <param name="parameter">The parameter, in its new shape.</param>
/// <param name="kept">What is kept of it, in its old shape; not to be written to.</param>
/// <returns>The same in the new shape.</returns>
public delegate Tensor Reshaped(Parameter parameter, Tensor kept);
