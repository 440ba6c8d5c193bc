using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using Microsoft.ML.Runtime;
using TorchSharp;

namespace MLNet.Pruning.Scoring;

/// <summary>Chooses the device to compute on, and makes sure that LibTorch is loaded.</summary>
static class ComputeDevice
{
    /// <summary>
    /// The device that the options ask for. Otherwise, as in ML.NET's own torch trainers, the GPU that MLContext.GpuDeviceId names; the
    /// CPU if it names none, or if there is no GPU and FallbackToCpu allows it.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no LibTorch, or no such device.</exception>
    public static string Choose(IHostEnvironment environment, string? asked)
    {
        LibTorch.Load();
        if (asked is not null)
        {
            return asked == "cpu" || torch.cuda.is_available()
                ? asked
                : throw new InvalidOperationException($"The device asked for is '{asked}', but LibTorch finds no CUDA device; "
                    + "use Device = \"cpu\" or leave it null.");
        }
        var (gpu, fallback) = MLNetInternals.Settings(environment);
        if (gpu is null)
            return "cpu";
        if (torch.cuda.is_available())
            return $"cuda:{gpu}";
        return fallback
            ? "cpu"
            : throw new InvalidOperationException($"MLContext.GpuDeviceId is {gpu}, but LibTorch finds no CUDA device; "
                + "set MLContext.FallbackToCpu to train on the CPU then.");
    }
}
