using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Burden;

/// <summary>Sums over steps of what each neuron of a layer bore on average: of the window that runs, and since the beginning.</summary>
sealed class LayerSums(int count)
{
    Totals window = new(count);
    readonly Totals all = new(count);

    public int Count => count;

    /// <summary>Adds the sums of a neuron's means over <paramref name="steps"/> steps.</summary>
    public void Add(int row, int steps, double gradients, double weights)
    {
        window.Add(row, steps, gradients, weights);
        all.Add(row, steps, gradients, weights);
    }

    /// <summary>The means of the window, which ends.</summary>
    public BurdenPoint Window(long step, int epoch, double density)
    {
        var point = window.Means(step, epoch, density);
        window = new(count);
        return point;
    }

    /// <summary>The means since the beginning.</summary>
    public BurdenPoint Cumulative(long step, int epoch, double density) => all.Means(step, epoch, density);

    public void Save(BinaryWriter writer)
    {
        writer.Write(count);
        window.Save(writer);
        all.Save(writer);
    }

    public static LayerSums Load(BinaryReader reader)
    {
        var layer = new LayerSums(reader.ReadCount(sizeof(long)));
        layer.window.Load(reader);
        layer.all.Load(reader);
        return layer;
    }

    sealed class Totals(int count)
    {
        readonly long[] steps = new long[count];
        readonly double[] gradients = new double[count], weights = new double[count];

        public void Add(int row, int more, double gradient, double weight)
        {
            steps[row] += more;
            gradients[row] += gradient;
            weights[row] += weight;
        }

        // 0 / 0 is NaN: a neuron that never had an active weight.
        public BurdenPoint Means(long step, int epoch, double density) =>
            new(step, epoch, density, [.. gradients.Select((sum, row) => (float)(sum / steps[row]))], [.. weights.Select((sum, row) => (float)(sum / steps[row]))]);

        public void Save(BinaryWriter writer)
        {
            for (var row = 0; row < count; row++)
            {
                writer.Write(steps[row]);
                writer.Write(gradients[row]);
                writer.Write(weights[row]);
            }
        }

        public void Load(BinaryReader reader)
        {
            for (var row = 0; row < count; row++)
                (steps[row], gradients[row], weights[row]) = (reader.ReadInt64(), reader.ReadDouble(), reader.ReadDouble());
        }
    }
}
