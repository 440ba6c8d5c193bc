using System.Text.Json;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

/// <summary>One training step of a model and the outputs after it, here and in PyTorch.</summary>
static class Peer
{
    public const double Rate = 0.05;

    sealed record Reference(double Loss, float[][] Gradients, float[] Outputs);

    /// <summary>Rows of images with values from 0 to 1, drawn without LibTorch.</summary>
    public static Rows Images(int count, IReadOnlyList<long> shape, int classes = 2)
    {
        var width = (int)shape.Aggregate(1L, (a, b) => a * b);
        var values = new float[count * width];
        uint state = 3;
        for (var i = 0; i < values.Length; i++)
            values[i] = 0.5f * Rows.Uniform(ref state) + (i / width % classes == i % width % classes ? 0.5f : 0);
        return new Rows(count, width, (row, i) => values[row * width + i], row => row % classes) { Shape = shape };
    }

    public static float[] Flat(Rows rows, int count)
    {
        var width = (int)rows.Shape.Aggregate(1L, (a, b) => a * b);
        var x = new float[count * width];
        for (var i = 0; i < count; i++)
            rows.Row(i, x.AsSpan(width * i, width));
        return x;
    }

    public static void Compare(nn.Module<Tensor, Tensor> model, IReadOnlyList<long> shape, IObjective objective, Dictionary<string, object> job, int? latent = null)
    {
        const int Count = 6;
        using var scope = NewDisposeScope();
        var rows = Images(Count, shape);
        var x = Flat(rows, Count);
        var images = tensor(x).view([Count, .. shape]);
        job["image"] = shape;
        job["x"] = x;
        job["y"] = Enumerable.Range(0, Count).Select(rows.Label);
        job["rate"] = Rate;
        job["parameters"] = model.named_parameters().Select(p => p.parameter.detach().data<float>().ToArray());
        random.manual_seed(21);
        if (latent is { } size)
            job["noise"] = randn(Count, size).data<float>().ToArray();
        var path = Path.GetTempFileName();
        Reference reference;
        try
        {
            File.WriteAllText(path, JsonSerializer.Serialize(job));
            reference = Python.Json<Reference>("models.py", path);
        }
        finally
        {
            File.Delete(path);
        }

        random.manual_seed(21);
        model.train();
        var (loss, correct) = objective.Compute(model, new Batch(images, objective.ClassCount is null ? null : tensor(Enumerable.Range(0, Count).Select(rows.Label).ToArray())));
        Assert.AreEqual(latent is null, correct is not null);
        loss.backward();
        Assert.AreEqual(reference.Loss, loss.item<float>(), 1e-5 * Math.Max(1, reference.Loss), "loss");
        var parameters = model.named_parameters().ToArray();
        Assert.HasCount(reference.Gradients.Length, parameters);
        using (no_grad())
            foreach (var ((name, parameter), expected) in parameters.Zip(reference.Gradients))
            {
                var gradient = parameter.grad!;
                AreClose(expected, gradient.contiguous().data<float>().ToArray(), name);
                parameter.sub_(gradient.Times(Rate));
            }
        model.eval();
        using (no_grad())
            AreClose(reference.Outputs, model.call(images).contiguous().data<float>().ToArray(), "outputs");
    }

    static void AreClose(float[] expected, float[] actual, string name)
    {
        Assert.HasCount(expected.Length, actual, name);
        // A bias in front of a batch norm has no gradient but rounding.
        var scale = Math.Max(1e-2f, expected.Max(Math.Abs));
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 3e-5f * scale, $"{name}[{i}]");
    }

    /// <summary>Removes the last neurons of each named group, so that as many stay as are named with it.</summary>
    public static void Shrink(NeuronMap map, Tensor example, params (string Group, int Stay)[] sizes)
    {
        CollectionAssert.AreEqual(sizes.Select(s => s.Group).ToArray(), map.Groups.Select(g => g.Name).ToArray(), map.ToString());
        map.Remove([.. sizes.Select(s => new NeuronSelection(map[s.Group], [.. Enumerable.Range(s.Stay, map[s.Group].Size - s.Stay)]))], null, example);
    }

    /// <summary>Cuts a parameter as no removal of neurons would.</summary>
    public static void Cut(nn.Module model, string name, int dimension, long count)
    {
        using var off = no_grad();
        var parameter = model.named_parameters().Single(p => p.name == name).parameter;
        parameter.set_(parameter.detach().narrow(dimension, 0, count).contiguous());
    }

    public static long Count(nn.Module model) => model.parameters().Sum(p => p.NumberOfElements);

    /// <summary>Saves the model with its present blueprint, loads it and compares what the two compute.</summary>
    public static void Survives(nn.Module<Tensor, Tensor> model, Blueprint blueprint)
    {
        Assert.AreEqual(blueprint, Blueprint.Of(model));
        Assert.AreEqual(blueprint, Blueprint.FromJson(blueprint.ToJson()));
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        ModelFile.Save(stream, Blueprint.Of(model), model);
        stream.Position = 0;
        var (plan, loaded) = ModelFile.Load(stream);
        Assert.AreEqual(blueprint, plan);
        Assert.AreEqual(blueprint.GetHashCode(), plan.GetHashCode());
        using var off = no_grad();
        var example = rand([2, .. blueprint.InputShape]);
        model.eval();
        loaded.eval();
        Runs.AreSame(Runs.Values(model), Runs.Values(loaded));
        Assert.IsTrue(model.call(example).equal(((nn.Module<Tensor, Tensor>)loaded).call(example)).all().item<bool>());
        loaded.Dispose();
    }
}
