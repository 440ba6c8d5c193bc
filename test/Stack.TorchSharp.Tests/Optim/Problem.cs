using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace Stack.TorchSharp.Tests.Optim;

/// <summary>The little regression of peer/optim.py.</summary>
sealed class Problem
{
    internal const int Plain = 0;
    internal const int Transposed = 1;
    readonly Tensor x, y;

    internal Problem(JsonElement peers, ScalarType type, int layout)
    {
        var problem = peers.GetProperty("problem");
        var first = Peer.Tensor(problem.GetProperty("first")).to(type);
        First = new Parameter(layout == Plain ? first : first.t().contiguous().t());
        Second = new Parameter(Peer.Tensor(problem.GetProperty("second")).to(type));
        x = Peer.Tensor(problem.GetProperty("x")).to(type);
        y = Peer.Tensor(problem.GetProperty("y")).to(type);
    }

    internal Parameter First { get; }

    internal Parameter Second { get; }

    internal Tensor Loss() => (x.matmul(First).tanh() * Second - y).pow(2).sum();

    internal void CopyFrom(Problem other)
    {
        using var _ = no_grad();
        First.copy_(other.First);
        Second.copy_(other.Second);
    }

    /// <summary>Where the two parameters were after each step.</summary>
    internal (Tensor first, Tensor second) Walk(Optimizer optimizer, int steps)
    {
        var paths = (new List<Tensor>(), new List<Tensor>());
        for (var step = 0; step < steps; step++)
        {
            optimizer.zero_grad();
            Loss().backward();
            optimizer.step();
            paths.Item1.Add(First.detach().clone());
            paths.Item2.Add(Second.detach().clone());
        }
        return (stack(paths.Item1), stack(paths.Item2));
    }
}
