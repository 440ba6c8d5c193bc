using System.Buffers.Binary;
using System.Text.Json;

namespace MLNet.Pruning.Tool.Tests;

[TestClass]
public sealed class ExportTests
{
    static Dictionary<string, int[]> Shapes(string safetensors)
    {
        byte[] bytes = File.ReadAllBytes(safetensors);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, (int)BinaryPrimitives.ReadInt64LittleEndian(bytes)));
        return header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").ToDictionary(
            entry => entry.Name, entry => entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()).ToArray());
    }

    [TestMethod]
    public void A_model_and_a_checkpoint_are_shown_and_written_in_both_formats()
    {
        using var shell = new Shell();
        Assert.AreEqual(0, shell.Run("train r.yaml --output run").Code);
        Assert.AreEqual(130, shell.Run("train r.yaml --set trainer.epochs=3 --output cut", cancelAfter: "epoch   2/3").Code);
        foreach (string file in (string[])["run/model.zip", "cut/run.checkpoint"])
        {
            var inspected = shell.Run($"inspect {file}");
            Assert.AreEqual(0, inspected.Code, inspected.Error);
            Assert.Contains("fully connected, 784-6-10", inspected.Out);
            Assert.Contains("gradients by       a plan", inspected.Out);
            Assert.AreEqual(0, shell.Run($"export {file} --output out.onnx").Code);
            Assert.AreEqual(0, shell.Run($"export {file} --format safetensors").Code);
            var shapes = Shapes(Path.ChangeExtension(file, ".safetensors"));
            Assert.HasCount(4, shapes);
            Assert.Contains("6x784", shapes.Values.Select(shape => string.Join('x', shape)));
        }
        Assert.AreEqual(0, shell.Run("export run/model.zip -o weights.safetensors").Code);
        CollectionAssert.AreEqual(File.ReadAllBytes("run/model.safetensors"), File.ReadAllBytes("weights.safetensors"));
        Assert.Contains("--weights is for ONNX files", shell.Run("export run/model.zip --format safetensors --weights int8").ErrorLine);
        Assert.Contains("would replace", shell.Run("export run/model.zip -o run/model.zip").ErrorLine);
        Assert.Contains("is the checkpoint of a run", shell.Run("predict cut/run.checkpoint r.yaml").ErrorLine);
        Assert.Contains("such as 'run/model.zip'", shell.Run("inspect run").ErrorLine);
    }
}
