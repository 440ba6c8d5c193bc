using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

public sealed partial class TextLoader
{
    /// <summary>How a text file is read.</summary>
    public class Options
    {
        /// <summary>Whether separators within double quotes are part of the value.</summary>
        public bool AllowQuoting;

        /// <summary>Whether a row may end in pairs of index and value.</summary>
        public bool AllowSparse;

        /// <summary>The number of columns in the file; found from its rows if not given.</summary>
        public int? InputSize;

        public char[] Separators = ['\t'];

        public char DecimalMarker = '.';

        public Column[]? Columns;

        /// <summary>Whether white space at the end of lines is ignored.</summary>
        public bool TrimWhitespace;

        public bool HasHeader;

        /// <summary>Whether lines may be parsed on other threads.</summary>
        public bool UseThreads = true;

        /// <summary>Whether quoted values may span lines.</summary>
        public bool ReadMultilines;

        /// <summary>A file with the header; a header in the data is ignored then.</summary>
        public string? HeaderFile;

        public long? MaxRows;

        /// <summary>What goes before a quote within a quoted value.</summary>
        public char EscapeChar = '"';

        /// <summary>Whether empty reals are not a number; otherwise they are zero.</summary>
        public bool MissingRealsAsNaNs;

        public Options()
        {
        }
    }

    /// <summary>One column to load: its name, item type, and columns of the file.</summary>
    public sealed class Column
    {
        public string? Name;

        public Range[]? Source;

        public KeyCount? KeyCount;

        public Column()
        {
        }

        public Column(string name, DataKind dataKind, int index)
            : this(name, dataKind, [new Range(index)])
        {
        }

        public Column(string name, DataKind dataKind, int minIndex, int maxIndex)
            : this(name, dataKind, [new Range(minIndex, maxIndex)])
        {
        }

        public Column(string name, DataKind dataKind, Range[] source, KeyCount? keyCount = null)
        {
            Contracts.CheckValue(name, nameof(name));
            Contracts.CheckValue(source, nameof(source));
            Name = name;
            DataKind = dataKind;
            Source = source;
            KeyCount = keyCount;
        }

        public DataKind DataKind { get; set; } = DataKind.Single;
    }

    /// <summary>Columns of the file that go into one column.</summary>
    public sealed class Range
    {
        public int Min;

        public int? Max;

        /// <summary>Whether the range goes to the end of the line, which is the same in all rows.</summary>
        public bool AutoEnd;

        /// <summary>Whether the range goes to the end of the line, which may differ from row to row.</summary>
        public bool VariableEnd;

        /// <summary>Whether the range leaves out what other columns take.</summary>
        public bool AllOther;

        /// <summary>Whether a single column becomes a vector of one.</summary>
        public bool ForceVector;

        public Range()
        {
        }

        public Range(int index)
        {
            Contracts.CheckParam(index >= 0, nameof(index), "Must be non-negative");
            Min = index;
            Max = index;
        }

        public Range(int min, int? max)
        {
            Contracts.CheckParam(min >= 0, nameof(min), "Must be non-negative");
            Contracts.CheckParam(!(max < min), nameof(max), "If specified, must be greater than or equal to min");
            Min = min;
            Max = max;
            ForceVector = true;
            AutoEnd = max is null;
        }
    }
}
