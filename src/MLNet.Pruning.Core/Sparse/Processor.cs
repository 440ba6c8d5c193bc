using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace MLNet.Pruning.Sparse;

/// <summary>What a measured choice holds for.</summary>
static class Processor
{
    /// <summary>The processor's name, where it tells, and how many of it a program may use.</summary>
    public static string Name { get; } = $"{Brand() ?? RuntimeInformation.ProcessArchitecture.ToString()}, {Environment.ProcessorCount}";

    static string? Brand()
    {
        const int First = unchecked((int)0x80000002), Last = First + 2;
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < unchecked((uint)Last))
            return null;
        Span<int> words = stackalloc int[12];
        for (var leaf = First; leaf <= Last; leaf++)
            (words[4 * (leaf - First)], words[4 * (leaf - First) + 1], words[4 * (leaf - First) + 2], words[4 * (leaf - First) + 3]) = X86Base.CpuId(leaf, 0);
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).Trim('\0', ' ');
    }
}
