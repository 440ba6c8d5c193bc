using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace MLNet.Pruning.Documentation.Tests;

/// <summary>What the compiled code of the product says of itself: who names whom, and in which file a type stands.</summary>
static class CompiledCode
{
    /// <summary>The projects under src.</summary>
    public static readonly string[] Projects =
    [
        "MLNet.Pruning.Plans", "MLNet.Pruning.Scoring", "MLNet.Pruning.Core", "MLNet.Pruning", "MLNet.Pruning.Onnx",
        "MLNet.Pruning.Comparators", "MLNet.Pruning.Reporting", "MLNet.Pruning.Recipes", "mlprune",
    ];

    const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    static readonly Dictionary<int, OpCode> codes = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value);

    // The compiler notes here in which files types without code stand.
    static readonly Guid typeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    public static IEnumerable<MethodBase> Methods(Type type) =>
        type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All));

    /// <summary>The type as it is declared, outside of all others.</summary>
    public static Type Outermost(Type type)
    {
        while (type.HasElementType)
            type = type.GetElementType()!;
        type = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        while (type.DeclaringType is { } outer)
            type = outer;
        return type;
    }

    /// <summary>The file of each outermost type, below the project's folder; generated ones are left out.</summary>
    public static Dictionary<Type, string> Files(Assembly assembly)
    {
        var found = new Dictionary<Type, string>();
        using var file = File.OpenRead(Path.ChangeExtension(assembly.Location, ".pdb"));
        using var provider = MetadataReaderProvider.FromPortablePdbStream(file);
        var symbols = provider.GetMetadataReader();
        foreach (var type in assembly.GetTypes())
            foreach (var method in Methods(type))
            {
                var handle = (MethodDefinitionHandle)MetadataTokens.EntityHandle(method.MetadataToken);
                Note(type, symbols.GetMethodDebugInformation(handle.ToDebugInformationHandle()).Document);
            }
        foreach (var handle in symbols.CustomDebugInformation)
        {
            var said = symbols.GetCustomDebugInformation(handle);
            if (symbols.GetGuid(said.Kind) == typeDocuments)
                Note(assembly.ManifestModule.ResolveType(MetadataTokens.GetToken(said.Parent)),
                    MetadataTokens.DocumentHandle(symbols.GetBlobReader(said.Value).ReadCompressedInteger()));
        }
        return found;

        void Note(Type type, DocumentHandle document)
        {
            if (document.IsNil)
                return;
            var path = symbols.GetString(symbols.GetDocument(document).Name).Replace('\\', '/');
            var below = path.LastIndexOf("/src/", StringComparison.Ordinal);
            if (below >= 0 && !path.Contains("/obj/", StringComparison.Ordinal))
                found.TryAdd(Outermost(type), path[(path.IndexOf('/', below + 5) + 1)..]);
        }
    }

    /// <summary>The types that a type names, in its signatures and its code.</summary>
    public static IEnumerable<Type> Names(Type type)
    {
        var direct = new List<Type>(type.GetInterfaces());
        if (type.BaseType is { } parent)
            direct.Add(parent);
        direct.AddRange(type.GetFields(All).Select(field => field.FieldType));
        foreach (var method in Methods(type))
        {
            direct.AddRange(method.GetParameters().Select(parameter => parameter.ParameterType));
            if (method is MethodInfo { ReturnType: var result })
                direct.Add(result);
            direct.AddRange(method.GetMethodBody()?.LocalVariables.Select(local => local.LocalType) ?? []);
            foreach (var member in Members(method))
            {
                if ((member as Type ?? member.DeclaringType) is { } named)
                    direct.Add(named);
                if (member is MethodInfo { IsGenericMethod: true } generic)
                    direct.AddRange(generic.GetGenericArguments());
            }
        }
        return direct.SelectMany(Parts).Distinct();
    }

    /// <summary>The members that a method's code names.</summary>
    public static IEnumerable<MemberInfo> Members(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il)
            yield break;
        var ofType = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < il.Length;)
        {
            int code = il[at++];
            if (code == 0xFE)
                code = 0xFE00 | il[at++];
            switch (codes[code].OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    yield return method.Module.ResolveMember(BitConverter.ToInt32(il, at), ofType, ofMethod)!;
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

    static IEnumerable<Type> Parts(Type type)
    {
        while (type.HasElementType)
            type = type.GetElementType()!;
        return type.IsGenericParameter ? [] : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type) : [type];
    }
}
