using System.Buffers.Binary;
using System.Text;

namespace MLNet.Pruning.Samples;

/// <summary>Reads grey images with values from 0 to 1, from a PGM file (P5) or an IDX file like MNIST's.</summary>
static class ImageFile
{
    const int Idx = 0x0803;

    /// <param name="path">The file.</param>
    /// <param name="number">The number of the image in the file.</param>
    /// <returns>The pixels, row by row.</returns>
    public static float[] Read(string path, int number)
    {
        byte[] file = File.ReadAllBytes(path);
        if (file.Length >= 16 && BinaryPrimitives.ReadInt32BigEndian(file) == Idx)
        {
            var header = file.AsSpan(4, 12);
            int count = BinaryPrimitives.ReadInt32BigEndian(header), height = BinaryPrimitives.ReadInt32BigEndian(header[4..]),
                width = BinaryPrimitives.ReadInt32BigEndian(header[8..]);
            if (number < 0 || number >= count)
                throw new InvalidDataException($"'{path}' has {count} images; there is no number {number}.");
            return Pixels(path, file, 16 + ((long)number * height * width), (long)height * width, 255);
        }
        return Pgm(path, file);
    }

    /// <summary>
    /// Format: "P5", width, height and maximum value, separated by white space or comments; one white space; the pixels.
    /// </summary>
    static float[] Pgm(string path, byte[] file)
    {
        int at = 0;
        if (Word() != "P5" || !int.TryParse(Word(), out int width) || !int.TryParse(Word(), out int height)
            || !int.TryParse(Word(), out int greatest) || width < 1 || height < 1 || greatest is < 1 or > 255)
            throw new InvalidDataException($"'{path}' is neither a PGM file of bytes (P5) nor an IDX file of images.");
        return Pixels(path, file, at + 1, (long)height * width, greatest);

        string Word()
        {
            while (at < file.Length && (char.IsWhiteSpace((char)file[at]) || file[at] == '#'))
            {
                if (file[at] == '#')
                    at = Array.IndexOf(file, (byte)'\n', at) is >= 0 and var end ? end : file.Length - 1;
                at++;
            }
            int begin = at;
            while (at < file.Length && !char.IsWhiteSpace((char)file[at]))
                at++;
            return Encoding.ASCII.GetString(file, begin, at - begin);
        }
    }

    static float[] Pixels(string path, byte[] file, long start, long count, int greatest) =>
        start >= 0 && count > 0 && start + count <= file.Length
        ? Array.ConvertAll(file.AsSpan((int)start, (int)count).ToArray(), value => value / (float)greatest)
        : throw new InvalidDataException($"'{path}' is cut short.");
}
