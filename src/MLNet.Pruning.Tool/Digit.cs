using Microsoft.ML.Data;

namespace MLNet.Pruning.Tool;

/// <summary>A row of the digits' data.</summary>
internal sealed class Digit
{
    public uint Label { get; set; }

    [VectorType(784)]
    public float[] Pixels { get; set; } = [];
}

/// <summary>What a model says of one.</summary>
internal sealed class Prediction
{
    public uint PredictedLabel { get; set; }

    public float[] Score { get; set; } = [];
}
