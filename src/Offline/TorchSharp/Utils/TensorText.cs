using System.Globalization;
using System.Numerics;
using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor as text, in the styles of Julia, NumPy and C#.</summary>
internal sealed class TensorText(Tensor tensor, string format, int width, CultureInfo culture, string newLine)
{
    const string Ellipsis = "...";
    readonly long[] shape = tensor.shape;
    readonly ScalarType type = tensor.dtype;
    readonly string[] values = Values(tensor, format, culture);

    // ---- Julia: one matrix after the other, columns right-aligned, cut at the line's width

    internal string Julia()
    {
        var text = new StringBuilder(tensor.Metadata());
        if (shape.Length == 0)
            return text.Append(", value = ").Append(values[0]).ToString();
        if (shape.Length <= 2)
        {
            text.Append(newLine);
            Matrix(text, 0, shape.Length == 1 ? 1 : shape[0], shape[^1]);
            return text.ToString();
        }
        var outer = shape.Take(shape.Length - 2).Aggregate(1L, (a, b) => a * b);
        var block = shape[^2] * shape[^1];
        for (var k = 0L; k < outer; k++)
        {
            text.Append(newLine).Append('[').AppendJoin(',', IndexOf(k)).Append(",..,..] =").Append(newLine);
            Matrix(text, k * block, shape[^2], shape[^1]);
        }
        return text.ToString();
    }

    IEnumerable<long> IndexOf(long outer)
    {
        var index = new long[shape.Length - 2];
        for (var k = index.Length - 1; k >= 0; k--)
            (outer, index[k]) = Math.DivRem(outer, shape[k]);
        return index;
    }

    void Matrix(StringBuilder text, long first, long rows, long columns)
    {
        var shown = rows == 0 ? 0 : Enumerable.Range(0, (int)rows).Min(row => Fitting(first + row * columns, columns));
        var widths = new int[shown];
        for (var row = 0L; row < rows; row++)
            for (var column = 0; column < shown; column++)
                widths[column] = Math.Max(widths[column], values[first + row * columns + column].Length);
        for (var row = 0L; row < rows; row++)
        {
            for (var column = 0; column < shown; column++)
                text.Append(' ').Append(values[first + row * columns + column].PadLeft(widths[column]));
            if (shown < columns)
                text.Append(' ').Append(Ellipsis);
            text.Append(newLine);
        }
    }

    // How many values of a row fit the line, with room for an ellipsis after each.
    int Fitting(long first, long columns)
    {
        var left = width;
        for (var k = 0; k < columns; k++)
        {
            var length = values[first + k].Length;
            if (left - length - Ellipsis.Length - 1 < 0)
                return k;
            left -= length + 1;
        }
        return (int)columns;
    }

    // ---- NumPy and C#: nested brackets, the middle of long axes left out

    internal string Nested(bool csharp)
    {
        var text = new StringBuilder();
        if (!csharp)
        {
            Bracket(text, 0, 0, ("[", "]"), "", "");
            return text.ToString();
        }
        text.Append(tensor.Metadata()).Append(", value = ");
        if (shape.Length == 0)
            return text.Append(values[0]).ToString();
        var keyword = Keyword();
        if (keyword is null)
            return tensor.Metadata();
        if (shape.Length > 1)
            text.Append(newLine);
        text.Append(keyword).Append(" [").Append(',', shape.Length - 1).Append("] ");
        Bracket(text, 0, 0, ("{", "}"), type switch { ScalarType.Int64 => "L", ScalarType.Float32 => "f", _ => "" }, ",", top: true);
        return text.ToString();
    }

    string? Keyword() => type switch
    {
        ScalarType.Bool => "bool",
        ScalarType.Byte => "byte",
        ScalarType.Int8 => "sbyte",
        ScalarType.Int16 => "short",
        ScalarType.Int32 => "int",
        ScalarType.Int64 => "long",
        ScalarType.Float32 => "float",
        ScalarType.Float64 => "double",
        ScalarType.ComplexFloat32 => "complex32",
        ScalarType.ComplexFloat64 => "complex64",
        _ => null,
    };

    void Bracket(StringBuilder text, int axis, long first, (string Open, string Close) braces, string suffix, string separator, bool top = false)
    {
        if (axis == shape.Length)
        {
            text.Append(values[first]).Append(suffix);
            return;
        }
        var innermost = axis == shape.Length - 1;
        var most = innermost ? Printing.MaxColumns : Printing.MaxRows;
        var trailing = most / 2;
        var leading = most - trailing;
        var block = shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        var spread = top && shape.Length > 1;
        text.Append(braces.Open);
        if (spread)
            text.Append(newLine).Append(' ');
        // NumPy sets blocks of several dimensions apart by empty lines, C# does not.
        var gap = separator.Length > 0 ? newLine : string.Concat(Enumerable.Repeat(newLine, shape.Length - axis - 1));
        for (var k = 0L; k < shape[axis]; k++)
        {
            if (shape[axis] > most && k == leading)
            {
                text.Append(innermost ? Ellipsis + " " : new string(' ', axis) + " " + Ellipsis + gap);
                k = shape[axis] - trailing;
            }
            if (!innermost && k > 0)
                text.Append(' ', axis + 1);
            Bracket(text, axis + 1, first + k * block, braces, suffix, separator);
            if (k < shape[axis] - 1)
                text.Append(innermost ? ", " : separator + gap);
        }
        if (spread)
            text.Append(newLine);
        text.Append(braces.Close);
    }

    // ---- values

    static string[] Values(Tensor tensor, string format, CultureInfo culture)
    {
        using var scope = NewDisposeScope();
        using var here = tensor.detach().cpu();
        string Text<T>(T value) where T : IFormattable => value.ToString(format, culture);
        return here.dtype switch
        {
            ScalarType.Byte => Array.ConvertAll(here.data<byte>().ToArray(), v => v.ToString(CultureInfo.InvariantCulture)),
            ScalarType.Int8 => Array.ConvertAll(here.data<sbyte>().ToArray(), v => v.ToString(CultureInfo.InvariantCulture)),
            ScalarType.Int16 => Array.ConvertAll(here.data<short>().ToArray(), v => v.ToString(CultureInfo.InvariantCulture)),
            ScalarType.Int32 => Array.ConvertAll(here.data<int>().ToArray(), v => v.ToString(CultureInfo.InvariantCulture)),
            ScalarType.Int64 => Array.ConvertAll(here.data<long>().ToArray(), v => v.ToString(CultureInfo.InvariantCulture)),
            ScalarType.Bool => Array.ConvertAll(here.data<bool>().ToArray(), v => v.ToString(culture)),
            ScalarType.Float32 => Array.ConvertAll(here.data<float>().ToArray(), Text),
            ScalarType.Float64 => Array.ConvertAll(here.data<double>().ToArray(), Text),
            ScalarType.Float16 or ScalarType.BFloat16 => Array.ConvertAll(here.@float().data<float>().ToArray(), Text),
            ScalarType.ComplexFloat32 => Array.ConvertAll(here.data<(float, float)>().ToArray(), v => ComplexText(Text(v.Item1), Text(v.Item2), new Complex(v.Item1, v.Item2))),
            _ => Array.ConvertAll(here.data<Complex>().ToArray(), v => ComplexText(Text(v.Real), Text(v.Imaginary), v)),
        };
    }

    static string ComplexText(string real, string imaginary, Complex value)
    {
        if (value.Imaginary == 0)
            return real;
        return value.Real == 0 ? imaginary + "i" : $"{real}+{imaginary}i";
    }
}
