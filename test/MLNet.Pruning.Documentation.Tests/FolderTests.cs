using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary>Which folders of a project know which, read from the compiled assembly and its symbols.</summary>
[TestClass]
public sealed class FolderTests
{
    static readonly Dictionary<int, OpCode> codes = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value);

    [TestMethod]
    [DataRow("MLNet.Pruning.Plans")]
    [DataRow("MLNet.Pruning.Core")]
    [DataRow("MLNet.Pruning.Scoring")]
    [DataRow("MLNet.Pruning")]
    [DataRow("MLNet.Pruning.Onnx")]
    public void No_two_folders_know_each_other_both_ways(string project)
    {
        var known = Known(Assembly.Load(project));
        Assert.IsGreaterThan(2, known.Count, "the symbols tell no folders");
        var wrong = Cycles(known.GroupBy(use => (use.From, use.To)).ToDictionary(uses => uses.Key, uses => uses.Select(use => use.What).Distinct().ToList()));
        Assert.IsEmpty(wrong, string.Join(Environment.NewLine, wrong));
    }

    /// <summary>The uses along which a folder comes back to itself, those first that are the fewest.</summary>
    static List<string> Cycles(Dictionary<(string From, string To), List<string>> uses)
    {
        var reach = uses.Keys.Select(use => use.From).Distinct().ToDictionary(folder => folder, folder =>
        {
            var seen = new HashSet<string>();
            var open = new Stack<string>([folder]);
            while (open.TryPop(out var at))
                foreach (var next in uses.Keys.Where(use => use.From == at).Select(use => use.To))
                    if (seen.Add(next))
                        open.Push(next);
            return seen;
        });
        return [.. uses.Where(use => reach.TryGetValue(use.Key.To, out var back) && back.Contains(use.Key.From)).OrderBy(use => use.Value.Count)
            .Select(use => $"{use.Key.From} knows {use.Key.To}, which leads back: {string.Join(", ", use.Value.Take(40))}")];
    }

    /// <summary>Each use of a type that stands in another folder.</summary>
    static List<(string From, string To, string What)> Known(Assembly assembly)
    {
        var folders = Folders(assembly);
        var uses = new List<(string, string, string)>();
        foreach (var type in assembly.GetTypes())
        {
            if (!folders.TryGetValue(Outermost(type), out var from))
                continue;
            foreach (var used in Used(type))
                if (folders.TryGetValue(Outermost(used), out var to) && to != from)
                    uses.Add((from, to, $"{Outermost(type).Name} > {Outermost(used).Name}"));
        }
        return uses;
    }

    static Type Outermost(Type type)
    {
        while (type.HasElementType)
            type = type.GetElementType()!;
        type = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        while (type.DeclaringType is { } outer)
            type = outer;
        return type;
    }

    /// <summary>The first folder below the project's that each type stands in; what stands in none is left out.</summary>
    static Dictionary<Type, string> Folders(Assembly assembly)
    {
        using var provider = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(assembly.Location, ".pdb")));
        var symbols = provider.GetMetadataReader();
        var files = new Dictionary<Type, string>();
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var type in assembly.GetTypes())
            foreach (var method in type.GetMethods(all).Cast<MethodBase>().Concat(type.GetConstructors(all)))
            {
                var document = symbols.GetMethodDebugInformation(((MethodDefinitionHandle)MetadataTokens.EntityHandle(method.MetadataToken)).ToDebugInformationHandle()).Document;
                if (!document.IsNil)
                    files.TryAdd(Outermost(type), symbols.GetString(symbols.GetDocument(document).Name));
            }
        // Of types without code, such as enums and interfaces, the compiler says where they stand.
        var definitions = new Guid("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");
        foreach (var handle in symbols.CustomDebugInformation)
        {
            var said = symbols.GetCustomDebugInformation(handle);
            if (symbols.GetGuid(said.Kind) != definitions)
                continue;
            var document = MetadataTokens.DocumentHandle(symbols.GetBlobReader(said.Value).ReadCompressedInteger());
            files.TryAdd(Outermost(assembly.ManifestModule.ResolveType(MetadataTokens.GetToken(said.Parent))), symbols.GetString(symbols.GetDocument(document).Name));
        }
        var project = $"/{assembly.GetName().Name}/";
        return files.Select(pair => (pair.Key, Path: pair.Value.Replace('\\', '/')))
            .Where(pair => pair.Path.Contains(project, StringComparison.Ordinal) && !pair.Path.Contains("/obj/", StringComparison.Ordinal))
            .Select(pair => (pair.Key, Parts: pair.Path[(pair.Path.LastIndexOf(project, StringComparison.Ordinal) + project.Length)..].Split('/')))
            .Where(pair => pair.Parts.Length > 1)
            .ToDictionary(pair => pair.Key, pair => pair.Parts[0]);
    }

    static IEnumerable<Type> Used(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var direct = new List<Type>(type.GetInterfaces());
        if (type.BaseType is { } parent)
            direct.Add(parent);
        direct.AddRange(type.GetFields(all).Select(field => field.FieldType));
        foreach (var method in type.GetMethods(all).Cast<MethodBase>().Concat(type.GetConstructors(all)))
        {
            direct.AddRange(method.GetParameters().Select(parameter => parameter.ParameterType));
            if (method is MethodInfo { ReturnType: var result })
                direct.Add(result);
            if (method.GetMethodBody() is not { } body)
                continue;
            direct.AddRange(body.LocalVariables.Select(local => local.LocalType));
            direct.AddRange(Called(method, body.GetILAsByteArray()!));
        }
        return direct.SelectMany(Parts).Distinct();
    }

    /// <summary>A type and those that it is made of.</summary>
    static IEnumerable<Type> Parts(Type type)
    {
        while (type.HasElementType)
            type = type.GetElementType()!;
        return type.IsGenericParameter ? [] : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type) : [type];
    }

    /// <summary>The types that a method's code names, and those of the members that it names.</summary>
    static IEnumerable<Type> Called(MethodBase method, byte[] il)
    {
        Type[]? ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < il.Length;)
        {
            int code = il[at++];
            if (code == 0xFE)
                code = 0xFE00 | il[at++];
            switch (codes[code].OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    var member = method.Module.ResolveMember(BitConverter.ToInt32(il, at), ofType, ofMethod)!;
                    if (member is Type named)
                        yield return named;
                    else if (member.DeclaringType is { } declaring)
                        yield return declaring;
                    if (member is MethodInfo { IsGenericMethod: true } generic)
                        foreach (var argument in generic.GetGenericArguments())
                            yield return argument;
                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(il, at));
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    at += 8;
                    break;
                case OperandType.InlineVar:
                    at += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    at++;
                    break;
                case OperandType.InlineNone:
                    break;
                default:
                    at += 4;
                    break;
            }
        }
    }
}
