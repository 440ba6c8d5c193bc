using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Samples;

/// <summary>A folder of pictures for a first try: drawn digits, with a folder for each.</summary>
static class DrawnPictures
{
    /// <summary>Writes the pictures into a new temporary folder.</summary>
    public static string Folder(MLContext context, int count)
    {
        string folder = Directory.CreateTempSubdirectory("digits-").FullName;
        var digits = context.Data.SynthesizeDigits(count, seed: 1);
        foreach (var (number, (label, pixels)) in digits.GetColumn<uint>("Label").Zip(digits.GetColumn<float[]>("Pixels")).Index())
        {
            string name = label.ToString(CultureInfo.InvariantCulture);
            string path = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
            Picture.FromPlanes(28, 28, 1, pixels).SavePng(Path.Combine(path, $"{number:D4}.png"));
        }
        Console.WriteLine($"drew {count:N0} digits into {folder}");
        return folder;
    }
}
