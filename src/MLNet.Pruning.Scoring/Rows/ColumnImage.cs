using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// The size of the images in a column, from its type: ML.NET's <c>ExtractPixels</c> gives vectors of three dimensions. Networks read one
/// channel after the other; a column that holds the channels of a pixel side by side is refused.
/// </summary>
/// <param name="Channels">The first dimension.</param>
/// <param name="Height">The second.</param>
/// <param name="Width">The third.</param>
readonly record struct ColumnImage(int Channels, int Height, int Width)
{
    // Red, green, blue and alpha.
    const int MostColors = 4;

    public override string ToString() => $"{Height}x{Width} with {Channels} channel{(Channels == 1 ? "" : "s")}";

    /// <summary>The images of a column that is about to be trained on; null if its type does not tell.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The channels of a pixel are side by side.</exception>
    public static ColumnImage? Of(DataViewSchema.Column column)
    {
        if (Dimensions(column) is not [var first, var second, var third])
            return null;
        if (first <= MostColors || third > MostColors)
            return new(first, second, third);
        // With one channel both orders are the same.
        return third == 1 ? new(1, first, second) : throw Interleaved(column.Name, new(third, first, second));
    }

    /// <summary>Whether the type says that the column holds images, in either order.</summary>
    public static bool AreIn(DataViewSchema.Column column) => Dimensions(column) is not null;

    /// <summary>Checks the images of a column that a trained network is to read. A type of other dimensions tells nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are of another size, or the channels of a pixel are side by side.</exception>
    public static void Check(DataViewSchema.Column column, NetworkDescription? network)
    {
        if (Read(network) is { } wanted)
            Check(column, wanted, "the model was trained on");
    }

    /// <summary>Checks the images of a column.</summary>
    /// <param name="column">The column.</param>
    /// <param name="wanted">The images that it must hold.</param>
    /// <param name="reader">Who reads them, before "images of", for the message.</param>
    /// <exception cref="ArgumentOutOfRangeException">It holds others.</exception>
    public static void Check(DataViewSchema.Column column, ColumnImage wanted, string reader)
    {
        if (Dimensions(column) is not [var first, var second, var third] || wanted == new ColumnImage(first, second, third))
            return;
        if (wanted == new ColumnImage(third, first, second))
        {
            if (third != 1)
                throw Interleaved(column.Name, wanted);
            return;
        }
        throw new ArgumentOutOfRangeException(null, $"Feature column '{column.Name}' is {column.Type}: images of "
            + $"{new ColumnImage(first, second, third)}; {reader} images of {wanted}.");
    }

    static ColumnImage? Read(NetworkDescription? network)
    {
        IReadOnlyList<int>? shape = network switch
        {
            ConvNetDescription { Image: var image } => image,
            VaeDescription { Image: var image } => image,
            VitDescription { Image: var image, Input: VitInput.Pixels } => image,
            GraphDescription { Nodes: [{ Shape: var input }, ..] } => input,
            _ => null,
        };
        return shape is [var channels, var height, var width] ? new(channels, height, width) : null;
    }

    static int[]? Dimensions(DataViewSchema.Column column) =>
        column.Type is VectorDataViewType { Dimensions: { Length: 3 } sizes } && sizes.All(size => size > 0) ? [.. sizes] : null;

    static ArgumentOutOfRangeException Interleaved(string column, ColumnImage image) => new(null,
        $"Feature column '{column}' holds images of {image} with the channels of each pixel side by side; networks read one channel after "
        + "the other. Leave interleavePixelColors of ExtractPixels at false.");
}
