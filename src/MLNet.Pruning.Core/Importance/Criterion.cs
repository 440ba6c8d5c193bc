using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Makes criteria from functions: you write the formula alone.</summary>
public static class Criterion
{
    /// <summary>A criterion that is a function of a group, for what the others do not cover.</summary>
    /// <param name="score">Gives the importance of each of the group's neurons; larger stays.</param>
    /// <param name="name">What the criterion is called in messages.</param>
    public static IImportance OfGroups(Func<NeuronGroup, double[]> score, string name = "the criterion")
    {
        ArgumentNullException.ThrowIfNull(score);
        return new GroupCriterion((_, group) => score(group), name);
    }

    /// <summary>A criterion that is a function of the weights that compute neurons.</summary>
    /// <param name="score">
    /// Gives [neurons] for the weights of one layer, [neurons, weights of each], without biases. Where several layers compute a group,
    /// their scores are added up.
    /// </param>
    /// <param name="name">What the criterion is called in messages.</param>
    public static IImportance OfWeights(Func<Tensor, Tensor> score, string name = "the criterion")
    {
        ArgumentNullException.ThrowIfNull(score);
        return new GroupCriterion((map, group) => GroupCriterion.OfWeights(map, group, score, name), name);
    }

    /// <summary>
    /// A criterion that is a function of the outputs of neurons as the next layers read them: after activation and pooling.
    /// </summary>
    /// <param name="score">
    /// Gives [samples, neurons] for what one layer reads in one batch, [samples, neurons, values], where a neuron's values are those at all
    /// positions and of all features that it owns. Scores are averaged over samples and readers. Called without gradients, from several
    /// threads at once.
    /// </param>
    /// <param name="name">What the criterion is called in messages.</param>
    public static IImportance OfActivations(Func<Tensor, Tensor> score, string name = "the criterion")
    {
        ArgumentNullException.ThrowIfNull(score);
        return new ActivationCriterion(score, name);
    }

    /// <summary>
    /// A criterion that is a function of activation times gradient: to first order, by how much the loss would change without a neuron.
    /// </summary>
    /// <param name="score">
    /// Gives [rows, neurons] for the products of one batch, [rows, neurons]: of each row's own loss, the mean over a neuron's values of
    /// value times gradient, added up over the layers that read it. Scores are averaged over rows. Called without gradients.
    /// </param>
    /// <param name="name">What the criterion is called in messages.</param>
    public static IImportance OfGradients(Func<Tensor, Tensor> score, string name = "the criterion")
    {
        ArgumentNullException.ThrowIfNull(score);
        return new GradientCriterion(score, name);
    }

    internal static void Require(Tensor scores, string name, params long[] shape)
    {
        if (!scores.shape.SequenceEqual(shape))
            throw new InvalidOperationException($"The function of {name} gave scores of shape [{string.Join(", ", scores.shape)}]; "
                + $"it must be [{string.Join(", ", shape)}].");
    }

    internal static Exception NotAlike(IImportanceObserver observer, IImportanceObserver other) => new ArgumentException(
        $"{observer.GetType().Name} cannot add what {other?.GetType().Name ?? "nothing"} has seen: "
        + "both must be of the same criterion.", nameof(other));
}
