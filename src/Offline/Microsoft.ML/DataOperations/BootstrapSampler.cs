using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// Repeats each row a number of times drawn from a Poisson distribution of mean one, which approximates sampling with
/// replacement; or keeps exactly the rows which that would leave out.
/// </summary>
internal sealed class BootstrapSampler : DelegatingView
{
    private readonly uint _seed;
    private readonly bool _complement;

    public BootstrapSampler(IHostEnvironment env, IDataView source, uint? seed, bool complement)
        : base(env.Register("BootstrapSample"), source)
    {
        _seed = seed ?? unchecked((uint)Host.Rand.Next());
        _complement = complement;
    }

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(Host, Source.GetRowCursor(columnsNeeded), ActiveOf(Schema, columnsNeeded), RandomUtils.Create(_seed), _complement);

    private sealed class Cursor(IHost host, DataViewRowCursor input, bool[] active, Random random, bool complement)
        : DelegatingCursor(host, input, active)
    {
        private int _remaining;

        public override long Batch => 0;

        public override ValueGetter<DataViewRowId> GetIdGetter()
        {
            var source = Input.GetIdGetter();
            return (ref DataViewRowId value) =>
            {
                source(ref value);
                value = value.Combine(new DataViewRowId((ulong)_remaining, 0));
            };
        }

        protected override bool MoveNextCore()
        {
            while (_remaining == 0 && Input.MoveNext())
            {
                int count = Poisson();
                _remaining = complement ? (count == 0 ? 1 : 0) : count;
            }
            return _remaining-- > 0;
        }

        // Knuth: how many uniform numbers can be multiplied before the product falls to exp(-mean).
        private int Poisson()
        {
            double limit = Math.Exp(-1);
            int count = 0;
            for (double product = random.NextDouble(); product > limit; product *= random.NextDouble())
                count++;
            return count;
        }
    }
}
