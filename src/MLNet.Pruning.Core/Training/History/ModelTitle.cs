using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>What a report calls a model: its name, and its sizes where it tells them.</summary>
static class ModelTitle
{
    public static string Of(nn.Module model) => model switch
    {
        FeedForward network => $"{network.GetName()} {string.Join('-', network.Blueprint.Sizes)}",
        ConvNet network => Of(network.GetName(), network.Blueprint),
        _ => model.GetType().Name,
    };

    static string Of(string name, ConvNetBlueprint plan) =>
        $"{name} {string.Join('x', plan.Image)}, {string.Join('-', plan.Channels)}, {string.Join('-', plan.Hidden.Append(plan.Classes))}";
}
