namespace Microsoft.ML.Data;

/// <summary>Writes a row: its first columns slot by slot, the rest as index:value pairs if that is shorter.</summary>
internal sealed class TextRowWriter(TextWriter writer, ValueWriter[] columns, char separator, bool dense)
{
    // What an index:value pair costs beside a value.
    private const double PairCost = 2.5;
    private readonly List<(int Slot, string Text)> _slots = [];
    private readonly int[] _firstSlot = new int[columns.Length + 1];
    private readonly int[] _firstText = new int[columns.Length + 1];

    public void WriteHeader() => Write((column, add) => column.WriteNames(add), _ => "", _ => "\"\"");

    /// <summary>Returns the number of slots.</summary>
    public int WriteRow() => Write((column, add) => column.Write(add), column => column.Default, column => column.Default);

    private int Write(Func<ValueWriter, Action<int, string>, int> read, Func<ValueWriter, string> skipped, Func<ValueWriter, string> missing)
    {
        _slots.Clear();
        for (int i = 0; i < columns.Length; i++)
        {
            string skip = skipped(columns[i]);
            int start = _firstSlot[i];
            int length = read(columns[i], (slot, text) =>
            {
                if (text != skip)
                    _slots.Add((start + slot, text));
            });
            _firstSlot[i + 1] = start + length;
            _firstText[i + 1] = _slots.Count;
        }

        int split = dense ? columns.Length : FindSplit();
        WriteDense(split, missing);
        if (split < columns.Length)
            WriteSparse(split, missing);
        writer.WriteLine();
        return _firstSlot[^1];
    }

    // The column from which on pairs are shorter; short ends are not worth it.
    private int FindSplit()
    {
        int best = 0;
        double bestCost = PairCost * _slots.Count;
        for (int i = 1; i <= columns.Length; i++)
        {
            double cost = _firstSlot[i] + (PairCost * (_slots.Count - _firstText[i]));
            if (bestCost > cost)
                (best, bestCost) = (i, cost);
        }
        int before = _firstSlot[best];
        int rest = _firstSlot[^1] - before;
        return rest < 5 || rest < before / 5 ? columns.Length : best;
    }

    private void WriteDense(int split, Func<ValueWriter, string> missing)
    {
        int text = 0;
        bool first = true;
        for (int i = 0; i < split; i++)
        {
            string absent = missing(columns[i]);
            for (int slot = _firstSlot[i]; slot < _firstSlot[i + 1]; slot++)
            {
                if (!first)
                    writer.Write(separator);
                first = false;
                writer.Write(text < _slots.Count && _slots[text].Slot == slot ? _slots[text++].Text : absent);
            }
        }
    }

    private void WriteSparse(int split, Func<ValueWriter, string> missing)
    {
        int before = _firstSlot[split];
        if (split > 0)
            writer.Write(separator);
        writer.Write(_firstSlot[^1] - before);
        // At least one pair says that this is sparse.
        if (_firstText[split] == _slots.Count)
            writer.Write($"{separator}0:{missing(columns[split])}");
        foreach (var (slot, text) in _slots.Skip(_firstText[split]))
            writer.Write($"{separator}{slot - before}:{text}");
    }
}
