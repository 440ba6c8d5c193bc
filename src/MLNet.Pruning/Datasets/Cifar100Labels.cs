namespace MLNet.Pruning;

/// <summary>Which of the two labels of a CIFAR-100 image to load.</summary>
public enum Cifar100Labels
{
    /// <summary>The 100 classes: apple, aquarium fish, baby, ...</summary>
    Fine,

    /// <summary>The 20 groups of five classes each: aquatic mammals, fish, flowers, ...</summary>
    Coarse,
}
