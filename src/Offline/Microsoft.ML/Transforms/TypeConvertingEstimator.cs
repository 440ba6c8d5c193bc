using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Converts columns to another item type.</summary>
public sealed class TypeConvertingEstimator : TrivialEstimator<TypeConvertingTransformer>
{
    internal TypeConvertingEstimator(IHostEnvironment env, params ColumnOptions[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(TypeConvertingEstimator)), new TypeConvertingTransformer(env, columns))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        var result = inputSchema.ToDictionary(column => column.Name);
        foreach (var options in Transformer.Columns)
        {
            if (!inputSchema.TryFindColumn(options.InputColumnName, out var column))
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", options.InputColumnName);
            if (!TypeConvertingTransformer.TryGetItemType(column.ItemType, options, out var type))
                throw Host.ExceptParam(nameof(inputSchema), $"Can't convert {options.InputColumnName} into {type}");
            if (!Conversions.TryGet(column.ItemType, type, out _, out _))
                throw Host.ExceptParam(nameof(inputSchema), $"Don't know how to convert {options.InputColumnName} into {type}");
            // A key stays hidden in a shape: the shape of its item type is the number's.
            var item = type is KeyDataViewType ? ColumnTypeExtensions.PrimitiveTypeFromType(type.RawType) : type;
            result[options.Name] = new(options.Name, column.Kind, item, false, column.Annotations);
        }
        return new SchemaShape(result.Values);
    }

    internal sealed record ColumnOptions(string Name, DataKind OutputKind, string InputColumnName, KeyCount? OutputKeyCount = null);
}
