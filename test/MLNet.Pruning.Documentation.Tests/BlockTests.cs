using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace MLNet.Pruning.Documentation.Tests;

[TestClass]
public sealed partial class BlockTests
{
    // What a console project of the .NET SDK has by itself.
    const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    static readonly string Pages = Path.Combine(AppContext.BaseDirectory, "pages");

    static readonly CSharpParseOptions Language = new(LanguageVersion.Latest);

    static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    public static IEnumerable<(string Block, string Code)> Blocks() =>
        from page in Directory.EnumerateFiles(Pages, "*.md", SearchOption.AllDirectories).Order()
        let text = File.ReadAllText(page)
        from block in Fenced().Matches(text)
        let line = text.AsSpan(0, block.Index).Count('\n') + 1
        select ($"{Path.GetRelativePath(Pages, page)}, line {line}", block.Groups["code"].Value);

    [TestMethod]
    [DynamicData(nameof(Blocks))]
    public void A_block_compiles_alone_as_a_program(string block, string code)
    {
        var errors = Errors(code);
        Assert.IsEmpty(errors, $"{block}: {string.Join("; ", errors)}");
    }

    [TestMethod]
    public void A_block_that_is_no_program_is_found_out()
    {
        Assert.IsEmpty(Errors("Console.WriteLine(1);"));
        Assert.IsNotEmpty(Errors("Console.WriteLine(x);"));
        Assert.IsNotEmpty(Errors("var mlContext = new Microsoft.ML.MLContext(); mlContext.Transforms.NoSuchTransform();"));
    }

    [TestMethod]
    public void Every_page_with_code_is_read() => Assert.IsGreaterThan(20, Blocks().Count());

    static string[] Errors(string code) =>
        [.. CSharpCompilation
            .Create("Block", [Parse(ImplicitUsings), Parse(code)], References, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable))
            .GetDiagnostics()
            .Where(d => d.Severity == DiagnosticSeverity.Error)
            .Select(d => $"{d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)} ({d.Location.GetLineSpan().StartLinePosition.Line + 1})")];

    static SyntaxTree Parse(string code) => CSharpSyntaxTree.ParseText(SourceText.From(code), Language);

    [GeneratedRegex(@"^```csharp\r?\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();
}
