using Microsoft.ML.Data;

namespace Microsoft.ML
{
    /// <summary>Learns a transformer from data.</summary>
    public interface IEstimator<out TTransformer>
        where TTransformer : ITransformer
    {
        TTransformer Fit(IDataView input);

        /// <summary>What the transformer will make of such a schema; throws if it cannot be.</summary>
        SchemaShape GetOutputSchema(SchemaShape inputSchema);
    }

    /// <summary>Makes one data view of another.</summary>
    public interface ITransformer : ICanSaveModel
    {
        /// <summary>Whether each output row depends on its input row alone.</summary>
        bool IsRowToRowMapper { get; }

        DataViewSchema GetOutputSchema(DataViewSchema inputSchema);

        /// <summary>Transforms lazily: nothing is computed before the result is read.</summary>
        IDataView Transform(IDataView input);

        IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema);
    }

    /// <summary>A transformer that behaves differently while the rest of the pipeline is being trained.</summary>
    internal interface ITransformerWithDifferentMappingAtTrainingTime : ITransformer
    {
        IDataView TransformForTrainingPipeline(IDataView input);
    }

    /// <summary>Makes data views of a source.</summary>
    public interface IDataLoader<in TSource> : ICanSaveModel
    {
        IDataView Load(TSource input);

        DataViewSchema GetOutputSchema();
    }

    /// <summary>Learns a loader from a source.</summary>
    public interface IDataLoaderEstimator<in TSource, out TLoader>
        where TLoader : IDataLoader<TSource>
    {
        TLoader Fit(TSource input);

        SchemaShape GetOutputSchema();
    }

    /// <summary>A transformer that applies a trained model.</summary>
    public interface IPredictionTransformer<out TModel> : ITransformer
    {
        TModel Model { get; }
    }

    /// <summary>A transformer that applies a trained model to one column.</summary>
    public interface ISingleFeaturePredictionTransformer<out TModel> : IPredictionTransformer<TModel>
    {
        string FeatureColumnName { get; }

        DataViewType FeatureColumnType { get; }
    }
}

namespace Microsoft.ML.Data
{
    /// <summary>Maps one row to another.</summary>
    public interface IRowToRowMapper
    {
        DataViewSchema InputSchema { get; }

        DataViewSchema OutputSchema { get; }

        /// <summary>The input columns that the given output columns are made from.</summary>
        IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns);

        /// <summary>A row over <paramref name="input"/> whose getters follow it; disposing of one disposes of the other.</summary>
        DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns);
    }
}
