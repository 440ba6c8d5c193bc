using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MLNet.Pruning.Tool.Tests;

/// <summary>Recipes for data of one's own, from the first command to the last.</summary>
[TestClass]
public sealed class NewTests
{
    /// <summary>Writes a picture of 24 bits a pixel: a bright bar on dark ground, across or upright.</summary>
    static void Draw(string file, bool upright, int place, int width, int height)
    {
        int stride = ((width * 3) + 3) / 4 * 4;
        byte[] bytes = new byte[54 + (stride * height)];
        "BM"u8.CopyTo(bytes);
        foreach (var (at, value) in ((int, int)[])[(2, bytes.Length), (10, 54), (14, 40), (18, width), (22, height), (34, stride * height)])
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        (bytes[26], bytes[28]) = (1, 24);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                bytes.AsSpan(54 + (y * stride) + (x * 3), 3).Fill((byte)(Math.Abs((upright ? x : y) - place) < 3 ? 230 : 20));
        }
        File.WriteAllBytes(file, bytes);
    }

    [TestMethod]
    public void A_folder_of_pictures_becomes_a_model_that_tells_them_apart()
    {
        using var shell = new Shell();
        foreach (string name in (string[])["across", "upright"])
        {
            Directory.CreateDirectory($"bars/{name}");
            for (int i = 0; i < 40; i++)
                Draw($"bars/{name}/{i}.bmp", name == "upright", 4 + (i % 16), 24 + (i % 3), 24 + (i % 5));
        }
        var made = shell.Run("new images bars --size 16 -o bars.yaml");
        Assert.AreEqual(0, made.Code, made.Error);
        const string Small = "--set 'trainer.channels=[4]' --set 'trainer.hiddenSizes=[16]' --set trainer.epochs=12 --set output.report=false";
        var trained = shell.Run($"train bars.yaml {Small} --json");
        Assert.AreEqual(0, trained.Code, trained.Error);
        double accuracy = JsonDocument.Parse(trained.Lines[^1]).RootElement.GetProperty("test").GetProperty("accuracy").GetDouble();
        Assert.IsGreaterThan(0.8, accuracy);
        var evaluated = JsonDocument.Parse(shell.Run("evaluate bars.yaml --json").Out).RootElement;
        Assert.AreEqual(accuracy, evaluated.GetProperty("accuracy").GetDouble(), 1e-9);
        string[] rows = shell.Run("predict bars/model.zip bars/upright --csv").Lines;
        Assert.HasCount(41, rows);
        Assert.IsGreaterThan(30, rows.Count(row => row.Split(',')[1] == "upright"));
        Assert.IsTrue(rows.Skip(1).All(row => float.Parse(row.Split(',')[2], CultureInfo.InvariantCulture) is >= 0.5f and <= 1));
        Assert.AreEqual(0, shell.Run("export bars/model.zip").Code);
        Assert.IsTrue(File.Exists("bars/model.onnx"));
    }

    [TestMethod]
    public void A_table_becomes_a_model_that_predicts_its_last_column()
    {
        using var shell = new Shell();
        var random = new Random(2);
        var table = new StringBuilder("area,rooms,town,price\n");
        for (int i = 0; i < 400; i++)
        {
            var (area, rooms, town) = (random.Next(40, 200), random.Next(1, 6), random.Next(3));
            table.Append(CultureInfo.InvariantCulture, $"{area},{rooms},{"Ulm Bonn Kiel".Split(' ')[town]},{(area * 3) + (40 * town)}\n");
        }
        File.WriteAllText("houses.csv", table.ToString());
        Assert.AreEqual(0, shell.Run("new csv houses.csv -o houses.yaml").Code);
        var trained = shell.Run("train houses.yaml --set output.report=false --json");
        Assert.AreEqual(0, trained.Code, trained.Error);
        Assert.IsGreaterThan(0.8, JsonDocument.Parse(trained.Lines[^1]).RootElement.GetProperty("test").GetProperty("rSquared").GetDouble());
        string[] rows = shell.Run("predict houses/model.zip houses.csv --csv").Lines;
        Assert.HasCount(401, rows);
        double first = double.Parse(rows[1].Split(',')[1], CultureInfo.InvariantCulture);
        double wanted = double.Parse(table.ToString().Split('\n')[1].Split(',')[3], CultureInfo.InvariantCulture);
        Assert.AreEqual(wanted, first, 150);
        Assert.AreEqual(0, shell.Run("export houses/model.zip --format safetensors").Code);
        Assert.Contains("MissingValueReplacingTransformer", shell.Run("export houses/model.zip").ErrorLine);
    }
}
