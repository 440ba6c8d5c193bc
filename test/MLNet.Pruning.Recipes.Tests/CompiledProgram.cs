using System.Globalization;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace MLNet.Pruning.Recipes.Tests;

/// <summary>A C# program, compiled as a console project of the .NET SDK would be, and run in this process.</summary>
static class CompiledProgram
{
    const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        """;

    static readonly CSharpParseOptions language = new(LanguageVersion.Latest);

    static readonly MetadataReference[] references =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))];

    public static void Run(string code, string folder)
    {
        using var image = new MemoryStream();
        var result = Compilation(code).Emit(image);
        Assert.IsTrue(result.Success, $"{string.Join("\n", Errors(code))}\n{code}");
        var program = new AssemblyLoadContext("program", isCollectible: true);
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = folder;
            image.Position = 0;
            var main = program.LoadFromStream(image).EntryPoint!;
            main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
        }
        finally
        {
            Environment.CurrentDirectory = before;
            program.Unload();
        }
    }

    public static string[] Errors(string code) =>
    [
        .. Compilation(code).GetDiagnostics().Where(found => found.Severity >= DiagnosticSeverity.Warning)
            .Select(found => $"{found.GetMessage(CultureInfo.InvariantCulture)} "
                + $"({found.Location.GetLineSpan().StartLinePosition.Line + 1})"),
    ];

    static CSharpCompilation Compilation(string code) => CSharpCompilation.Create(
        "Program" + Guid.NewGuid().ToString("N"),
        [CSharpSyntaxTree.ParseText(ImplicitUsings, language), CSharpSyntaxTree.ParseText(code, language)],
        references,
        new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
}
