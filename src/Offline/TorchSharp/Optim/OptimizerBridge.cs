using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The bridge's functions that work on whole groups of parameters (src/Offline/LibTorch/optimizers.cpp).</summary>
static unsafe partial class Bridge
{
    [LibraryImport(Library)]
    internal static partial int prt_adam(Slot* slots, int count, double lr, double beta1, double beta2, double eps, double weightDecay, int amsgrad,
        int maximize, int decoupled);

    [LibraryImport(Library)]
    internal static partial int prt_sgd(Slot* slots, int count, double lr, double momentum, double dampening, double weightDecay, int nesterov, int maximize);

    [LibraryImport(Library)]
    internal static partial int prt_rmsprop(Slot* slots, int count, double lr, double alpha, double eps, double weightDecay, double momentum, int centered,
        int maximize);

    [LibraryImport(Library)] internal static partial int prt_zero_grads(nint* parameters, int count, int toNone);
    [LibraryImport(Library)] internal static partial int prt_clip_grad_norm(nint* parameters, int count, double limit, double order, double* norm);
}
