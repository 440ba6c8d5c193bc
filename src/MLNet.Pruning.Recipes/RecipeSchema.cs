using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MLNet.Pruning.Recipes;

/// <summary>The JSON schema of recipes, by which editors complete and check them.</summary>
static partial class RecipeSchema
{
    static readonly JsonSerializerOptions readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as JSON.</summary>
    public static string Write()
    {
        var writer = new Definitions();
        var loaders = writer.Named("Loader", [.. Catalog.Loaders, CsvFile.Maker]);
        var part = new JsonObject { ["anyOf"] = new JsonArray(Number(0, 1), loaders.DeepClone()) };
        var transforms = new JsonObject { ["type"] = "array", ["items"] = writer.Named("Transform", Catalog.Transforms) };
        var root = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A recipe of MLNet.Pruning",
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["required"] = new JsonArray("data", "trainer"),
            ["properties"] = new JsonObject
            {
                ["seed"] = Described(writer.Of(typeof(int?)), "The seed of everything random; without one, each run is another."),
                ["data"] = new JsonObject
                {
                    ["type"] = "object",
                    ["additionalProperties"] = false,
                    ["required"] = new JsonArray("train"),
                    ["properties"] = new JsonObject
                    {
                        ["train"] = Described(loaders, "The rows to learn from."),
                        ["validation"] = Described(part, "The rows that are measured after each epoch: a part of train, or a loader."),
                        ["test"] = Described((JsonObject)part.DeepClone(), "The rows to test with: a part of train, or a loader."),
                    },
                },
                ["transforms"] = Described(transforms, "Transforms before the trainer."),
                ["trainer"] = Described(Trainer(writer), "What is trained, and how."),
                ["after"] = Described((JsonObject)transforms.DeepClone(), "Transforms of predictions."),
                ["output"] = Described(writer.Of(typeof(RecipeOutput)), "What a run writes, and where."),
            },
        };
        root["$defs"] = writer.Written();
        return root.ToJsonString(readable).ReplaceLineEndings("\n") + "\n";
    }

    static JsonObject Trainer(Definitions writer)
    {
        var one = writer.OneOf([.. Catalog.Trainers.Values.SelectMany(makers => makers)]);
        foreach (var kind in one["anyOf"]!.AsArray().Select(kind => kind!["properties"]).OfType<JsonObject>())
            kind["task"] = new JsonObject
            {
                ["enum"] = new JsonArray([.. Catalog.Trainers.Keys.Where(key => key != "None")
                .Select(key => (JsonNode)key)])
            };
        return one;
    }

    static JsonObject Number(double above, double below) => new()
    {
        ["type"] = "number",
        ["exclusiveMinimum"] = above,
        ["exclusiveMaximum"] = below
    };

    static JsonObject Described(JsonObject schema, string? text)
    {
        if (text is not null)
            schema["description"] = text;
        return schema;
    }

    /// <summary>The schemas of types; those with keys stand once, under their names.</summary>
    sealed class Definitions
    {
        readonly SortedDictionary<string, JsonObject> known = new(StringComparer.Ordinal);

        public JsonObject Written() => new(known.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

        public JsonObject Of(Type type)
        {
            var schema = Form.Of(type) switch
            {
                ScalarForm form => new JsonObject { ["type"] = Kind(form.Bare) },
                EnumForm form => new JsonObject { ["enum"] = new JsonArray([.. Enum.GetNames(form.Bare).Select(name => (JsonNode)name)]) },
                ListForm form => new JsonObject
                {
                    ["anyOf"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "array",
                        ["items"] = Of(form.Element)
                    }, Of(form.Element))
                },
                MadeForm form => Named(form.Bare.Name, form.Makers, form.IsSingle),
                _ => new JsonObject { ["type"] = "string" },
            };
            if (type.IsValueType && Nullable.GetUnderlyingType(type) is null)
                return schema;
            if (schema["type"] is JsonValue kind)
                schema["type"] = new JsonArray(kind.GetValue<string>(), "null");
            else
                schema = new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };
            return schema;
        }

        static string Kind(Type type) => type == typeof(bool) ? "boolean" : type == typeof(int) || type == typeof(long) ? "integer"
            : type == typeof(float) || type == typeof(double) ? "number" : "string";

        public JsonObject Named(string name, IReadOnlyList<Maker> makers, bool isSingle = false)
        {
            if (!known.ContainsKey(name))
            {
                known[name] = []; // while it is written: a type may hold itself
                known[name] = isSingle ? Keys(makers, isSingle) : OneOf(makers);
            }
            return new() { ["$ref"] = $"#/$defs/{name}" };
        }

        public JsonObject OneOf(IReadOnlyList<Maker> makers)
        {
            var groups = makers.GroupBy(maker => maker.Name).ToArray();
            JsonNode[] bare = [.. groups.Where(group => group.Any(maker => maker.Inputs.All(input => !input.IsRequired)))
                .Select(group => (JsonNode)group.Key)];
            JsonNode[] kinds = [.. groups.Select(group => Keys([.. group], isSingle: false))];
            return new()
            {
                ["anyOf"] = new JsonArray(bare.Length == 0 ? kinds
                : [.. kinds, new JsonObject { ["enum"] = new JsonArray(bare) }])
            };
        }

        JsonObject Keys(IReadOnlyList<Maker> overloads, bool isSingle)
        {
            var properties = new JsonObject();
            var required = new JsonArray();
            if (!isSingle)
            {
                properties[Binder.TypeKey] = new JsonObject { ["const"] = overloads[0].Name };
                required.Add(Binder.TypeKey);
            }
            foreach (var input in overloads.SelectMany(maker => maker.Inputs).DistinctBy(input => input.Key))
            {
                properties[input.Key] = Described(Of(input.Type), Summaries.Of(input.Member));
                if (overloads.All(maker => maker.Inputs.Any(other => other.Key == input.Key && other.IsRequired)))
                    required.Add(input.Key);
            }
            var schema = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
            if (required.Count > 0)
                schema["required"] = required;
            return Described(schema, Summaries.Of(overloads[0].Source));
        }
    }

    /// <summary>The documentation of our own members, from the XML files beside their assemblies.</summary>
    static partial class Summaries
    {
        static readonly Dictionary<string, Dictionary<string, XElement>> files = [];

        public static string? Of(object member) => member switch
        {
            ParameterInfo parameter => Find(parameter.Member)?.Elements("param")
                .FirstOrDefault(element => element.Attribute("name")?.Value == parameter.Name) is { } text ? Plain(text) : null,
            MemberInfo other => Find(other)?.Element("summary") is { } summary ? Plain(summary) : null,
            _ => null,
        };

        static XElement? Find(MemberInfo member)
        {
            var type = member.DeclaringType!;
            if (!Form.IsOurs(type))
                return null;
            string owner = type.FullName!.Replace('+', '.');
            var file = File(type.Assembly);
            string prefix = member switch
            {
                PropertyInfo => $"P:{owner}.{member.Name}",
                ConstructorInfo => $"M:{owner}.#ctor(",
                _ => $"M:{owner}.{member.Name}(",
            };
            var found = file.GetValueOrDefault(prefix)
                ?? file.FirstOrDefault(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).Value
                ?? (member is ConstructorInfo ? file.GetValueOrDefault($"T:{owner}") : null); // a record documents its parameters there
            // Members of an extension block are documented elsewhere.
            return found?.Element("inheritdoc")?.Attribute("cref") is { } other ? file.GetValueOrDefault(other.Value) : found;
        }

        static Dictionary<string, XElement> File(Assembly assembly)
        {
            string path = Path.ChangeExtension(assembly.Location, ".xml");
            if (!files.TryGetValue(path, out var members))
            {
                members = System.IO.File.Exists(path)
                    ? XDocument.Load(path).Descendants("member").ToDictionary(element => element.Attribute("name")!.Value)
                    : [];
                files[path] = members;
            }
            return members;
        }

        static string Plain(XElement element) => Blanks().Replace(string.Concat(element.Nodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement named => (named.Attribute("cref") ?? named.Attribute("name") ?? named.Attribute("langword"))?.Value.Split('.',
                ':')[^1] ?? named.Value,
            _ => "",
        })), " ").Trim();

        [GeneratedRegex(@"\s+")]
        private static partial Regex Blanks();
    }
}
