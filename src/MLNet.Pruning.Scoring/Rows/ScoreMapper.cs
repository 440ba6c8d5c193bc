using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>Scores one row at a time when one of the model's columns is read, as a prediction engine does.</summary>
sealed class ScoreMapper(ScoreBinding binding, IRowScorer scorer) : IRowToRowMapper
{
    public DataViewSchema InputSchema => binding.Input;

    public DataViewSchema OutputSchema => binding.Output;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        binding.Needs(binding.Active(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new ScoredRow(binding, scorer, input, binding.Active(activeColumns));

    sealed class ScoredRow : DataViewRow
    {
        readonly ScoreBinding binding;
        readonly IRowScorer scorer;
        readonly DataViewRow input;
        readonly bool[] active;
        readonly FeatureReader? reader;
        readonly float[] features;
        readonly float[] scores;
        long scored = -1;

        public ScoredRow(ScoreBinding binding, IRowScorer scorer, DataViewRow input, bool[] active)
        {
            (this.binding, this.scorer, this.input, this.active) = (binding, scorer, input, active);
            if (binding.Computes(active))
                reader = binding.Features.Open(input);
            features = new float[binding.Features.Size];
            scores = new float[binding.OutputCount];
        }

        public override DataViewSchema Schema => binding.Output;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            binding.Getter<TValue>(column, active, Scores, input.GetGetter<TValue>);

        /// <summary>The scores of the current input row, computed once however many columns are read.</summary>
        ReadOnlySpan<float> Scores()
        {
            if (scored != input.Position || scored < 0)
            {
                reader!.Read(features);
                scorer.Score(features, 1, scores);
                scored = input.Position;
            }
            return scores;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                input.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>Computes rows of numbers from rows of features; may be called from any number of threads.</summary>
interface IRowScorer
{
    /// <summary>Computes <paramref name="rows"/> rows lying one after the other in <paramref name="features"/>.</summary>
    void Score(ReadOnlySpan<float> features, int rows, Span<float> output);

    /// <summary>Throws if the model is disposed of: asked before rows are read on other threads, whose exceptions ML.NET wraps.</summary>
    void ThrowIfDisposed()
    {
    }
}
