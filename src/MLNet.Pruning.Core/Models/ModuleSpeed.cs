using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The scoring speed of modules.</summary>
public static class ModuleSpeed
{
    extension(ScoringSpeed)
    {
        /// <summary>
        /// Measures models in turns on one CPU thread, so that other load slows all of them alike, and takes medians over the turns.
        /// Networks of this library are measured as their scoring plans, which is how they score; other modules as LibTorch computes them.
        /// </summary>
        /// <param name="models">The models, each in the mode in which it scores. They are not changed.</param>
        /// <param name="inputShape">The shape of one row.</param>
        /// <param name="batch">Rows in a batch; at least 1.</param>
        /// <param name="turns">Measurements of each model; at least 1.</param>
        public static IReadOnlyList<ScoringSpeed> Measure(
            IReadOnlyList<nn.Module<Tensor, Tensor>> models, IReadOnlyList<long> inputShape, int batch = 256, int turns = 15)
        {
            ArgumentNullException.ThrowIfNull(models);
            ArgumentNullException.ThrowIfNull(inputShape);
            using var oneThread = new SingleThreaded();
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            using var half = Scalars.Of(0.5);
            var one = full([1, .. inputShape], half);
            var many = one.expand([Math.Max(1, batch), .. inputShape]).contiguous();
            return ScoringSpeed.Measure([.. models.Select(ByModule)], batch, turns);

            Action<int> ByModule(nn.Module<Tensor, Tensor> model) => model is FeedForward or ConvNet or Vit or Vae
                ? ScoringSpeed.ByPlan(NetworkPlans.Compile(model), batch)
                : rows =>
                {
                    using var inner = NewDisposeScope();
                    model.call(rows == 1 ? one : many);
                };
        }
    }
}
