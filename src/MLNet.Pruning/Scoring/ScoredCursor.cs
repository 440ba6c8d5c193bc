using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// Scores in blocks: reads some rows ahead, runs the model once on all of them, then hands them out one by one. Blocks
/// start small, so that a preview of a few rows does not cost a few hundred.
/// </summary>
internal sealed class ScoredCursor : DataViewRowCursor
{
    private const int FirstBlock = 8;
    private const int LargestBlock = 256;

    private readonly ScoreBinding _binding;
    private readonly ModelScorer _scorer;
    private readonly DataViewRowCursor _input;
    private readonly bool[] _active;
    private readonly ValueGetter<VBuffer<float>> _getFeatures;
    private readonly ValueGetter<DataViewRowId> _getId;
    private readonly ColumnBuffer?[] _passedOn;
    private readonly bool _readsAhead;
    private readonly DataViewRowId[] _ids = new DataViewRowId[LargestBlock];
    private readonly long[] _batches = new long[LargestBlock];
    private float[] _features = [];
    private float[] _scores = [];
    private VBuffer<float> _row;
    private int _block = FirstBlock;
    private int _count;
    private int _current = -1;
    private long _position = -1;

    public ScoredCursor(ScoreBinding binding, ModelScorer scorer, DataViewRowCursor input, bool[] active)
    {
        (_binding, _scorer, _input, _active) = (binding, scorer, input, active);
        _getFeatures = input.GetGetter<VBuffer<float>>(binding.Features);
        _getId = input.GetIdGetter();
        var passedOn = binding.Input.Where(column => active[column.Index]).ToArray();
        _readsAhead = passedOn.All(column => ColumnBuffer.CanHold(column.Type));
        _passedOn = new ColumnBuffer?[binding.Input.Count];
        if (_readsAhead)
        {
            foreach (var column in passedOn)
            {
                _passedOn[column.Index] = ColumnBuffer.For(input, column, LargestBlock);
            }
        }
        else
        {
            _block = 1;
        }
    }

    public override DataViewSchema Schema => _binding.Output;

    public override long Position => _position;

    public override long Batch => _current < 0 ? 0 : _batches[_current];

    public override bool MoveNext()
    {
        if (_current + 1 == _count && !ReadBlock())
        {
            _current = -1;
            _count = 0;
            _position = -1;
            return false;
        }
        _current++;
        _position++;
        return true;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = _ids[Current()];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!_active[column.Index])
        {
            throw new InvalidOperationException($"Column '{column.Name}' was not among the columns this cursor was opened for.");
        }
        if (!_binding.IsAdded(column.Index) && !_readsAhead)
        {
            return _input.GetGetter<TValue>(_binding.Input[column.Index]);
        }
        var getter = !_binding.IsAdded(column.Index) ? _passedOn[column.Index]!.Getter(Current)
            : _binding.IsPredictedLabel(column.Index) ? (ValueGetter<uint>)GetPredictedLabel
            : (ValueGetter<VBuffer<float>>)GetScore;
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
    }

    private int Current() => _current >= 0 ? _current : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first, and stop when it returns false.");

    private void GetPredictedLabel(ref uint value) => value = ModelScorer.MostProbable(ScoresOfRow());

    private void GetScore(ref VBuffer<float> value)
    {
        var editor = VBufferEditor.Create(ref value, _binding.Classes);
        ScoresOfRow().CopyTo(editor.Values);
        value = editor.Commit();
    }

    private ReadOnlySpan<float> ScoresOfRow() => _scores.AsSpan(Current() * _binding.Classes, _binding.Classes);

    private bool ReadBlock()
    {
        if (_position >= 0 && _count == 0)
        {
            return false;
        }
        int width = _binding.FeatureCount;
        if (_features.Length < _block * width)
        {
            _features = new float[_block * width];
            _scores = new float[_block * _binding.Classes];
        }
        _count = 0;
        _current = -1;
        while (_count < _block && _input.MoveNext())
        {
            _getFeatures(ref _row);
            FeatureColumn.Copy(_row, _features.AsSpan(_count * width, width), _binding.FeatureName);
            _getId(ref _ids[_count]);
            _batches[_count] = _input.Batch;
            foreach (var column in _passedOn)
            {
                column?.Take(_count);
            }
            _count++;
        }
        if (_count == 0)
        {
            return false;
        }
        _scorer.Score(_features.AsSpan(0, _count * width), _count, _scores.AsSpan(0, _count * _binding.Classes));
        if (_readsAhead)
        {
            _block = Math.Min(2 * _block, LargestBlock);
        }
        return true;
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
