namespace MLNet.Pruning.Datasets;

/// <summary>What the data sets' own sites publish, with the checksums they give. CelebA's asks for its terms to be accepted by hand.</summary>
static class DatasetSites
{
    const string Toronto = "https://www.cs.toronto.edu/~kriz/", Zalando = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

    public static readonly DatasetFile Cifar10 = At(Toronto, "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530");

    public static readonly DatasetFile Cifar100 = At(Toronto, "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8");

    public static readonly DatasetFile[] FashionMnist =
    [
        At(Zalando, "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        At(Zalando, "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        At(Zalando, "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        At(Zalando, "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ];

    static DatasetFile At(string site, string name, string md5) => new(name, new Uri(site + name), md5);
}
