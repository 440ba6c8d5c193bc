using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace MLNet.Pruning.Upstream.Tests.Scalars;

/// <summary>One instruction; of calls and of field accesses the member, of loads and stores of locals the local.</summary>
internal sealed record Instruction(ILOpCode Code, Member? Member, int Local)
{
    public bool Calls => Code is ILOpCode.Call or ILOpCode.Callvirt or ILOpCode.Newobj;
}

/// <summary>A method as every assembly that names it spells it, and what it returns.</summary>
internal sealed record Member(string Type, string Name, string Parameters, string Returns)
{
    public override string ToString() => $"{Type}.{Name}({Parameters})";
}

/// <summary>A method's instructions in their order.</summary>
internal sealed record Body(Member Method, IReadOnlyList<Instruction> Instructions);

/// <summary>The compiled methods of one assembly.</summary>
internal sealed class IlReader : IDisposable
{
    static readonly Dictionary<int, OpCode> codes = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value);

    readonly PEReader file;
    readonly MetadataReader metadata;
    readonly TypeNames names = new();

    public IlReader(string path)
    {
        file = new PEReader(File.OpenRead(path));
        metadata = file.GetMetadataReader();
    }

    public IEnumerable<Body> Methods()
    {
        foreach (var handle in metadata.MethodDefinitions)
        {
            var method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress != 0)
                yield return new Body(Named(handle), Read(file.GetMethodBody(method.RelativeVirtualAddress).GetILReader()).ToList());
        }
    }

    /// <summary>The class that each class of the assembly derives from.</summary>
    public IEnumerable<(string Type, string Base)> Bases()
    {
        foreach (var handle in metadata.TypeDefinitions)
            if (metadata.GetTypeDefinition(handle).BaseType is { IsNil: false, Kind: HandleKind.TypeDefinition } parent)
                yield return (TypeNames.Of(metadata, handle), TypeNames.Of(metadata, (TypeDefinitionHandle)parent));
    }

    public void Dispose() => file.Dispose();

    List<Instruction> Read(BlobReader il)
    {
        var instructions = new List<Instruction>();
        while (il.RemainingBytes > 0)
        {
            int value = il.ReadByte();
            if (value == 0xFE)
                value = 0xFE00 | il.ReadByte();
            var code = (ILOpCode)value;
            var (member, local) = ((Member?)null, -1);
            switch (codes[value].OperandType)
            {
                case OperandType.InlineMethod:
                    member = Named(MetadataTokens.EntityHandle(il.ReadInt32()));
                    break;
                case OperandType.InlineVar:
                    local = il.ReadUInt16();
                    break;
                case OperandType.ShortInlineVar:
                    local = il.ReadByte();
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.Offset += 8;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI:
                    il.Offset += 1;
                    break;
                case OperandType.InlineNone:
                    if (code is >= ILOpCode.Ldloc_0 and <= ILOpCode.Ldloc_3)
                        (code, local) = (ILOpCode.Ldloc, code - ILOpCode.Ldloc_0);
                    else if (code is >= ILOpCode.Stloc_0 and <= ILOpCode.Stloc_3)
                        (code, local) = (ILOpCode.Stloc, code - ILOpCode.Stloc_0);
                    break;
                default:
                    il.Offset += 4;
                    break;
            }
            code = code switch { ILOpCode.Ldloc_s => ILOpCode.Ldloc, ILOpCode.Stloc_s => ILOpCode.Stloc, _ => code };
            instructions.Add(new Instruction(code, member, local));
        }
        return instructions;
    }

    Member Named(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodSpecification:
                return Named(metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            case HandleKind.MethodDefinition:
                var method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return Named(TypeNames.Of(metadata, method.GetDeclaringType()), method.Name, method.DecodeSignature(names, null));
            default:
                var reference = metadata.GetMemberReference((MemberReferenceHandle)handle);
                var type = reference.Parent.Kind switch
                {
                    HandleKind.TypeReference => TypeNames.Of(metadata, (TypeReferenceHandle)reference.Parent),
                    HandleKind.TypeDefinition => TypeNames.Of(metadata, (TypeDefinitionHandle)reference.Parent),
                    HandleKind.TypeSpecification => metadata.GetTypeSpecification((TypeSpecificationHandle)reference.Parent)
                        .DecodeSignature(names, null).Split('<')[0],
                    _ => "",
                };
                return Named(type, reference.Name, reference.DecodeMethodSignature(names, null));
        }
    }

    Member Named(string type, StringHandle name, MethodSignature<string> signature)
        => new(type, metadata.GetString(name), string.Join(", ", signature.ParameterTypes), signature.ReturnType);

    /// <summary>Types by their full names, the nested ones behind a plus.</summary>
    sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public static string Of(MetadataReader reader, TypeDefinitionHandle handle)
        {
            var type = reader.GetTypeDefinition(handle);
            var outer = type.GetDeclaringType();
            return Of(reader, outer.IsNil ? null : Of(reader, outer), type.Namespace, type.Name);
        }

        public static string Of(MetadataReader reader, TypeReferenceHandle handle)
        {
            var type = reader.GetTypeReference(handle);
            var scope = type.ResolutionScope;
            var outer = scope.Kind == HandleKind.TypeReference ? Of(reader, (TypeReferenceHandle)scope) : null;
            return Of(reader, outer, type.Namespace, type.Name);
        }

        static string Of(MetadataReader reader, string? outer, StringHandle space, StringHandle name)
            => outer is not null ? $"{outer}+{reader.GetString(name)}"
                : space.IsNil ? reader.GetString(name) : $"{reader.GetString(space)}.{reader.GetString(name)}";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte kind) => Of(reader, handle);
        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte kind) => Of(reader, handle);
        public string GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte kind)
            => reader.GetTypeSpecification(handle).DecodeSignature(this, context);
        public string GetPrimitiveType(PrimitiveTypeCode code) => code.ToString();
        public string GetSZArrayType(string element) => element + "[]";
        public string GetArrayType(string element, ArrayShape shape) => $"{element}[{new string(',', shape.Rank - 1)}]";
        public string GetByReferenceType(string element) => element + "&";
        public string GetPointerType(string element) => element + "*";
        public string GetPinnedType(string element) => element;
        public string GetModifiedType(string modifier, string unmodified, bool required) => unmodified;
        public string GetGenericInstantiation(string type, ImmutableArray<string> arguments) => $"{type}<{string.Join(", ", arguments)}>";
        public string GetGenericTypeParameter(object? context, int index) => $"!{index}";
        public string GetGenericMethodParameter(object? context, int index) => $"!!{index}";
        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";
    }
}
