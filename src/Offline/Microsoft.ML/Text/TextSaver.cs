using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Writes rows as a text file that the text loader can read without being told how.</summary>
internal sealed class TextSaver(IHostEnvironment env, char separator, bool writeHeader, bool writeSchema, bool dense)
{
    private readonly IHost _host = env.Register("TextSaver");

    public void Save(IDataView data, Stream stream, bool keepHidden)
    {
        string separatorName = separator switch
        {
            ' ' => "space",
            '\t' => "tab",
            ',' => "comma",
            ';' => "semicolon",
            '|' => "bar",
            _ => throw Contracts.ExceptUserArg(null, "Separator", "Invalid separator - must be: space, tab, comma, semicolon, or bar"),
        };
        using var channel = _host.Start("Saving");
        var columns = new List<DataViewSchema.Column>();
        foreach (var column in data.Schema.Where(column => keepHidden || !column.IsHidden))
        {
            if (column.Type.GetItemType() is KeyDataViewType || column.Type.GetItemType().IsStandardScalar())
                columns.Add(column);
            else
                channel.Info(MessageSensitivity.Schema, $"The column '{column.Name}' will not be written as it has unsavable column type.");
        }
        channel.Check(columns.Count > 0, "No valid columns to save");

        using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        bool hasHeader = writeHeader && columns.Exists(column => column.Type is not VectorDataViewType || column.HasSlotNames());
        if (writeSchema)
            WriteSchema(writer, columns, hasHeader, separatorName, channel);
        using var cursor = data.GetRowCursor(columns);
        var row = new TextRowWriter(writer, [.. columns.Select(column => ValueWriter.Create(cursor, column, separator))], separator, dense);
        if (hasHeader)
            row.WriteHeader();
        long count = 0;
        int shortest = int.MaxValue;
        int longest = 0;
        while (cursor.MoveNext())
        {
            int length = row.WriteRow();
            shortest = Math.Min(shortest, length);
            longest = Math.Max(longest, length);
            count++;
        }

        if (count == 0)
            channel.Warning(MessageSensitivity.None, "Wrote zero rows of data!");
        else
            channel.Info(MessageSensitivity.None, shortest == longest ? $"Wrote {count} rows of length {shortest}" : $"Wrote {count} rows of lengths between {shortest} and {longest}");
    }

    private static void WriteSchema(TextWriter writer, List<DataViewSchema.Column> columns, bool hasHeader, string separatorName, IChannel channel)
    {
        writer.WriteLine("#@ TextLoader{");
        if (hasHeader)
            writer.WriteLine("#@   header+");
        writer.WriteLine($"#@   sep={separatorName}");
        int? start = 0;
        for (int i = 0; i < columns.Count; i++)
        {
            writer.WriteLine($"#@   col={TextColumnText.Write(columns[i].Name, columns[i].Type, start)}");
            if (columns[i].Type is VectorDataViewType { IsKnownSize: false } && i + 1 < columns.Count)
            {
                channel.Warning(MessageSensitivity.Schema, "Column '{0}' is variable length, so it must be the last, or the file will be unreadable. Consider switching to binary format or use xf=Choose to make '{0}' the last column.", columns[i].Name);
                start = null;
            }
            start += columns[i].Type.GetValueCount();
        }
        writer.WriteLine("#@ }");
    }
}
