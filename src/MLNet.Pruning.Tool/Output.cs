using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MLNet.Pruning.Tool;

/// <summary>How commands write what machines read.</summary>
internal static class Output
{
    /// <summary>One object a line, without what is null.</summary>
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What one types to start this program: its name where it is installed.</summary>
    internal static string Program => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? $"dotnet {Path.GetRelativePath(".", Environment.GetCommandLineArgs()[0])}" : "mlprune";

    /// <summary>A command of this program as one types it into a shell.</summary>
    internal static string CommandLine(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quoted).Prepend(Program));

    /// <summary>An option with each of its values; nothing for those that were not given.</summary>
    internal static IEnumerable<string> Option(string name, params IEnumerable<string?> values) =>
        values.OfType<string>().SelectMany(value => (string[])[name, value]);

    // The shells of Windows know no single quotes; those of Unix change what is in double ones.
    static string Quoted(string text) => text.Length > 0 && text.All(letter => char.IsLetterOrDigit(letter)
        || (OperatingSystem.IsWindows() ? "./_-=:\\,+" : "./_-=:,+").Contains(letter, StringComparison.Ordinal)) ? text
        : OperatingSystem.IsWindows() ? $"\"{text.Replace("\"", "\\\"", StringComparison.Ordinal)}\""
        : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
