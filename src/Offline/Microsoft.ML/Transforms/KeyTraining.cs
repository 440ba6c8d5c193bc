using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Reads data once and collects the distinct values of several columns.</summary>
internal static class KeyTraining
{
    public static KeyDictionary[] Train(IHost host, IDataView data, ValueToKeyMappingEstimator.ColumnOptions[] options, IDataView? keyData)
    {
        var columns = Array.ConvertAll(options, option => FindInput(host, data.Schema, option.InputColumnName));
        var dictionaries = Array.ConvertAll(columns, column => KeyDictionary.Create((PrimitiveDataViewType)column.Type.GetItemType()));
        if (keyData is not null)
            return FromKeyData(host, columns, dictionaries, options, keyData);

        foreach (var option in options)
            host.CheckUserArg(option.MaximumNumberOfKeys > 0, "MaxNumTerms", "Must be positive");
        using (var cursor = data.GetRowCursor(columns.DistinctBy(column => column.Index)))
        {
            // A column that has all the keys it may have is not read any further.
            var collectors = new List<Func<bool>>();
            for (int i = 0; i < columns.Length; i++)
                collectors.Add(MakeCollector(cursor, columns[i], dictionaries[i], options[i].MaximumNumberOfKeys));
            while (collectors.Count > 0 && cursor.MoveNext())
            {
                host.CheckAlive();
                collectors.RemoveAll(collect => !collect());
            }
        }
        for (int i = 0; i < columns.Length; i++)
            Finish(host, dictionaries[i], options[i]);
        return dictionaries;
    }

    public static DataViewSchema.Column FindInput(IHost host, DataViewSchema inputSchema, string name)
    {
        var column = inputSchema.GetColumnOrNull(name) ?? throw host.ExceptSchemaMismatch(nameof(inputSchema), "input", name);
        var item = column.Type.GetItemType();
        if (item is not KeyDataViewType && !item.IsStandardScalar())
            throw host.ExceptSchemaMismatch(nameof(inputSchema), "input", name, "standard type or a vector of standard type", column.Type.ToString()!);
        return column;
    }

    // The keys are given: one dictionary serves all columns, and the data are not read.
    private static KeyDictionary[] FromKeyData(IHost host, DataViewSchema.Column[] columns, KeyDictionary[] dictionaries, ValueToKeyMappingEstimator.ColumnOptions[] options, IDataView keyData)
    {
        var shared = dictionaries[0];
        var source = keyData.Schema[0];
        if (!source.Type.Equals(shared.ItemType))
            throw host.ExceptUserArg(nameof(keyData), "Input data's column must be of type '{0}' but was '{1}'", shared.ItemType, source.Type);
        using (var cursor = keyData.GetRowCursor([source]))
        {
            var collect = MakeCollector(cursor, source, shared, int.MaxValue);
            while (cursor.MoveNext() && collect())
                host.CheckAlive();
        }
        if (options[0].KeyOrdinality == ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            shared.Sort();
        for (int i = 0; i < columns.Length; i++)
        {
            if (!shared.ItemType.Equals(columns[i].Type.GetItemType()))
            {
                throw host.ExceptParam(nameof(keyData), "Terms from input data type '{0}' but mismatches column '{1}' item type '{2}'",
                    shared.ItemType, options[i].OutputColumnName, columns[i].Type.GetItemType());
            }
        }
        return [.. dictionaries.Select(_ => shared)];
    }

    private static void Finish(IHost host, KeyDictionary dictionary, ValueToKeyMappingEstimator.ColumnOptions option)
    {
        if (dictionary.Count == 0)
        {
            using var channel = host.Start("Training");
            channel.Warning(MessageSensitivity.Schema, "Term map for output column '{0}' contains no entries.", option.OutputColumnName);
        }
        if (option.KeyOrdinality == ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            dictionary.Sort();
    }

    private static Func<bool> MakeCollector(DataViewRow row, DataViewSchema.Column column, KeyDictionary dictionary, int maximum)
        => column.Type is VectorDataViewType
            ? Generic.Call<DataViewRow, DataViewSchema.Column, KeyDictionary, int, Func<bool>>(OfVector<int>, dictionary.ItemType.RawType, row, column, dictionary, maximum)
            : Generic.Call<DataViewRow, DataViewSchema.Column, KeyDictionary, int, Func<bool>>(OfScalar<int>, dictionary.ItemType.RawType, row, column, dictionary, maximum);

    private static Func<bool> OfScalar<T>(DataViewRow row, DataViewSchema.Column column, KeyDictionary dictionary, int maximum)
        where T : notnull
    {
        var source = row.GetGetter<T>(column);
        var keys = (KeyDictionary<T>)dictionary;
        T value = default!;
        return () =>
        {
            source(ref value);
            keys.TryAdd(value);
            return keys.Count < maximum;
        };
    }

    private static Func<bool> OfVector<T>(DataViewRow row, DataViewSchema.Column column, KeyDictionary dictionary, int maximum)
        where T : notnull
    {
        var source = row.GetGetter<VBuffer<T>>(column);
        var keys = (KeyDictionary<T>)dictionary;
        VBuffer<T> values = default;
        bool defaultSeen = false;
        return () =>
        {
            source(ref values);
            // The default that a sparse vector leaves out comes where it first would; after that only what is stored matters.
            bool all = !values.IsDense && !defaultSeen;
            defaultSeen |= all;
            foreach (var pair in values.Items(all))
            {
                if (keys.TryAdd(pair.Value) && keys.Count >= maximum)
                    return false;
            }
            if (all && values.GetValues().Length == 0)
                keys.TryAdd(default!);
            return keys.Count < maximum;
        };
    }
}
