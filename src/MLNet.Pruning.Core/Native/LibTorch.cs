using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using MLNet.Pruning.Persistence;
using TorchSharp;

namespace MLNet.Pruning.Native;

/// <summary>Loads the LibTorch that TorchSharp uses.</summary>
public static class LibTorch
{
    const string Bridge = "LibTorchSharp";

    static readonly Lock Gate = new();
    static nint bridge;
    static string? problem;

    /// <summary>
    /// Asked for a folder with LibTorch if the program has none; null if there is no such folder. Errors are for the user who needs it.
    /// </summary>
    internal static Func<string?>? Elsewhere { get; set; }

    /// <summary>
    /// Loads LibTorch, unless it is loaded already. Everything in this library that computes calls it first. Call it at the start of a
    /// program that uses TorchSharp before this library on a system with an old libstdc++ (Debian 12, Ubuntu 22.04, RHEL 9).
    /// </summary>
    /// <exception cref="InvalidOperationException">No LibTorch fits; the message says which package to add.</exception>
    public static void Load()
    {
        if (Elsewhere is { } find && !NativeLibrary.TryLoad(Bridge, TorchSharp, null, out _) && find() is { } folder)
            NativeLibrary.TryLoad(Path.Combine(folder, FileName), out _); // TorchSharp's library then finds it loaded
        try
        {
            // If TorchSharp finds no LibTorch, it writes pages to the console, which would bury the one line that helps.
            if (NativeLibrary.TryLoad(Bridge, TorchSharp, null, out _))
                torch.InitializeDeviceType(DeviceType.CPU);
            else
                WithoutConsole(() => torch.InitializeDeviceType(DeviceType.CPU));
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or TypeInitializationException)
        {
            throw new InvalidOperationException(
                problem ?? $"There is no LibTorch to compute with: add the package TorchSharp-cpu "
                    + $"{TorchSharp.GetName().Version!.ToString(3)} to the program's project "
                + "(or TorchSharp-cuda-windows, TorchSharp-cuda-linux, libtorch-cpu-linux-x64, -win-x64, -win-arm64, -osx-arm64).",
                e.GetBaseException() is NotSupportedException ? null : e); // the message of which is those pages
        }
    }

    /// <summary>The file that a folder with LibTorch has.</summary>
    internal static string FileName =>
        OperatingSystem.IsWindows() ? "torch.dll" : OperatingSystem.IsMacOS() ? "libtorch.dylib" : "libtorch.so";

    // Once the initializer of the type torch has failed, nothing else of that type may be used.
    static Assembly TorchSharp => typeof(torch).Assembly;

    static void WithoutConsole(Action load)
    {
        var console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            load();
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    /// <summary>
    /// Lets this assembly help when TorchSharp loads its native library, in any program, so that an old libstdc++ is enough.
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "TorchSharp's own loading must be helped before anything of this library is "
        + "called.")]
    internal static void ListenForFailure()
    {
        if (OperatingSystem.IsLinux())
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve; // called only if normal loading failed
    }

    static nint Resolve(Assembly assembly, string name)
    {
        if (name != Bridge)
            return 0;
        lock (Gate)
            return bridge != 0 ? bridge : bridge = LoadLoosened(assembly);
    }

    static nint LoadLoosened(Assembly assembly)
    {
        const string File = "lib" + Bridge + ".so";
        if (Folders(assembly).Select(folder => Path.Combine(folder, File)).FirstOrDefault(System.IO.File.Exists) is not { } original)
            return 0;
        try
        {
            // Its dependencies are in the same folder, in another of the program, or in a package that only a notebook knows.
            if (!Folders(assembly).Any(folder => NativeLibrary.TryLoad(Path.Combine(folder, FileName), out _)))
                _ = NativeLibrary.TryLoad("torch", assembly, null, out _);
            return NativeLibrary.Load(original);
        }
        catch (DllNotFoundException e) when (!e.Message.Contains(LoosenedLibrary.NeededVersion, StringComparison.Ordinal))
        {
            return 0;
        }
        catch (DllNotFoundException)
        {
        }
        try
        {
            return NativeLibrary.Load(LoosenedCopy(original));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            problem = $"TorchSharp needs a libstdc++ with {LoosenedLibrary.NeededVersion} (GCC 13); {FoundVersion()} is here, and "
                + $"TorchSharp's library could not be adapted: {e.Message}";
            Console.Error.WriteLine(problem);
            return 0;
        }
    }

    // The runtime's search folders, and the package folder that notebooks use.
    static IEnumerable<string> Folders(Assembly assembly)
    {
        var beside = Path.GetDirectoryName(assembly.Location) is { Length: > 0 } folder ? folder : AppContext.BaseDirectory;
        return ((AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string) ?? "").Split(Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Append(beside)
            .Append(Path.Combine(beside, "runtimes", "linux-x64", "native"))
            .Append(Path.Combine(beside, "..", "..", "runtimes", "linux-x64", "native"));
    }

    // Made once per user and version of TorchSharp.
    static string LoosenedCopy(string original)
    {
        var bytes = File.ReadAllBytes(original);
        var key = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
        var copy = Path.Combine(CacheFolder(), $"lib{Bridge}-{key}.so");
        if (File.Exists(copy) && new FileInfo(copy).Length == bytes.Length)
            return copy;
        LoosenedLibrary.Loosen(bytes);
        WholeFile.Write(copy, stream => stream.Write(bytes));
        return copy;
    }

    // Nobody else may write to this folder.
    static string CacheFolder()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set && Path.IsPathRooted(set)
            ? set
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache")
                : null;
        if (cache is not null)
            try
            {
                return Directory.CreateDirectory(Path.Combine(cache, "MLNet.Pruning")).FullName;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The home folder is not writable.
            }
        return Directory.CreateTempSubdirectory("MLNet.Pruning-").FullName;
    }

    static string FoundVersion()
    {
        try
        {
            var path = File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..]).First(line =>
                line.Contains("libstdc++.so.6", StringComparison.Ordinal));
            var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path));
            const string Prefix = "GLIBCXX_3.4.";
            var last = Enumerable.Range(0, 100).Last(n => text.Contains($"{Prefix}{n}\0", StringComparison.Ordinal));
            return Prefix + last;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return "an older one";
        }
    }
}
