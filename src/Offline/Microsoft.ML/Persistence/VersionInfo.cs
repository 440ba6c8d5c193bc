using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Names the kind of a saved component, the versions of its format, and who can load it.</summary>
internal readonly struct VersionInfo
{
    public readonly ulong ModelSignature;
    public readonly uint VerWrittenCur;
    public readonly uint VerReadableCur;
    public readonly uint VerWeCanReadBack;
    public readonly string? LoaderAssemblyName;
    public readonly string? LoaderSignature;
    public readonly string? LoaderSignatureAlt;

    public VersionInfo(string modelSignature, uint verWrittenCur, uint verReadableCur, uint verWeCanReadBack,
        string? loaderAssemblyName, string? loaderSignature = null, string? loaderSignatureAlt = null)
    {
        Contracts.Check(modelSignature?.Length == 8, "Model signature must be eight characters");
        ModelSignature = 0;
        for (int i = 0; i < modelSignature.Length; i++)
        {
            char character = modelSignature[i];
            Contracts.Check(character <= 0xFF);
            // A space is written as zero.
            if (character != ' ')
                ModelSignature |= (ulong)character << (i * 8);
        }
        VerWrittenCur = verWrittenCur;
        VerReadableCur = verReadableCur;
        VerWeCanReadBack = verWeCanReadBack;
        LoaderAssemblyName = loaderAssemblyName;
        LoaderSignature = loaderSignature;
        LoaderSignatureAlt = loaderSignatureAlt;
    }
}

/// <summary>The signature of components that are made from a saved model alone.</summary>
internal delegate void SignatureLoadModel(ModelLoadContext ctx);

/// <summary>
/// The assemblies of the real library that hold the loaders of these components. They are written into model files, so
/// that the real library finds its own loaders there; read here, they all mean this assembly.
/// </summary>
internal static class LoaderAssemblies
{
    public const string Data = "Microsoft.ML.Data";
    public const string Transforms = "Microsoft.ML.Transforms";

    public static bool AreHere(string assemblyName)
    {
        string name = assemblyName.Split(',')[0];
        return name == "Microsoft.ML" || name.StartsWith("Microsoft.ML.", StringComparison.Ordinal);
    }
}
