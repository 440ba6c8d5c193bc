namespace MLNet.Pruning;

/// <summary>What a shifted image shows where it has no pixel.</summary>
public enum ImageBorder
{
    /// <summary>Zero.</summary>
    Zero,

    /// <summary>The nearest pixel of the image.</summary>
    Edge,

    /// <summary>The image, mirrored at its outermost pixel.</summary>
    Reflect,
}

/// <summary>
/// Random changes of training images, drawn anew each time that an image is in a batch. Validation and scoring see images as they are.
/// </summary>
/// <remarks>
/// The changes depend on the run's seed, the step and the image alone: not on the number of threads, nor on an interruption.
/// </remarks>
public sealed record Augmentation
{
    /// <summary>
    /// The most pixels by which an image is shifted, up or down and left or right; at least 0. A shift by up to 4 is the same as a random
    /// crop of the image after it was padded by 4.
    /// </summary>
    public int Shift { get; init; }

    /// <summary>What a shifted image shows where it has no pixel.</summary>
    public ImageBorder Border { get; init; }

    /// <summary>Whether half of the images are mirrored, left to right.</summary>
    public bool Flip { get; init; }

    internal void Validate()
    {
        TrainingOptions.Require(Shift >= 0, "Augmentation.Shift", Shift, "0 or more pixels");
        TrainingOptions.RequireDefined(Border, "Augmentation.Border");
        TrainingOptions.Require(Shift > 0 || Flip, nameof(Augmentation), "one that changes nothing", "with a Shift or a Flip, or null");
    }

    /// <summary>Throws if examples of this shape are no images, or smaller than the shift.</summary>
    internal void Check(IReadOnlyList<long> shape)
    {
        if (shape.Count != 3)
            throw new ArgumentException($"{nameof(Augmentation)} is for images, [channels, height, width]; here a row has the shape "
                + $"[{string.Join(", ", shape)}]. Plain vectors, and tokens that have merged already, have no pixels to move.");
        var size = Math.Min(shape[1], shape[2]);
        TrainingOptions.Require(Shift < size, "Augmentation.Shift", Shift, $"less than the {size} pixels of an image");
    }
}

/// <summary>The random changes of the images of one step; by default there are none.</summary>
readonly record struct ImageChanges(ImageChanger? Changer, long Step);

/// <summary>Changes images as they are copied into a batch. Thread-safe.</summary>
sealed unsafe class ImageChanger(Augmentation settings, IReadOnlyList<long> shape, int seed)
{
    const int ShortRow = 512;

    readonly int channels = (int)shape[0], height = (int)shape[1], width = (int)shape[2];

    /// <summary>Writes a changed copy of an image.</summary>
    /// <param name="from">The image.</param>
    /// <param name="to">Where to.</param>
    /// <param name="step">The step of the run.</param>
    /// <param name="slot">The image's place in memory, which no other one of the step has.</param>
    public void Write(float* from, float* to, long step, int slot)
    {
        var random = new ShuffleRandom(seed ^ (step << 24), slot);
        var (down, right) = (random.Below(2 * settings.Shift + 1) - settings.Shift, random.Below(2 * settings.Shift + 1) - settings.Shift);
        var mirrored = settings.Flip && random.Below(2) == 1;
        // Where each column comes from; -1 for nowhere.
        var columns = width <= ShortRow ? stackalloc int[width] : new int[width];
        for (var x = 0; x < width; x++)
            columns[x] = Source((mirrored ? width - 1 - x : x) - right, width);
        for (var channel = 0; channel < channels; channel++, from += height * width)
            for (var y = 0; y < height; y++, to += width)
            {
                var line = Source(y - down, height);
                var target = new Span<float>(to, width);
                if (line < 0)
                {
                    target.Clear();
                    continue;
                }
                var row = from + line * width;
                for (var x = 0; x < target.Length; x++)
                    target[x] = columns[x] < 0 ? 0 : row[columns[x]];
            }
    }

    int Source(int at, int size) => (uint)at < (uint)size ? at : settings.Border switch
    {
        ImageBorder.Zero => -1,
        ImageBorder.Edge => Math.Clamp(at, 0, size - 1),
        _ => at < 0 ? -at : 2 * (size - 1) - at,
    };
}
