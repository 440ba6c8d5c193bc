using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MLNet.Pruning.Documentation.Tests;

/// <summary>The rules of the house: what the compiler does not ask for, and keeps the code easy to live in.</summary>
[TestClass]
public sealed partial class HouseTests
{
    const int LongestLine = 140, ShortestFile = 25, MostShortFiles = 15;

    static readonly string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"^using (?<alias>\w+ = )?(?<static>static )?(?<name>[\w.]+)")]
    private static partial Regex Using();

    static IEnumerable<string> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));

    static string Name(string path) => Path.GetRelativePath(root, path);

    static void None(IEnumerable<string> wrong, string rule)
    {
        string[] all = [.. wrong];
        Assert.IsEmpty(all, $"{rule}{Environment.NewLine}{string.Join(Environment.NewLine, all)}");
    }

    [TestMethod]
    public void Lines_end_before_column_140() => None(
        Sources("src", "samples").SelectMany(path => File.ReadLines(path)
            .Select((line, i) => (Line: line, Number: i + 1)).Where(l => l.Line.Length > LongestLine).Select(l => $"{Name(path)}:{l.Number}")),
        $"Lines have at most {LongestLine} characters.");

    [TestMethod]
    public void Few_files_are_short()
    {
        string[] few = [.. Sources("src").Where(path => File.ReadLines(path).Count() < ShortestFile).Select(Name)];
        Assert.IsLessThanOrEqualTo(MostShortFiles, few.Length, $"A type of ten lines stands beside the one that uses it: {string.Join(", ", few)}");
    }

    [TestMethod]
    public void Usings_stand_first_and_in_order() => None(
        Sources("src", "samples", "test").Where(path => !InOrder(File.ReadAllLines(path))).Select(Name),
        "Files begin with their usings: System, then the others, then static ones, each in the order of the alphabet.");

    static bool InOrder(string[] lines)
    {
        var usings = lines.TakeWhile(line => line.Length == 0 || line.StartsWith("using ", StringComparison.Ordinal))
            .Where(line => line.Length > 0).Select(line => Using().Match(line))
            .Select(use => (Kind: use.Groups["alias"].Length > 0 ? 2 : use.Groups["static"].Length > 0 ? 1 : 0, Name: use.Groups["name"].Value))
            .ToArray();
        var sorted = usings.OrderBy(use => use.Kind).ThenBy(use => use.Name != "System" && !use.Name.StartsWith("System.", StringComparison.Ordinal))
            .ThenBy(use => use.Name, StringComparer.Ordinal);
        return (lines.Length == 0 || lines[0].Length > 0) && usings.SequenceEqual(sorted);
    }

    public static IEnumerable<object[]> Projects => CompiledCode.Projects.Select(project => new object[] { project });

    [TestMethod]
    [DynamicData(nameof(Projects))]
    public void No_two_folders_know_each_other_both_ways(string project)
    {
        var assembly = Assembly.Load(project);
        var folders = CompiledCode.Files(assembly).Where(file => file.Value.Contains('/'))
            .ToDictionary(file => file.Key, file => file.Value.Split('/')[0]);
        var uses = assembly.GetTypes().Where(type => folders.ContainsKey(CompiledCode.Outermost(type)))
            .SelectMany(type => CompiledCode.Names(type).Select(CompiledCode.Outermost).Where(folders.ContainsKey)
                .Select(used => (From: folders[CompiledCode.Outermost(type)], To: folders[used],
                    What: $"{CompiledCode.Outermost(type).Name} > {used.Name}")))
            .Where(use => use.From != use.To).GroupBy(use => (use.From, use.To)).ToDictionary(use => use.Key, use => use.ToArray());
        Assert.IsTrue(project is not "MLNet.Pruning.Core" || uses.Count > 10, "The symbols tell no folders.");
        None(uses.Where(use => Reach(use.Key.To).Contains(use.Key.From)).OrderBy(use => use.Value.Length)
            .Select(use => $"{use.Key.From} knows {use.Key.To}, which leads back: {string.Join(", ", use.Value.Select(u => u.What).Distinct())}"),
            "Folders depend one way.");

        HashSet<string> Reach(string folder)
        {
            var seen = new HashSet<string>();
            var open = new Stack<string>([folder]);
            while (open.TryPop(out var at))
                foreach (var next in uses.Keys.Where(use => use.From == at).Select(use => use.To))
                    if (seen.Add(next))
                        open.Push(next);
            return seen;
        }
    }

    [TestMethod]
    public void Every_member_that_only_the_product_can_use_is_used_by_it()
    {
        var assemblies = CompiledCode.Projects.Select(Assembly.Load).ToArray();
        var named = assemblies.SelectMany(assembly => assembly.GetTypes()).SelectMany(CompiledCode.Methods)
            .SelectMany(method => CompiledCode.Members(method).Where(member => !Same(member, method)))
            .Select(Key).ToHashSet();
        None(assemblies.SelectMany(assembly => CompiledCode.Files(assembly).Keys).SelectMany(Nested)
            .SelectMany(type => CompiledCode.Methods(type).OfType<MethodInfo>().Where(method => IsInternal(type, method)))
            .Where(method => !named.Contains(Key(method))).Select(method => $"{method.DeclaringType}.{method.Name}"),
            "Members that nothing uses are deleted.");
    }

    static bool Same(MemberInfo one, MemberInfo other) => Key(one) == Key(other);

    static (Module, int) Key(MemberInfo member) => (member.Module, member.MetadataToken);

    static IEnumerable<Type> Nested(Type type) =>
        type.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic).SelectMany(Nested).Prepend(type);

    /// <summary>By the compiler, or by a source generator: JSON contexts.</summary>
    static bool IsGenerated(Type type) => type.IsDefined(typeof(CompilerGeneratedAttribute))
        || typeof(System.Text.Json.Serialization.JsonSerializerContext).IsAssignableFrom(type);

    /// <summary>Whether neither another program nor an interface, a base class or the compiler can call it.</summary>
    static bool IsInternal(Type type, MethodInfo method) => (!type.IsVisible || !(method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
        && !method.IsVirtual && !method.IsAbstract && !method.Name.Contains('<') && !method.Name.StartsWith("op_", StringComparison.Ordinal)
        && !method.Name.StartsWith("set_", StringComparison.Ordinal) && !IsGenerated(type)
        && type.Name != "Loaders" // ML.NET finds these by their names
        && type.Name is not ("TypeFormatterSourceAttribute" or "HtmlFormatter`1" or "PictureFormatters" or "ReportFormatters") // notebooks, these
        && method.Name is not ("PrintMembers" or "get_EqualityContract" or "Deconstruct") && !method.IsDefined(typeof(ModuleInitializerAttribute))
        && !(type.GetInterfaces().Length > 0 && method.IsStatic) && !method.CustomAttributes.Any(a => a.AttributeType.Name == "UnsafeAccessorAttribute");
}
