using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Small things that every reader of rows needs.</summary>
internal static class RowCursorUtils
{
    public const string FetchValueStateError = "Values cannot be fetched at this time. This method was called either before the first call to "
        + nameof(DataViewRowCursor.MoveNext) + ", or at any point after that method returned false.";

    private static readonly MethodInfo GetGetter = typeof(DataViewRow).GetMethod(nameof(DataViewRow.GetGetter))!;

    public static Func<int, bool> FromColumnsToPredicate(IEnumerable<DataViewSchema.Column> columnsNeeded, DataViewSchema sourceSchema)
    {
        bool[] active = ActiveOf(columnsNeeded, sourceSchema);
        return column => active[column];
    }

    public static bool[] ActiveOf(IEnumerable<DataViewSchema.Column> columnsNeeded, DataViewSchema sourceSchema)
    {
        Contracts.CheckValue(columnsNeeded, nameof(columnsNeeded));
        Contracts.CheckValue(sourceSchema, nameof(sourceSchema));
        bool[] active = new bool[sourceSchema.Count];
        foreach (var column in columnsNeeded)
        {
            if (column.Index >= active.Length)
                throw Contracts.Except($"The requested column: {column} is not part of the {nameof(sourceSchema)}");
            active[column.Index] = true;
        }
        return active;
    }

    /// <summary>A getter of a column's raw type.</summary>
    public static Delegate GetGetterAsDelegate(DataViewRow row, int column)
    {
        Contracts.CheckValue(row, nameof(row));
        Contracts.CheckParam(0 <= column && column < row.Schema.Count, nameof(column));
        var found = row.Schema[column];
        Contracts.CheckParam(row.IsColumnActive(found), nameof(column), "column was not active");
        return (Delegate)GetGetter.MakeGenericMethod(found.Type.RawType)
            .Invoke(row, BindingFlags.DoNotWrapExceptions, null, [found], null)!;
    }

    /// <summary>The getter as one of <typeparamref name="TValue"/>, or an exception that names both types.</summary>
    public static ValueGetter<TValue> Cast<TValue>(Delegate? getter, DataViewSchema.Column? column = null)
        => getter as ValueGetter<TValue>
            ?? throw Contracts.Except($"Invalid TValue in GetGetter{(column is null ? "" : $" for column #{column}")}: '{typeof(TValue)}', expected type: '{getter?.GetType().GetGenericArguments()[0]}'.");
}
