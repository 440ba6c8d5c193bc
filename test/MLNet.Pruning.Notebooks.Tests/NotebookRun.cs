using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace MLNet.Pruning.Notebooks.Tests;

/// <summary>A notebook whose cells run in the kernel of .NET Interactive.</summary>
sealed partial class NotebookRun(string path)
{
    static readonly JsonSerializerOptions format = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    readonly JsonNode notebook = JsonNode.Parse(File.ReadAllText(path))!;

    /// <summary>The folder of notebooks.</summary>
    public static string Folder { get; } =
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "samples", "notebooks"));

    /// <summary>The cells of C#.</summary>
    public IEnumerable<JsonNode> Code => Cells.Where(cell => (string?)cell["cell_type"] == "code");

    /// <summary>The cells of text, as Markdown.</summary>
    public IEnumerable<string> Prose =>
        Cells.Where(cell => (string?)cell["cell_type"] == "markdown").Select(cell => Joined(cell["source"]));

    /// <summary>The packages that the notebook refers to.</summary>
    public IEnumerable<(string Id, string Version)> Packages => Code.SelectMany(cell => Package().Matches(Joined(cell["source"])))
        .Select(line => (line.Groups["id"].Value, line.Groups["version"].Value));

    /// <summary>The outputs, each as one text: HTML, or what was printed.</summary>
    public IEnumerable<string> Outputs => Code.SelectMany(cell => cell["outputs"]!.AsArray())
        .Select(output => output!["data"] is JsonObject data
            ? string.Concat(data.Select(shown => Joined(shown.Value)))
            : Joined(output["text"]));

    IEnumerable<JsonNode> Cells => notebook["cells"]!.AsArray().Select(cell => cell!);

    /// <summary>Runs all cells, whose outputs become those of this run.</summary>
    /// <returns>What went wrong: the cell's number and the message.</returns>
    public async Task<IReadOnlyList<string>> Execute()
    {
        using var kernel = new CompositeKernel { new CSharpKernel().UseKernelHelpers() };
        kernel.DefaultKernelName = "csharp";
        var errors = new List<string>();
        foreach (var (index, cell) in Code.Index())
        {
            var result = await kernel.SendAsync(new SubmitCode(OnBuiltAssemblies(Joined(cell["source"])), "csharp"));
            var outputs = new JsonArray();
            foreach (var message in result.Events)
            {
                if (message is CommandFailed failed)
                    errors.Add($"cell {index + 1}: {failed.Message}");
                else if (message is StandardErrorValueProduced error)
                    errors.Add($"cell {index + 1} wrote to the console's error stream: {error.FormattedValues.First().Value}");
                else if (message is StandardOutputValueProduced printed)
                    Print(outputs, printed.FormattedValues.First().Value);
                else if (message is DisplayEvent shown)
                    outputs.Add(Shown(shown, index + 1));
            }
            (cell["execution_count"], cell["outputs"]) = (index + 1, outputs);
            if (errors.Count > 0)
                break;
        }
        return errors;
    }

    /// <summary>Saves the notebook with the outputs of the run.</summary>
    public void Save() => File.WriteAllText(path, notebook.ToJsonString(format) + "\n");

    static JsonObject Shown(DisplayEvent shown, int number)
    {
        var data = new JsonObject(shown.FormattedValues.Select(f => KeyValuePair.Create(f.MimeType, (JsonNode?)Lines(f.Value))));
        return shown is ReturnValueProduced
            ? new() { ["output_type"] = "execute_result", ["data"] = data, ["execution_count"] = number, ["metadata"] = new JsonObject() }
            : new() { ["output_type"] = "display_data", ["data"] = data, ["metadata"] = new JsonObject() };
    }

    // Lines that are printed one after the other are one output.
    static void Print(JsonArray outputs, string text)
    {
        if (outputs is [.., { } last] && (string?)last["output_type"] == "stream")
            last["text"] = Lines(Joined(last["text"]) + text);
        else
            outputs.Add(new JsonObject { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = Lines(text) });
    }

    // A notebook keeps a text as an array of its lines, each with its end.
    static JsonArray Lines(string text) =>
        new([.. Line().Matches(text.ReplaceLineEndings("\n")).Select(line => (JsonNode?)line.Value)]);

    static string Joined(JsonNode? text) =>
        text is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)text ?? "";

    /// <summary>The same code with the assemblies of this build in place of packages.</summary>
    static string OnBuiltAssemblies(string code) => Package().Replace(code, line =>
        line.Groups["id"].Value == "MLNet.Pruning" ? string.Join('\n', Assemblies().Select(file => $"#r \"{file}\"")) : "");

    // What the packages bring, with those that they depend on.
    static IEnumerable<string> Assemblies() => Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Order()
        .Where(file => Brought().IsMatch(Path.GetFileName(file)));

    static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"[^\n]*\n|[^\n]+")]
    private static partial Regex Line();

    [GeneratedRegex("""^#r "nuget: ?(?<id>[\w.-]+)(, ?(?<version>[\w.-]+))?"[ \t]*$""", RegexOptions.Multiline)]
    private static partial Regex Package();

    [GeneratedRegex(@"^(MLNet\.Pruning(?!.*Tests)|Microsoft\.ML\.|TorchSharp\.)")]
    private static partial Regex Brought();
}
