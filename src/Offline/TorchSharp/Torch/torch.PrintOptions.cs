namespace TorchSharp;

public enum TensorStringStyle
{
    Metadata,
    Julia,
    Numpy,
    CSharp,
    Default,
}

// How tensors are printed when the caller does not say.
public static partial class torch
{
    public const TensorStringStyle julia = TensorStringStyle.Julia;
    public const TensorStringStyle numpy = TensorStringStyle.Numpy;
    public const TensorStringStyle csharp = TensorStringStyle.CSharp;

    internal static PrintOptions Printing = new();

    public static TensorStringStyle TensorStringStyle
    {
        get => Printing.Style;
        set => Printing.Style = value != TensorStringStyle.Default ? value : throw new ArgumentException("The style cannot be set to 'Default'");
    }

    public static void set_printoptions(int precision, int? linewidth = null, string? newLine = null, bool sci_mode = false, int? maxRows = null,
        int? maxColumns = null)
    {
        Printing.FloatFormat = sci_mode ? $"E{precision}" : $"F{precision}";
        Set(linewidth, newLine, maxRows, maxColumns);
    }

    public static void set_printoptions(TensorStringStyle? style = null, string? floatFormat = null, int? linewidth = null, string? newLine = null,
        int? maxRows = null, int? maxColumns = null)
    {
        Printing.Style = style ?? Printing.Style;
        Printing.FloatFormat = floatFormat ?? Printing.FloatFormat;
        Set(linewidth, newLine, maxRows, maxColumns);
    }

    static void Set(int? linewidth, string? newLine, int? maxRows, int? maxColumns)
    {
        Printing.NewLine = newLine ?? Printing.NewLine;
        Printing.LineWidth = linewidth ?? Printing.LineWidth;
        Printing.MaxRows = maxRows ?? Printing.MaxRows;
        Printing.MaxColumns = maxColumns ?? Printing.MaxColumns;
    }

    internal sealed class PrintOptions
    {
        internal TensorStringStyle Style = TensorStringStyle.Julia;
        internal string FloatFormat = "g5";
        internal string NewLine = Environment.NewLine;
        internal int LineWidth = 100;
        internal int MaxRows = 6;
        internal int MaxColumns = 6;
    }
}
