using System.ComponentModel;
using System.Globalization;
using System.Text;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public override string ToString() => Metadata();

        public string ToString(bool disamb, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null) =>
            disamb ? ToString(Printing.Style, fltFormat, width, cultureInfo, newLine) : Metadata();

        public string ToString(TensorStringStyle style, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null,
            string? newLine = null)
        {
            if (style == TensorStringStyle.Default)
                style = Printing.Style;
            if (style == TensorStringStyle.Metadata || device_type == DeviceType.META)
                return Metadata();
            var text = new TensorText(this, fltFormat ?? Printing.FloatFormat, width ?? Printing.LineWidth, cultureInfo ?? CultureInfo.CurrentCulture,
                newLine ?? Printing.NewLine);
            return style switch
            {
                TensorStringStyle.Julia => text.Julia(),
                TensorStringStyle.Numpy => text.Nested(csharp: false),
                TensorStringStyle.CSharp => text.Nested(csharp: true),
                _ => throw new InvalidEnumArgumentException($"Unsupported tensor string style: {style}"),
            };
        }

        internal string Metadata()
        {
            var text = new StringBuilder("[").AppendJoin('x', shape).Append(']');
            return text.Append(CultureInfo.InvariantCulture, $", type = {dtype}, device = {device}").ToString();
        }
    }
}
