using System.Diagnostics;
using System.Text.Json;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class PicturesTests
{
    sealed record Listed(string Name, int Width, int Height, int Channels, int Tolerance);

    [TestMethod]
    public void Pictures_of_every_kind_are_read_as_another_library_reads_them()
    {
        using var folder = new TemporaryFolder();
        var listed = JsonSerializer.Deserialize<Listed[]>(Python("pictures.py", folder.Path), JsonSerializerOptions.Web)!;
        Assert.IsGreaterThan(150, listed.Length);
        foreach (var expected in listed)
        {
            var picture = Picture.Load(folder[expected.Name]);
            Assert.AreEqual((expected.Width, expected.Height, expected.Channels), (picture.Width, picture.Height, picture.Channels), expected.Name);
            byte[] raw = File.ReadAllBytes(folder[expected.Name + ".raw"]);
            int worst = 0;
            long sum = 0;
            for (int i = 0; i < raw.Length; i++)
            {
                int difference = Math.Abs(raw[i] - picture.Bytes[i]);
                worst = Math.Max(worst, difference);
                sum += difference;
            }
            Assert.IsLessThanOrEqualTo(expected.Tolerance, worst, $"{expected.Name}: mean {(double)sum / raw.Length}");
            Assert.IsLessThan(0.1 + (expected.Tolerance > 0 && raw.Length < 1000 ? 0.3 : 0), (double)sum / raw.Length, expected.Name);
        }
    }

    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(3, 1, 3)]
    [DataRow(1, 31, 17)]
    [DataRow(3, 31, 17)]
    [DataRow(3, 200, 3)]
    public void A_picture_survives_its_own_file(int channels, int width, int height)
    {
        using var folder = new TemporaryFolder();
        var picture = Make(width, height, channels);
        picture.SavePng(folder["a.png"]);
        var again = Picture.Load(folder["a.png"]);
        Assert.AreEqual((width, height, channels), (again.Width, again.Height, again.Channels));
        CollectionAssert.AreEqual(picture.Bytes.ToArray(), again.Bytes.ToArray());
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_png_with_any_bit_flipped_or_cut_anywhere_is_refused()
    {
        byte[] whole = Make(9, 7, 3).ToPng();
        for (int i = 0; i < whole.Length; i++)
        {
            AssertBroken(whole[..i]);
            byte[] damaged = [.. whole];
            damaged[i] ^= (byte)(1 << (i % 8));
            AssertBroken(damaged);
        }
    }

    [TestMethod]
    public void A_header_that_announces_more_than_there_is_is_refused_without_reserving_it()
    {
        byte[] file = Make(9, 7, 3).ToPng();
        // Width and height of 8,192: 201 million bytes; then the header's own CRC, so that only the size is wrong.
        (file[18], file[19], file[22], file[23]) = (0x20, 0, 0x20, 0);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Crc(file.AsSpan(12, 17)));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        StringAssert.Contains(AssertBroken(file), "8192 x 8192");
        Assert.IsLessThan(50_000_000, GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    [TestMethod]
    [DataRow(nameof(SmallJpegs.Sequential))]
    [DataRow(nameof(SmallJpegs.Progressive))]
    [DataRow(nameof(SmallJpegs.Restarting))]
    public void A_small_jpeg_is_read_without_another_library(string name)
    {
        var picture = Picture.Decode(SmallJpegs.Of(name));
        Assert.AreEqual((20, 12, 3), (picture.Width, picture.Height, picture.Channels));
        byte[] expected = SmallJpegs.Pixels(name);
        for (int i = 0; i < expected.Length; i++)
            Assert.IsLessThanOrEqualTo(3, Math.Abs(expected[i] - picture.Bytes[i]), $"byte {i}: {picture.Bytes[i]}, not {expected[i]}");
    }

    [TestMethod]
    [DataRow(nameof(SmallJpegs.Sequential))]
    [DataRow(nameof(SmallJpegs.Progressive))]
    [DataRow(nameof(SmallJpegs.Restarting))]
    public void A_jpeg_cut_anywhere_is_refused_and_a_damaged_one_never_fails_otherwise(string name)
    {
        byte[] whole = SmallJpegs.Of(name);
        for (int i = 0; i < whole.Length; i++)
        {
            AssertBroken(whole[..i]);
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. whole];
                damaged[i] ^= (byte)(1 << bit);
                try
                {
                    Picture.Decode(damaged);
                }
                catch (InvalidDataException failure)
                {
                    StringAssert.Contains(failure.Message, "wanted");
                }
            }
        }
    }

    [TestMethod]
    public void A_jpeg_of_other_colours_or_more_pixels_than_it_can_hold_is_refused()
    {
        byte[] file = SmallJpegs.Of(nameof(SmallJpegs.Sequential));
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        byte[] cmyk = [.. file];
        cmyk[frame + 9] = 4;
        StringAssert.Contains(AssertBroken(cmyk), "has 4 colour components; wanted 1 (grey) or 3");
        // 10,000 x 10,000 pixels, 300 million bytes, in 600.
        (file[frame + 5], file[frame + 6], file[frame + 7], file[frame + 8]) = (0x27, 0x10, 0x27, 0x10);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        StringAssert.Contains(AssertBroken(file), "10000 x 10000");
        Assert.IsLessThan(50_000_000, GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    [TestMethod]
    public void An_orientation_is_left_to_the_reader()
    {
        // EXIF with one entry: orientation (0x112) 6, a quarter turn.
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
        byte[] file = SmallJpegs.Of(nameof(SmallJpegs.Sequential));
        var picture = Picture.Decode((byte[])[.. file[..2], .. exif, .. file[2..]]);
        Assert.AreEqual((20, 12), (picture.Width, picture.Height));
        CollectionAssert.AreEqual(Picture.Decode(file).Bytes.ToArray(), picture.Bytes.ToArray());
    }

    [TestMethod]
    public void What_is_no_picture_is_refused_with_its_name()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.jpg"], "<html>");
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Picture.Load(folder["a.jpg"]));
        StringAssert.Contains(failure.Message, "a.jpg");
        StringAssert.Contains(failure.Message, "0x3C68746D");
    }

    [TestMethod]
    public void Resizing_keeps_the_mean_of_every_area()
    {
        var half = Make(12, 8, 3).Resize(6, 4);
        var picture = Make(12, 8, 3);
        for (int y = 0; y < 4; y++)
        {
            for (int x = 0; x < 6; x++)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    double mean = new[] { (0, 0), (0, 1), (1, 0), (1, 1) }.Average(at => picture.Bytes[(((((2 * y) + at.Item1) * 12) + (2 * x) + at.Item2) * 3) + channel]);
                    Assert.AreEqual(mean, half.Bytes[(((y * 6) + x) * 3) + channel], 0.51);
                }
            }
        }
        // Three pixels into two: each takes one and a half.
        var two = new Picture(3, 1, 1, [30, 60, 90]).Resize(2, 1);
        CollectionAssert.AreEqual((byte[])[40, 80], two.Bytes.ToArray());
        CollectionAssert.AreEqual((byte[])[30, 45, 60], new Picture(2, 1, 1, [30, 60]).Resize(3, 1).Bytes.ToArray());
        CollectionAssert.AreEqual(Enumerable.Repeat((byte)255, 49).ToArray(), new Picture(50, 50, 1, [.. Enumerable.Repeat((byte)255, 2500)]).Resize(7, 7).Bytes.ToArray());
    }

    [TestMethod]
    public void The_crop_is_the_middle()
    {
        var picture = new Picture(5, 4, 1, [.. Enumerable.Range(0, 20).Select(i => (byte)i)]);
        CollectionAssert.AreEqual((byte[])[6, 7, 8, 11, 12, 13], picture.CropCentre(3, 2).Bytes.ToArray());
        CollectionAssert.AreEqual((byte[])[6, 7, 11, 12], picture.CropCentre(2, 2).Bytes.ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => picture.CropCentre(6, 2));
    }

    [TestMethod]
    public void Planes_become_pixels_and_pixels_planes()
    {
        var picture = Picture.FromPlanes(2, 1, 3, [0f, 1f, 0.5f, -3f, 2f, float.NaN]);
        CollectionAssert.AreEqual((byte[])[0, 128, 255, 255, 0, 0], picture.Bytes.ToArray());
        var planes = new byte[6];
        picture.CopyPlanes(planes);
        CollectionAssert.AreEqual((byte[])[0, 255, 128, 0, 255, 0], planes);
        Assert.ThrowsExactly<ArgumentException>(() => Picture.FromPlanes(2, 2, 3, [0f]));
    }

    internal static Picture Make(int width, int height, int channels, int seed = 0) =>
        new(width, height, channels, [.. Enumerable.Range(0, width * height * channels).Select(i => (byte)((i * 7) + (i * i % 31) + (seed * 50)))]);

    static string AssertBroken(byte[] file)
    {
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Picture.Decode(file, "the picture"));
        StringAssert.Contains(failure.Message, "'the picture'");
        StringAssert.Contains(failure.Message, "wanted");
        return failure.Message;
    }

    static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
        }
        return ~crc;
    }

    static string Python(string script, string argument)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Python", script), argument])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process? process = null;
        try
        {
            process = Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Inconclusive("There is no python3 here to compare with.");
        }
        using (process)
        {
            var error = process!.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0 && error.Result.Contains("No module named 'PIL'", StringComparison.Ordinal))
                Assert.Inconclusive("There is no Pillow (python3-pil) here to compare with.");
            Assert.AreEqual(0, process.ExitCode, error.Result);
            return output;
        }
    }
}
