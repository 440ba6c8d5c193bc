namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Raises the count of batches that a batch norm has seen.</summary>
            internal static void CountBatch(Tensor count)
            {
                using var _ = no_grad();
                count.add_(1);
            }
        }
    }
}
