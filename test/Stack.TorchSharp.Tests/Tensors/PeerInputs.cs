using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

/// <summary>The tensors of peer/tensors.py under the names that they have there.</summary>
public abstract class PeerInputs
{
    protected static Tensor a => Input("a", float64);
    protected static Tensor b => Input("b", float64);
    protected static Tensor c => Input("c", float64);
    protected static Tensor v => Input("v", float64);
    protected static Tensor w => Input("w", float64);
    protected static Tensor u => Input("u", float64);
    protected static Tensor s => Input("s", float64);
    protected static Tensor t => Input("t", float64);
    protected static Tensor p => Input("p", float64);
    protected static Tensor i => Input("i", int64);
    protected static Tensor j => Input("j", int64);
    protected static Tensor k => Input("k", int64);
    protected static Tensor m => Input("m", @bool);
    protected static Tensor n => Input("n", float64);
    protected static Tensor r => Input("r", int64);
    protected static Tensor f => Input("f", float32);

    internal static void Compare(string group, Dictionary<string, Func<Tensor>> cases, double tolerance = 1e-12) =>
        Peer.Compare(Peer.Run("tensors.py").RootElement.GetProperty(group), cases, tolerance);

    static Tensor Input(string name, ScalarType type) => Peer.Tensor(Peer.Run("tensors.py").RootElement.GetProperty("inputs").GetProperty(name), type);
}
