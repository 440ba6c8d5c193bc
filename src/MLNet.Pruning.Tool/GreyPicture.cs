using System.Text;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tool;

/// <summary>A row of the quickstart's data.</summary>
internal sealed class GreyPicture
{
    public uint Label { get; set; }

    [VectorType(784)]
    public float[] Pixels { get; set; } = [];
}

internal sealed class Prediction
{
    public uint PredictedLabel { get; set; }

    public float[] Score { get; set; } = [];
}

/// <summary>Draws a 28 x 28 picture as text, two rows of pixels per line.</summary>
internal static class TextDrawing
{
    const int Side = 28;
    const string Shades = " .:-=+*#%@";

    internal static IEnumerable<string> Lines(float[] pixels)
    {
        for (var y = 0; y < Side; y += 2)
        {
            var line = new StringBuilder(Side);
            for (var x = 0; x < Side; x++)
            {
                var ink = (pixels[y * Side + x] + pixels[(y + 1) * Side + x]) / 2;
                line.Append(Shades[(int)Math.Clamp(ink * Shades.Length, 0, Shades.Length - 1)]);
            }
            yield return line.ToString();
        }
    }
}
