using FsCheck;
using FsCheck.Fluent;

namespace MLNet.Pruning.Tests.Importance;

[TestClass]
public sealed class ContributionProperties
{
    sealed record Layer(int Neurons, int Block, float[] Activations, float[] Weights);

    static Arbitrary<Layer> Layers(int maxBlock = 5) =>
        (from neurons in Gen.Choose(1, 40)
         from block in Gen.Choose(1, maxBlock)
         from samples in Gen.Choose(1, 20)
         from consumers in Gen.Choose(1, 40)
         from seed in Gen.Choose(0, int.MaxValue)
         let random = new Random(seed)
         select new Layer(
             neurons,
             block,
             Numbers.Normal(random, samples * neurons * block, rectified: seed % 2 == 0),
             Numbers.Normal(random, consumers * neurons * block))).ToArbitrary();

    static ContributionScores Score(Layer layer)
    {
        var accumulator = new ContributionAccumulator(layer.Neurons);
        accumulator.Linear(layer.Activations, layer.Weights, layer.Block);
        return accumulator.Scores();
    }

    [TestMethod]
    public void Absolute_shares_add_up_to_one_per_denominator()
    {
        Prop.ForAll(Layers(), layer =>
        {
            // A sample of zeros has no shares at all.
            var row = layer.Neurons * layer.Block;
            var alive = layer.Activations.Chunk(row).Count(r => r.Any(a => a != 0)) / (double)(layer.Activations.Length / row);
            return Math.Abs(Score(layer).Average.Sum() - alive) < 1e-5;
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void The_average_share_lies_between_zero_and_the_largest_which_is_at_most_one()
    {
        Prop.ForAll(Layers(), layer =>
        {
            var scores = Score(layer);
            return scores.Average.Zip(scores.Maximum).All(p => p.First >= 0 && p.First <= p.Second + 1e-6 && p.Second <= 1 + 1e-6);
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void Permuted_neurons_have_permuted_scores()
    {
        Prop.ForAll(Layers(), layer =>
        {
            var order = Enumerable.Range(0, layer.Neurons).ToArray();
            new Random(layer.Weights.Length).Shuffle(order);
            float[] Permute(float[] rows) => [.. rows.Chunk(layer.Neurons * layer.Block).SelectMany(r => order.SelectMany(k => r.Skip(k * layer.Block).Take(layer.Block)))];
            var (scores, permuted) = (Score(layer), Score(layer with { Activations = Permute(layer.Activations), Weights = Permute(layer.Weights) }));
            return order.Select((k, i) => Math.Abs(permuted.Average[i] - scores.Average[k]) + Math.Abs(permuted.Maximum[i] - scores.Maximum[k])).Max() < 1e-6;
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void Scaling_a_sample_or_a_consumer_changes_nothing()
    {
        Prop.ForAll(Layers(), layer =>
        {
            float[] Scale(float[] rows) => [.. rows.Chunk(layer.Neurons * layer.Block).SelectMany((r, i) => r.Select(x => x * MathF.Pow(3.7f, i % 60 - 30)))];
            var (scores, scaled) = (Score(layer), Score(layer with { Activations = Scale(layer.Activations), Weights = Scale(layer.Weights) }));
            return scores.Average.Zip(scaled.Average).Concat(scores.Maximum.Zip(scaled.Maximum)).All(p => Math.Abs(p.First - p.Second) < 1e-5);
        }).QuickCheckThrowOnFailure();
    }
}
