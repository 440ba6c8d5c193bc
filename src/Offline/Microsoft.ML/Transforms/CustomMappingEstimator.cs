using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static Microsoft.ML.SchemaShape.Column;

namespace Microsoft.ML.Transforms;

/// <summary>Applies a user's function to each row.</summary>
public sealed class CustomMappingEstimator<TSrc, TDst> : TrivialEstimator<CustomMappingTransformer<TSrc, TDst>>
    where TSrc : class, new()
    where TDst : class, new()
{
    internal CustomMappingEstimator(IHostEnvironment env, Action<TSrc, TDst> mapAction, string? contractName, SchemaDefinition? inputSchemaDefinition, SchemaDefinition? outputSchemaDefinition)
        : base(Contracts.CheckRef(env, nameof(env)).Register("CustomMappingEstimator"),
            new CustomMappingTransformer<TSrc, TDst>(env, mapAction, contractName, inputSchemaDefinition, outputSchemaDefinition))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        var result = inputSchema.ToDictionary(column => column.Name);
        foreach (var wanted in BoundMember.Bind(typeof(TSrc), Transformer.InputSchemaDefinition, SchemaDefinition.Direction.Both))
        {
            if (!result.TryGetValue(wanted.ColumnName, out var column))
                throw Contracts.ExceptSchemaMismatch(nameof(inputSchema), "input", wanted.ColumnName);
            SchemaShape.GetColumnTypeShape(wanted.ColumnType, out var kind, out var itemType, out bool isKey);
            // A vector of any size takes vectors of one size, too.
            bool kindFits = kind == VectorKind.VariableVector ? column.Kind != VectorKind.Scalar : column.Kind == kind;
            if (!itemType.Equals(column.ItemType) || isKey != column.IsKey || !kindFits)
                throw Contracts.ExceptSchemaMismatch(null, nameof(inputSchema), "input", wanted.ColumnName, wanted.ColumnType.ToString()!, column.GetTypeString());
        }
        foreach (var added in SchemaShape.Create(BoundMember.SchemaOf(Transformer.AddedColumns)))
            result[added.Name] = added;
        return new SchemaShape(result.Values);
    }
}
