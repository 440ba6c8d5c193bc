using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static Microsoft.ML.SchemaShape.Column;

namespace Microsoft.ML.Transforms;

/// <summary>Turns a key into a vector with a one at its place; several keys into several such vectors, or into their sum.</summary>
public sealed class KeyToVectorMappingEstimator : TrivialEstimator<KeyToVectorMappingTransformer>
{
    internal KeyToVectorMappingEstimator(IHostEnvironment env, params ColumnOptions[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(KeyToVectorMappingEstimator)), new KeyToVectorMappingTransformer(env, columns))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        var result = inputSchema.ToDictionary(column => column.Name);
        foreach (var options in Transformer.Columns)
        {
            if (!inputSchema.TryFindColumn(options.InputColumnName, out var column) || !column.ItemType.IsStandardScalar())
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", options.InputColumnName);
            bool sum = options.OutputCountVector;
            var annotations = new List<SchemaShape.Column>();
            if (column.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values) && values.ItemType is TextDataViewType
                && ((sum && column.IsKey) || column.Kind != VectorKind.VariableVector))
                annotations.Add(new(AnnotationUtils.Kinds.SlotNames, VectorKind.Vector, values.ItemType, false));
            if (!sum && column.Kind != VectorKind.VariableVector)
                annotations.Add(new(AnnotationUtils.Kinds.CategoricalSlotRanges, VectorKind.Vector, NumberDataViewType.Int32, false));
            if (!sum || column.Kind == VectorKind.Scalar)
                annotations.Add(new(AnnotationUtils.Kinds.IsNormalized, VectorKind.Scalar, BooleanDataViewType.Instance, false));
            var kind = column.Kind == VectorKind.VariableVector && !sum ? VectorKind.VariableVector : VectorKind.Vector;
            result[options.Name] = new(options.Name, kind, NumberDataViewType.Single, false, new SchemaShape(annotations));
        }
        return new SchemaShape(result.Values);
    }

    internal sealed record ColumnOptions(string Name, string InputColumnName, bool OutputCountVector);
}
