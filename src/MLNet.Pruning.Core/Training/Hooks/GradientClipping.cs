using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Scales all gradients down together when their joint norm is above a bound.</summary>
sealed class GradientClipping(double norm) : ITrainingHook
{
    public void AfterBackward(TrainingRun run) => nn.utils.clip_grad_norm_(run.Flat.Parameters, norm);
}
