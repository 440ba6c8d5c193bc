namespace TorchSharp;

/// <summary>Reads past one tensor of a state file that nobody wants.</summary>
static class StateFile
{
    internal static void Skip(BinaryReader reader)
    {
        torch.Tensor? none = null;
        TensorExtensionMethods.Load(ref none!, reader, skip: true);
        none?.Dispose();
    }
}
