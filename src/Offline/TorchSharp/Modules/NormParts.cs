using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules;

/// <summary>What batch and instance norms of every dimension have in common: scale, shift and running statistics.</summary>
sealed class NormParts(double eps, double momentum)
{
    internal Parameter? Weight;
    internal Parameter? Bias;
    internal Tensor? RunningMean;
    internal Tensor? RunningVar;
    Tensor? batches;

    internal Tensor? Batches => batches;

    internal void Begin(Module owner, long features, bool affine, bool track, Device? device, ScalarType? dtype)
    {
        if (affine)
            owner.SetAffine(ref Weight, ref Bias, [features], device, dtype);
        if (!track)
            return;
        owner.Set(ref RunningMean, "running_mean", zeros(features, dtype, device));
        owner.Set(ref RunningVar, "running_var", ones(features, dtype, device));
        owner.Set(ref batches, "num_batches_tracked", zeros([], dtype ?? ScalarType.Int64, device));
    }

    internal void ResetStatistics()
    {
        if (RunningMean is null)
            return;
        init.zeros_(RunningMean);
        init.ones_(RunningVar!);
        init.zeros_(batches!);
    }

    internal Tensor BatchNorm(Tensor tensor, bool training)
    {
        if (training && batches is not null)
        {
            using var _ = no_grad();
            batches.add_(1);
        }
        var own = training || RunningMean is null && RunningVar is null;
        return functional.batch_norm(tensor, RunningMean!, RunningVar!, Weight, Bias, own, momentum, eps);
    }

    /// <summary>Normalizes [rows, features, positions...], or one row without the first dimension.</summary>
    internal Tensor InstanceNorm(Tensor tensor, long features, int positions, bool training)
    {
        var channels = (int)tensor.Dimensions - 1 - positions;
        if (channels is not (0 or 1))
            throw new ArgumentException($"Invalid number of dimensions for InstanceNorm argument: {tensor.Dimensions}");
        if (tensor.size(channels) != features)
            throw new ArgumentException($"expected input's size at dim={channels} to match num_features ({features}), but got: {tensor.size(channels)}.");
        if (channels > 0)
            return InstanceNorm(tensor, training);
        using var batch = tensor.unsqueeze(0);
        using var normalized = InstanceNorm(batch, training);
        return normalized.squeeze(0);
    }

    Tensor InstanceNorm(Tensor tensor, bool training) =>
        functional.instance_norm(tensor, RunningMean, RunningVar, Weight, Bias, training || RunningMean is null, momentum, eps);

    internal void Replace(string name, Tensor tensor)
    {
        switch (name)
        {
            case "weight":
                Weight = (Parameter)tensor;
                break;
            case "bias":
                Bias = (Parameter)tensor;
                break;
            case "running_mean":
                RunningMean = tensor;
                break;
            case "running_var":
                RunningVar = tensor;
                break;
            case "num_batches_tracked":
                batches = tensor;
                break;
        }
    }
}
