using MLNet.Pruning;
using MLNet.Pruning.Datasets;

namespace Microsoft.ML;

/// <summary>Data sets for <see cref="MLContext.Data"/>.</summary>
public static class PruningDatasetCatalog
{
    /// <param name="catalog">The catalog of <see cref="MLContext.Data"/>.</param>
    extension(DataOperationsCatalog catalog)
    {
        /// <summary>
        /// Loads the handwritten digits of MNIST, or any data set published in its four files, from a folder that holds them plain or
        /// gzipped.
        /// </summary>
        /// <param name="directory">The folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the t10k files.</param>
        /// <param name="split">The 60,000 examples to train on, or the 10,000 to test with.</param>
        /// <returns>
        /// Rows of <c>Label</c> (uint, 0 to 9: map it with <c>MapValueToKey("Label")</c>) and <c>Pixels</c> (vector of 784 floats in
        /// [0, 1], row by row). The files are checked whole before this returns; the rows stay bytes until a cursor reads them.
        /// </returns>
        /// <exception cref="System.IO.InvalidDataException">A file is cut short, damaged or not an IDX file of this kind.</exception>
        public IDataView LoadMnist(string directory, DatasetSplit split = DatasetSplit.Train) => MnistFiles.Load(directory, split);

        /// <summary>Loads Fashion-MNIST (28 x 28 grey pictures of clothes in ten classes) from its four files, plain or gzipped.</summary>
        /// <param name="directory">The folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the t10k files.</param>
        /// <param name="split">The 60,000 examples to train on, or the 10,000 to test with.</param>
        /// <param name="download">Whether to download what is missing first: <see cref="DatasetDownload.FashionMnistAsync"/>.</param>
        /// <param name="progress">Receives the progress of the download.</param>
        /// <returns>
        /// Rows like <see cref="LoadMnist"/>'s, and <c>ClassName</c> (text: "Sandal"). <c>MapValueToKey("Label", "ClassName")</c> makes the
        /// names the label, so that <c>MapKeyToValue("PredictedLabel")</c> and the confusion matrix speak in names.
        /// </returns>
        /// <exception cref="System.IO.InvalidDataException">A file is cut short, damaged or not an IDX file of this kind.</exception>
        public IDataView LoadFashionMnist(
            string directory,
            DatasetSplit split = DatasetSplit.Train,
            bool download = false,
            IProgress<DownloadProgress>? progress = null)
        {
            if (download && !MnistFiles.HasFashion(directory, split))
                DatasetDownload.FashionMnistAsync(directory, progress).GetAwaiter().GetResult();
            return MnistFiles.LoadFashion(directory, split);
        }

        /// <summary>Loads CIFAR-10 (32 x 32 colour pictures in ten classes) from its binary batches, plain or gzipped.</summary>
        /// <param name="directory">
        /// The folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin (plain or .gz), or the one that holds the unpacked
        /// archive. At least one batch must be there; missing ones are skipped.
        /// </param>
        /// <param name="split">The data batches, or the test batch.</param>
        /// <param name="download">Whether to download what is missing first: <see cref="DatasetDownload.Cifar10Async"/>.</param>
        /// <param name="progress">Receives the progress of the download.</param>
        /// <returns>
        /// Rows of <c>Label</c> (uint, 0 to 9), <c>Pixels</c> (vector of 3,072 floats in [0, 1]: 3 x 32 x 32, the red plane, then green,
        /// then blue) and <c>ClassName</c> (text: "frog"; from batches.meta.txt where that is there). <c>MapValueToKey("Label",
        /// "ClassName")</c> makes the names the label, so that <c>MapKeyToValue("PredictedLabel")</c> and the confusion matrix speak in
        /// names. The files are checked whole before this returns; the rows stay bytes until a cursor reads them.
        /// </returns>
        /// <exception cref="System.IO.InvalidDataException">A batch is cut short or damaged, or a label is out of range.</exception>
        public IDataView LoadCifar10(
            string directory,
            DatasetSplit split = DatasetSplit.Train,
            bool download = false,
            IProgress<DownloadProgress>? progress = null)
        {
            if (download && !CifarFiles.Has10(directory, split))
                DatasetDownload.Cifar10Async(directory, progress).GetAwaiter().GetResult();
            return CifarFiles.Load10(directory, split);
        }

        /// <summary>Loads CIFAR-100 (32 x 32 pictures in 100 classes or 20 groups) from its binary files, plain or gzipped.</summary>
        /// <param name="directory">The folder with train.bin and test.bin (.gz or not), or that of the unpacked archive.</param>
        /// <param name="split">The 50,000 examples to train on, or the 10,000 to test with.</param>
        /// <param name="labels">The 100 fine labels or the 20 coarse ones.</param>
        /// <param name="download">Whether to download what is missing first: <see cref="DatasetDownload.Cifar100Async"/>.</param>
        /// <param name="progress">Receives the progress of the download.</param>
        /// <returns>
        /// Rows like <see cref="LoadCifar10"/>'s, with labels of 0 to 99 or 0 to 19, and the names of fine_label_names.txt or
        /// coarse_label_names.txt where these are there.
        /// </returns>
        /// <exception cref="System.IO.InvalidDataException">A file is cut short or damaged, or a label is out of range.</exception>
        public IDataView LoadCifar100(
            string directory,
            DatasetSplit split = DatasetSplit.Train,
            Cifar100Labels labels = Cifar100Labels.Fine,
            bool download = false,
            IProgress<DownloadProgress>? progress = null)
        {
            if (download && !CifarFiles.Has100(directory, split))
                DatasetDownload.Cifar100Async(directory, progress).GetAwaiter().GetResult();
            return CifarFiles.Load100(directory, split, labels);
        }

        /// <summary>
        /// Loads PNG and JPEG pictures from a folder: CelebA (img_align_celeba with the lists beside it), any folder of pictures, or one
        /// folder per class. Each picture is cropped to its middle square and resized by area. All are read in parallel before this
        /// returns; each takes 3 x size x size bytes in memory (all of CelebA at size 64: 2.5 GB).
        /// </summary>
        /// <param name="directory">The folder with the pictures, or with one folder of them, or with a folder for each class.</param>
        /// <param name="size">Pixels along a side of the result; at least 1.</param>
        /// <param name="crop">Pixels along a side of the middle square to keep; null for the largest. 108 to 148 for CelebA.</param>
        /// <param name="attribute">An attribute of list_attr_celeba.txt, such as <c>Smiling</c>, to be the label; null for none.</param>
        /// <param name="split">The part that list_eval_partition.txt calls training or test; null for all, validation included.</param>
        /// <param name="limit">How many pictures at most, in the order of their names; null for all.</param>
        /// <returns>
        /// Rows of <c>Pixels</c> (vector of 3 x size x size floats in [0, 1]: the red plane, then green, then blue; a grey picture has
        /// three equal ones) and <c>FileName</c> (text); with an attribute also <c>Label</c> (uint, 1 where the picture has it) and
        /// <c>ClassName</c> (text: "Smiling", "not Smiling"), with folders of classes the same from the folders' names in alphabetical
        /// order.
        /// </returns>
        /// <exception cref="System.IO.InvalidDataException">A picture or a list is damaged, cut short, too small or not one.</exception>
        public IDataView LoadCelebA(
            string directory,
            int size = 64,
            int? crop = null,
            string? attribute = null,
            DatasetSplit? split = null,
            int? limit = null) =>
            ImageFolder.Load(directory, size, crop, attribute, split, limit);

        /// <summary>
        /// Lists the pictures of a folder that has a folder a class, for ML.NET's own <c>LoadImages</c>, <c>ResizeImages</c> and
        /// <c>ExtractPixels</c>. Pictures are .png, .jpg, .jpeg, .bmp and .gif files, also in folders within a class's. Names that begin
        /// with a dot are left out.
        /// </summary>
        /// <param name="directory">The folder with a folder for each class. A folder's name is the label of its pictures.</param>
        /// <returns>
        /// Rows of <c>ImagePath</c> (text, the full path) and <c>Label</c> (text), in the order of labels and paths. Every file is read
        /// once and checked before this returns, without decoding its pixels.
        /// </returns>
        /// <exception cref="System.IO.DirectoryNotFoundException">There is no such folder.</exception>
        /// <exception cref="System.IO.InvalidDataException">
        /// There are no pictures or no folders of classes, a class has no pictures, or a file is damaged, cut short or no picture.
        /// </exception>
        public IDataView LoadImageFolder(string directory) => LabelledFolder.Load(catalog, directory);

        /// <summary>
        /// Draws 28 x 28 grey digits from pen strokes, each with its own slant, size, place, warp, pen, stray marks and noise: a
        /// stand-in for MNIST that needs no file. A linear classifier stays below 93 % on them, a good convolutional one exceeds 98 %.
        /// </summary>
        /// <param name="count">How many digits, at least 1; each takes 785 bytes. A larger count begins with the same digits.</param>
        /// <param name="seed">Which data set; train and test need different seeds. Every machine makes the same bytes of one.</param>
        /// <returns>Rows like <see cref="LoadMnist"/>'s: <c>Label</c> (uint, 0 to 9) and <c>Pixels</c> (784 floats in [0, 1]).</returns>
        public IDataView SynthesizeDigits(int count, int seed = 0) => DigitPainter.View(count, seed);
    }
}
