using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by the absolute scale of its batch norm, and presses scales towards zero in training until the last pruning event
/// (Liu et al., Learning Efficient Convolutional Networks through Network Slimming, 2017). Only for groups that a batch norm follows.
/// </summary>
/// <remarks>
/// The paper removes, after a training with the penalty, all neurons below one threshold for the whole network, and fine-tunes without the
/// penalty: a <see cref="Schedule.OneShot"/> with <see cref="PruningScope.Global"/> and <see cref="ScoreNormalization.None"/>. With events
/// in between, it prunes while the network trains.
/// </remarks>
public sealed record NetworkSlimming : IImportance
{
    /// <summary>Sets the penalty.</summary>
    /// <param name="penalty">The factor of the L1 norm of all scales in the loss; 0 or more, 1e-5 to 1e-4 in the paper.</param>
    public NetworkSlimming(double penalty = 1e-4)
    {
        if (!double.IsFinite(penalty) || penalty < 0)
            throw new ArgumentOutOfRangeException(
                nameof(penalty),
                FormattableString.Invariant($"The penalty of network slimming is {penalty}; it must be a number of 0 or more."));
        Penalty = penalty;
    }

    /// <summary>The factor of the L1 norm of all scales in the loss.</summary>
    public double Penalty { get; }

    /// <inheritdoc/>
    public bool NeedsData => false;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) =>
        Criterion.OfGroups(Score, nameof(NetworkSlimming)).Watch(map, threads);

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        foreach (var group in groups)
            if (!Scales(group).Any())
                throw new NotSupportedException($"{nameof(NetworkSlimming)} goes by the scales of batch norms, and none follows group "
                    + $"'{group.Name}'. Leave that group out, add a batch norm with a scale behind it, or choose another criterion.");
    }

    /// <inheritdoc/>
    public void Regularize(IEnumerable<NeuronGroup> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (Penalty == 0)
            return;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var penalty = Scalars.Of(Penalty);
        foreach (var (scale, member) in groups.SelectMany(Scales))
        {
            if (scale.grad is not { } gradient)
                continue;
            var own = tensor(member.Indices.SelectMany(n => n).Select(i => (long)i).ToArray(), device: scale.device);
            gradient.index_add_(0, own, scale.index_select(0, own).sign(), penalty);
        }
    }

    // Several norms, as behind residual additions, add up; a group without one has no score.
    static double[] Score(NeuronGroup group)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var scores = new double[group.Size];
        Array.Fill(scores, Scales(group).Any() ? 0 : double.NaN);
        foreach (var (scale, member) in Scales(group))
        {
            var sizes = scale.abs().to_type(ScalarType.Float64).cpu().data<double>();
            for (var n = 0; n < scores.Length; n++)
                scores[n] += member.Indices[n].Sum(i => sizes[i]);
        }
        return scores;
    }

    static IEnumerable<(Tensor Scale, NeuronGroupMember Member)> Scales(NeuronGroup group) =>
        from member in @group.Members
        where member.Side == NeuronSide.Through && member.Module is BatchNorm1d or BatchNorm2d
        let scale = member.Module.get_parameter("weight")
        where scale is not null
        select ((Tensor)scale, member);
}
