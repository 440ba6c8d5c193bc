using MLNet.Pruning.Datasets;

namespace Microsoft.ML;

/// <summary>Data sets for <see cref="MLContext.Data"/>.</summary>
public static class PruningDatasetCatalog
{
    /// <summary>
    /// Loads the handwritten digits of MNIST, or any data set published in its four files, from a folder that holds them plain or gzipped.
    /// </summary>
    /// <param name="catalog">The catalog of <see cref="MLContext.Data"/>.</param>
    /// <param name="directory">The folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the two t10k files (.gz or not).</param>
    /// <param name="split">The 60,000 examples to train on, or the 10,000 to test with.</param>
    /// <returns>
    /// Rows of <c>Label</c> (uint, 0 to 9: map it with <c>MapValueToKey("Label")</c>) and <c>Pixels</c> (vector of 784 floats in
    /// [0, 1], row by row). The files are checked whole before this returns; the rows stay bytes until a cursor reads them.
    /// </returns>
    /// <exception cref="System.IO.InvalidDataException">A file is cut short, damaged or not an IDX file of this kind.</exception>
    public static IDataView LoadMnist(this DataOperationsCatalog catalog, string directory, DatasetSplit split = DatasetSplit.Train)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return MnistFiles.Load(directory, split);
    }

    /// <summary>
    /// Draws 28 x 28 grey digits from pen strokes, each with its own slant, size, place, warp, pen, stray marks and noise: a
    /// stand-in for MNIST that needs no file. A linear classifier stays below 93 % on them, a good convolutional one exceeds 98 %.
    /// </summary>
    /// <param name="catalog">The catalog of <see cref="MLContext.Data"/>.</param>
    /// <param name="count">How many digits, 1 or more; each takes 785 bytes. A larger count with the same seed begins with the same digits.</param>
    /// <param name="seed">Which data set; train and test need different seeds. The same seed gives the same bytes on every machine.</param>
    /// <returns>Rows of <c>Label</c> (uint, 0 to 9) and <c>Pixels</c> (vector of 784 floats in [0, 1], row by row), like <see cref="LoadMnist"/>.</returns>
    public static IDataView SynthesizeDigits(this DataOperationsCatalog catalog, int count, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return SyntheticDigits.Paint(count, seed);
    }
}
