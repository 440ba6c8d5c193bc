// Runs the cells of a notebook as a user's kernel does, with the packages that they name. Arguments: the notebook, the folder of packages, and
// the package of LibTorch for this machine with its version, in place of TorchSharp-cpu, which brings those of all machines.
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.PackageManagement;

var (notebook, packages, libTorch) = (args[0], args[1], args[2]);
using var kernel = new CompositeKernel
{
    new CSharpKernel().UseKernelHelpers().UseNugetDirective((csharp, resolved) =>
    {
        csharp.AddAssemblyReferences(resolved.SelectMany(package => package.AssemblyPaths));
        return Task.CompletedTask;
    }),
};
kernel.DefaultKernelName = "csharp";
await Run($"#i \"nuget:{packages}\"");
var cells = JsonNode.Parse(File.ReadAllText(notebook))!["cells"]!.AsArray().Where(cell => (string?)cell!["cell_type"] == "code").ToArray();
foreach (var (index, cell) in cells.Index())
{
    var code = string.Concat(cell!["source"]!.AsArray().Select(line => (string?)line));
    var (failure, html) = await Run(Regex.Replace(code, "nuget: ?TorchSharp-cpu[^\"]*", $"nuget:{libTorch}"));
    if (failure is null && !html && cell["outputs"]!.AsArray().Any(output => output!["data"]?["text/html"] is not null))
        failure = "it shows no HTML, as it does in the file";
    if (failure is null)
        continue;
    Console.WriteLine($"{Path.GetFileName(notebook)}, cell {index + 1}: {failure}");
    return 1;
}
var ours = AppDomain.CurrentDomain.GetAssemblies().Single(assembly => assembly.GetName().Name == "MLNet.Pruning.Core").Location;
Console.WriteLine($"{Path.GetFileName(notebook)}: {cells.Length} cells, on {ours}");
return 0;

async Task<(string? Failure, bool Html)> Run(string code)
{
    var events = (await kernel.SendAsync(new SubmitCode(code, "csharp"))).Events;
    return (events.OfType<CommandFailed>().FirstOrDefault()?.Message,
        events.OfType<DisplayEvent>().SelectMany(output => output.FormattedValues).Any(value => value.MimeType == "text/html"));
}
