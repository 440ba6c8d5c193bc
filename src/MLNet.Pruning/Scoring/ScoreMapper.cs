using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>Scores one row at a time, when one of the model's columns is asked for: the way of a prediction engine.</summary>
internal sealed class ScoreMapper(ScoreBinding binding, ModelScorer scorer) : IRowToRowMapper
{
    public DataViewSchema InputSchema => binding.Input;

    public DataViewSchema OutputSchema => binding.Output;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        binding.Needs(binding.Active(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new ScoredRow(binding, scorer, input, binding.Active(activeColumns));

    private sealed class ScoredRow : DataViewRow
    {
        private readonly ScoreBinding _binding;
        private readonly ModelScorer _scorer;
        private readonly DataViewRow _input;
        private readonly bool[] _active;
        private readonly ValueGetter<VBuffer<float>>? _getFeatures;
        private readonly float[] _features;
        private readonly float[] _scores;
        private VBuffer<float> _row;
        private long _scored = -1;

        public ScoredRow(ScoreBinding binding, ModelScorer scorer, DataViewRow input, bool[] active)
        {
            (_binding, _scorer, _input, _active) = (binding, scorer, input, active);
            if (active.AsSpan(binding.Input.Count).Contains(true))
            {
                _getFeatures = input.GetGetter<VBuffer<float>>(binding.Features);
            }
            _features = new float[binding.FeatureCount];
            _scores = new float[binding.Classes];
        }

        public override DataViewSchema Schema => _binding.Output;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!_active[column.Index])
            {
                throw new InvalidOperationException($"Column '{column.Name}' was not among the columns this row was opened for.");
            }
            if (!_binding.IsAdded(column.Index))
            {
                return _input.GetGetter<TValue>(_binding.Input[column.Index]);
            }
            Delegate getter = _binding.IsPredictedLabel(column.Index) ? (ValueGetter<uint>)GetPredictedLabel : (ValueGetter<VBuffer<float>>)GetScore;
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
        }

        private void GetPredictedLabel(ref uint value) => value = ModelScorer.MostProbable(Scores());

        private void GetScore(ref VBuffer<float> value)
        {
            var editor = VBufferEditor.Create(ref value, _binding.Classes);
            Scores().CopyTo(editor.Values);
            value = editor.Commit();
        }

        /// <summary>The scores of the row that the input stands on, computed once however many columns are read.</summary>
        private ReadOnlySpan<float> Scores()
        {
            if (_scored != _input.Position || _scored < 0)
            {
                _getFeatures!(ref _row);
                FeatureColumn.Copy(_row, _features, _binding.FeatureName);
                _scorer.Score(_features, 1, _scores);
                _scored = _input.Position;
            }
            return _scores;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _input.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
