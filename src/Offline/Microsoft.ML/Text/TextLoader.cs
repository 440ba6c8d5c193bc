using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(TextLoader), null, typeof(SignatureLoadModel), "Text Loader", TextLoader.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Loads rows from text files in which separators stand between the columns.</summary>
public sealed partial class TextLoader : IDataLoader<IMultiStreamSource>
{
    internal const string LoaderSignature = "TextLoader";
    private const uint FirstWithCountedKeys = 0x0001000C;
    private const uint FirstWithMarkers = 0x0001000D;

    private static readonly VersionInfo Version = new(
        modelSignature: "TXTLOADR", verWrittenCur: 0x0001000E, verReadableCur: 0x0001000A, verWeCanReadBack: FirstWithCountedKeys,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    private readonly IHost _host;
    private readonly TextFormat _format;
    private readonly TextBindings _bindings;

    internal TextLoader(IHostEnvironment env, Options? options = null, IMultiStreamSource? dataSample = null)
    {
        Contracts.CheckValue(env, nameof(env));
        _host = env.Register(LoaderSignature);
        options ??= new Options();
        dataSample ??= new MultiFileSource(null);
        var headerFile = string.IsNullOrWhiteSpace(options.HeaderFile) ? null : new MultiFileSource(options.HeaderFile);
        if (options.Columns is null || options.Columns.Length == 0)
            options = EmbeddedOptions.Read(options, headerFile ?? dataSample, _host) ?? WithDefaultColumns(options);
        _format = TextFormat.Of(options, headerFile is not null, _host);
        _bindings = TextBindings.Create(options.Columns!, _format, headerFile, dataSample, _host);
    }

    // Saved as the size of a float, the most rows, the flags, the number of columns in the file, the separators, two more characters, the columns.
    private TextLoader(IHost host, ModelLoadContext ctx)
    {
        _host = host;
        host.CheckDecode(ctx.Reader.ReadInt32() == sizeof(float));
        long maxRows = ctx.Reader.ReadInt64();
        host.CheckDecode(maxRows > 0);
        var flags = (TextFlags)ctx.Reader.ReadUInt32();
        host.CheckDecode((flags & ~TextFlags.All) == 0);
        int inputSize = ctx.Reader.ReadInt32();
        host.CheckDecode(inputSize is >= 0 and < TextSegment.EndOfLine);
        char[] separators = [.. Enumerable.Range(0, ctx.Reader.ReadCount()).Select(_ => (char)ctx.Reader.ReadUInt16())];
        host.CheckDecode(separators.Length > 0 && separators.All(c => !"\0\r\n\"0123456789".Contains(c)));
        bool hasMarkers = ctx.Header.ModelVerWritten >= FirstWithMarkers;
        char escape = hasMarkers ? ctx.Reader.ReadChar() : '"';
        char decimalMarker = hasMarkers ? ctx.Reader.ReadChar() : '.';
        host.CheckDecode(decimalMarker is '.' or ',' && !separators.Contains(escape));
        _format = new TextFormat { Separators = separators, EscapeChar = escape, DecimalMarker = decimalMarker, Flags = flags, InputSize = inputSize, MaxRows = maxRows, UseThreads = true };
        _bindings = TextBindings.Load(ctx, _format, host);
    }

    public DataViewSchema GetOutputSchema() => _bindings.Schema;

    public IDataView Load(IMultiStreamSource source) => new BoundLoader(this, source);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        _host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        ctx.Writer.Write(sizeof(float));
        ctx.Writer.Write(_format.MaxRows);
        ctx.Writer.Write((uint)_format.Flags);
        ctx.Writer.Write(_format.InputSize);
        ctx.Writer.Write(_format.Separators.Length);
        foreach (char separator in _format.Separators)
            ctx.Writer.Write((short)separator);
        ctx.Writer.Write(_format.EscapeChar);
        ctx.Writer.Write(_format.DecimalMarker);
        _bindings.Save(ctx);
    }

    internal static TextLoader Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        return new TextLoader(env.Register(LoaderSignature), ctx);
    }

    /// <summary>Loads the columns that the members of a class ask for.</summary>
    internal static TextLoader Create<TInput>(IHostEnvironment env, Options? options, IMultiStreamSource? dataSample)
    {
        options ??= new Options();
        const BindingFlags PublicInstance = BindingFlags.Public | BindingFlags.Instance;
        MemberInfo[] members =
        [
            .. typeof(TInput).GetFields(PublicInstance),
            .. typeof(TInput).GetProperties(PublicInstance).Where(property => property.GetGetMethod() is not null && property.GetIndexParameters().Length == 0),
        ];
        if (members.Length == 0)
            throw env.ExceptParam(nameof(TInput), $"Should define at least one public, readable field or property in {nameof(TInput)}.");
        options.Columns = Array.ConvertAll(members, member => ColumnOf(env, member));
        return new TextLoader(env, options, dataSample);
    }

    private static Column ColumnOf(IHostEnvironment env, MemberInfo member)
    {
        string what = member is FieldInfo ? "Field" : "Property";
        var source = member.GetCustomAttribute<LoadColumnAttribute>()
            ?? throw env.Except($"{what} '{member.Name}' is missing the {nameof(LoadColumnAttribute)} attribute");
        var type = Members.TypeOf(member);
        return new Column
        {
            Name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name,
            Source = source.Sources,
            KeyCount = member.GetCustomAttribute<KeyTypeAttribute>()?.KeyCount,
            DataKind = DataKinds.KindOf(type.IsArray ? type.GetElementType()! : type) ?? throw Contracts.Except($"{what} {member.Name} is of unsupported type."),
        };
    }

    private static Options WithDefaultColumns(Options options)
    {
        var copy = EmbeddedOptions.Copy(options);
        copy.Columns = [new Column("Label", DataKind.Single, 0), new Column("Features", DataKind.Single, [new Range(1, null)])];
        return copy;
    }

    private sealed class BoundLoader(TextLoader loader, IMultiStreamSource files) : IDataView
    {
        private readonly IHost _host = loader._host.Register(nameof(BoundLoader));

        public bool CanShuffle => false;

        public DataViewSchema Schema => loader._bindings.Schema;

        public long? GetRowCount() => null;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
            => new TextCursor(loader._host, loader._bindings, loader._format, files, RowCursorUtils.ActiveOf(columnsNeeded, Schema));

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        {
            _host.CheckParam(n >= 0, nameof(n));
            return [GetRowCursor(columnsNeeded, rand)];
        }
    }
}
