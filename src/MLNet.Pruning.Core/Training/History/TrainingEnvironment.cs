using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The machine on which a model was trained, and the versions of what trained it.</summary>
public sealed record TrainingEnvironment
{
    /// <summary>The versions by name: the libraries, LibTorch and .NET.</summary>
    public Dictionary<string, string> Versions { get; init; } = [];

    /// <summary>The operating system.</summary>
    public string System { get; init; } = "";

    /// <summary>The processor's name.</summary>
    public string Processor { get; init; } = "";

    /// <summary>The cores that the process could use.</summary>
    public int Cores { get; init; }

    /// <summary>The widest vector instructions: AVX-512, AVX2, SIMD or no SIMD.</summary>
    public string Instructions { get; init; } = "";

    /// <summary>When the run began, in universal time.</summary>
    public DateTimeOffset Started { get; init; }

    /// <summary>This machine, now.</summary>
    internal static TrainingEnvironment Here() => new()
    {
        Versions = new()
        {
            ["MLNet.Pruning"] = VersionOf(typeof(TrainingEnvironment).Assembly),
            ["TorchSharp"] = VersionOf(typeof(TorchSharp.torch).Assembly),
            ["LibTorch"] = __version__,
            [".NET"] = global::System.Environment.Version.ToString(),
        },
        System = $"{RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.OSArchitecture}",
        Processor = ProcessorName() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores = global::System.Environment.ProcessorCount,
        Instructions = VectorUnit,
        Started = DateTimeOffset.UtcNow,
    };

    internal static string VectorUnit => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2"
        : global::System.Numerics.Vector.IsHardwareAccelerated ? "SIMD" : "no SIMD";

    /// <summary>The version of a library, without the commit.</summary>
    internal static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? assembly.GetName().Version!.ToString(3);

    static string? ProcessorName()
    {
        if (OperatingSystem.IsWindows())
            return global::System.Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':', 2)[1].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // macOS has no such file
        }
    }
}

/// <summary>The rows that a model was trained on.</summary>
/// <param name="Rows">Their number.</param>
/// <param name="Shape">The shape of a row.</param>
/// <param name="Hash">A hash of all features and labels, as 16 hexadecimal digits; equal rows in equal order have equal hashes.</param>
public sealed record DataRecord(long Rows, IReadOnlyList<long> Shape, string Hash);
