using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// The members of ML.NET that another library needs and that are not public (dotnet/machinelearning, issues 4911 and
/// 6839). Every use of one goes through here, by its real name; one that is missing is named, together with the
/// version of ML.NET that lacks it and what to do instead. Found on Microsoft.ML 5.0.1.
/// </summary>
static class MLNetInternals
{
    const BindingFlags Any =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    const string Saving = "saving a pruned model", Loading = "loading a pruned model";
    const string Registering = "registering the loader of pruned models", Making = "making a component from a catalog";

    const string SaveInstead = "To keep the model without mlContext.Model, call PrunedModelTransformer.WriteTo(stream), "
        + "and PrunedModelTransformer.ReadFrom(mlContext, stream) to get it back";
    const string MakeInstead =
        "Use the constructor that takes the MLContext, such as new PrunedFeedForwardTrainer(mlContext, options)";

    static readonly Assembly Inside = typeof(ModelSaveContext).Assembly;
    static readonly ConditionalWeakTable<ComponentCatalog, HashSet<string>> Registered = [];

    /// <summary>A column of a schema shape.</summary>
    public static SchemaShape.Column Column(
        string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey = false, SchemaShape? annotations = null) =>
        Reach(
            "saying which columns an estimator adds",
            "Fit and Transform do not need it: fit the estimators one by one instead of asking for their output schema",
            () => Accessors.NewColumn(name, kind, itemType, isKey, annotations));

    /// <summary>The environment that a catalog (<c>mlContext.Transforms</c>, a <c>Trainers</c>) was made for.</summary>
    public static IHostEnvironment EnvironmentOf(object catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return catalog.GetType().GetInterfaces().Any(type => type.Name == "IInternalCatalog")
            ? Reach(Making, MakeInstead, () => Accessors.Environment(catalog))
            : throw Missing($"interface IInternalCatalog on {catalog.GetType().Name}", Making, MakeInstead);
    }

    /// <summary>
    /// What the user set on <see cref="MLContext"/>: the GPU to use if any, and whether a CPU will do where there is none.
    /// </summary>
    public static (int? GpuDeviceId, bool FallbackToCpu) Settings(IHostEnvironment environment) => Reach(
        "following MLContext.GpuDeviceId and FallbackToCpu",
        "Set Device in the trainer's options",
        () => (Accessors.GpuDeviceId(environment), Accessors.FallbackToCpu(environment)));

    /// <summary>
    /// Marks what <paramref name="context"/> saves as loadable by <paramref name="name"/>, and writes a stream beside its header.
    /// </summary>
    public static void Save(ModelSaveContext context, LoaderName name, uint version, string streamName, Action<BinaryWriter> write)
    {
        // Structs stand in the signatures, which accessors cannot name.
        var versionType = Type("Microsoft.ML.VersionInfo", Saving, SaveInstead);
        Type[] parameters = [typeof(string), typeof(uint), typeof(uint), typeof(uint), typeof(string), typeof(string), typeof(string)];
        var versionConstructor = Constructor(versionType, parameters, Saving, SaveInstead);
        var setVersion = Method(typeof(ModelSaveContext), "SetVersionInfo", [versionType], Saving, SaveInstead);
        string assembly = typeof(MLNetInternals).Assembly.FullName!;
        object info = versionConstructor.Invoke([name.Signature, version, version, version, assembly, name.Loader, null]);
        setVersion.Invoke(context, BindingFlags.DoNotWrapExceptions, null, [info], null);
        Reach(Saving, SaveInstead, () =>
        {
            Accessors.SaveBinaryStream(context, streamName, write);
            return true;
        });
    }

    /// <summary>Reads the stream that <see cref="Save"/> wrote; <paramref name="context"/> is what ML.NET hands to a loader.</summary>
    /// <exception cref="InvalidDataException">The header asks for a reader of a later version, or there is no such stream.</exception>
    public static void Load(object context, LoaderName name, uint version, string streamName, Action<BinaryReader> read)
    {
        object header = Field(context.GetType(), "Header", Loading, SaveInstead).GetValue(context)!;
        uint readable = (uint)Field(header.GetType(), "ModelVerReadable", Loading, SaveInstead).GetValue(header)!;
        if (readable > version)
        {
            throw new InvalidDataException($"The model's part '{name.Loader}' is of version {Number(readable)}; "
                + $"this MLNet.Pruning reads versions up to {Number(version)}. A later MLNet.Pruning saved it: update this one.");
        }
        if (!Reach(Loading, SaveInstead, () => Accessors.TryLoadBinaryStream(context, streamName, read)))
            throw new InvalidDataException($"The model has no stream '{streamName}': it is cut short, or was not saved by MLNet.Pruning.");

        static string Number(uint version) => $"{version >> 16}.{version & 0xFFFF}";
    }

    /// <summary>
    /// Makes <c>mlContext.Model.Load</c> call <paramref name="create"/> (a static method of the environment and the load
    /// context) for models saved for <paramref name="loaderName"/>. ML.NET finds loaders by an attribute that only its own
    /// assemblies can write; this enters the same record by hand. Doing so twice does nothing.
    /// </summary>
    public static void Register(ComponentCatalog catalog, string loaderName, MethodInfo create) =>
        Once(catalog, loaderName, Registering, () =>
    {
        string[] names = [loaderName];
        var signature = Type("Microsoft.ML.SignatureLoadModel", Registering, SaveInstead);
        object attribute = Accessors.NewLoadableClass(create.ReturnType, null, signature, loaderName, names);
        Accessors.AddClass(catalog, Accessors.NewLoadableClassInfo(attribute, null, null, new UnwrappedMethod(create), true), names, true);
    });

    /// <summary>
    /// Lets what a loader throws come out of <c>mlContext.Model.Load</c> as it is. ML.NET calls the loaders of its chains by reflection,
    /// each of which would put "Exception has been thrown by the target of an invocation" or "Error during class instantiation" on top.
    /// </summary>
    public static void Unwrap(ComponentCatalog catalog) => Once(catalog, nameof(Unwrap), Loading, () =>
    {
        catalog.RegisterAssembly(typeof(TransformerChain<>).Assembly);
        foreach (object info in (Array)Accessors.AllClasses(catalog))
        {
            var loaded = Accessors.TypeOf(info);
            if (loaded.IsGenericType && (loaded.GetGenericTypeDefinition() is var type)
                && (type == typeof(TransformerChain<>) || type == typeof(CompositeDataLoader<,>))
                && Accessors.CreateMethod(info) is { } method)
                Accessors.CreateMethod(info) = new UnwrappedMethod(method);
        }
    });

    /// <summary>Does something to a catalog that was not done to it yet.</summary>
    static void Once(ComponentCatalog catalog, string what, string purpose, Action action) => Reach(purpose, SaveInstead, () =>
    {
        lock (Accessors.Lock(catalog))
        {
            if (Registered.GetOrCreateValue(catalog).Add(what))
                action();
            return true;
        }
    });

    internal static Type Type(string name, string purpose, string instead) =>
        Inside.GetType(name) ?? throw Missing($"type {name}", purpose, instead);

    internal static ConstructorInfo Constructor(Type type, Type[] parameters, string purpose, string instead) =>
        type.GetConstructor(Any & ~BindingFlags.Static, parameters)
            ?? throw Missing($"constructor {type.FullName}({Names(parameters)})", purpose, instead);

    internal static MethodInfo Method(Type type, string name, Type[] parameters, string purpose, string instead) =>
        type.GetMethod(name, Any, parameters) ?? throw Missing($"method {type.FullName}.{name}({Names(parameters)})", purpose, instead);

    internal static FieldInfo Field(Type type, string name, string purpose, string instead) =>
        type.GetField(name, Any) ?? throw Missing($"field {type.FullName}.{name}", purpose, instead);

    /// <summary>Calls accessors, of which the runtime says that a member is missing when they are called first.</summary>
    internal static T Reach<T>(string purpose, string instead, Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception missing) when (missing is MissingMemberException || missing.GetType() == typeof(TypeLoadException))
        {
            throw Missing($"member of which the runtime says \"{missing.Message}\"", purpose, instead);
        }
    }

    static NotSupportedException Missing(string member, string purpose, string instead)
    {
        var name = Inside.GetName();
        string version = Inside.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? name.Version?.ToString() ?? "of unknown version";
        return new NotSupportedException($"{purpose[..1].ToUpperInvariant()}{purpose[1..]} needs the {member}, "
            + $"which {name.Name} {version} does not have (Microsoft.ML 5.0.1 does). {instead}.");
    }

    static string Names(Type[] types) => string.Join(", ", types.Select(type => type.Name));

    static class Accessors
    {
        const string Info = "Microsoft.ML.Runtime.ComponentCatalog+LoadableClassInfo, Microsoft.ML.Core";
        const string Internal = "Microsoft.ML.Runtime.IHostEnvironmentInternal, Microsoft.ML.Core";
        const string LoadableClass = "Microsoft.ML.LoadableClassAttribute, Microsoft.ML.Core";

        [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
        public static extern SchemaShape.Column NewColumn(
            string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey, SchemaShape? annotations);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Environment")]
        public static extern IHostEnvironment Environment(
            [UnsafeAccessorType("Microsoft.ML.Data.IInternalCatalog, Microsoft.ML.Data")] object catalog);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_GpuDeviceId")]
        public static extern int? GpuDeviceId([UnsafeAccessorType(Internal)] object environment);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_FallbackToCpu")]
        public static extern bool FallbackToCpu([UnsafeAccessorType(Internal)] object environment);

        [UnsafeAccessor(UnsafeAccessorKind.Method)]
        public static extern void SaveBinaryStream(ModelSaveContext context, string name, Action<BinaryWriter> write);

        [UnsafeAccessor(UnsafeAccessorKind.Method)]
        public static extern bool TryLoadBinaryStream(
            [UnsafeAccessorType("Microsoft.ML.ModelLoadContext, Microsoft.ML.Core")] object context,
            string name,
            Action<BinaryReader> read);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
        public static extern ref object Lock(ComponentCatalog catalog);

        [UnsafeAccessor(UnsafeAccessorKind.Method)]
        public static extern void AddClass(ComponentCatalog catalog, [UnsafeAccessorType(Info)] object info, string[] names, bool throws);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "GetAllClasses")]
        [return: UnsafeAccessorType("Microsoft.ML.Runtime.ComponentCatalog+LoadableClassInfo[], Microsoft.ML.Core")]
        public static extern object AllClasses(ComponentCatalog catalog);

        [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
        [return: UnsafeAccessorType(LoadableClass)]
        public static extern object NewLoadableClass(Type instance, Type? argument, Type signature, string userName, string[] names);

        [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
        [return: UnsafeAccessorType(Info)]
        public static extern object NewLoadableClassInfo(
            [UnsafeAccessorType("Microsoft.ML.LoadableClassAttributeBase, Microsoft.ML.Core")] object attribute,
            MethodInfo? getter,
            ConstructorInfo? constructor,
            MethodInfo? create,
            bool requiresEnvironment);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Type")]
        public static extern Type TypeOf([UnsafeAccessorType(Info)] object info);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<CreateMethod>k__BackingField")]
        public static extern ref MethodInfo? CreateMethod([UnsafeAccessorType(Info)] object info);
    }
}

/// <summary>
/// A method whose exceptions reach those who call it by reflection as they are, without a <see cref="TargetInvocationException"/> around
/// them.
/// </summary>
sealed class UnwrappedMethod(MethodInfo method) : MethodInfo
{
    public override object? Invoke(object? obj, BindingFlags invokeAttr, Binder? binder, object?[]? parameters, CultureInfo? culture) =>
        method.Invoke(obj, invokeAttr | BindingFlags.DoNotWrapExceptions, binder, parameters, culture);

    public override MethodAttributes Attributes => method.Attributes;

    public override RuntimeMethodHandle MethodHandle => method.MethodHandle;

    public override Type? DeclaringType => method.DeclaringType;

    public override string Name => method.Name;

    public override Type? ReflectedType => method.ReflectedType;

    public override Type ReturnType => method.ReturnType;

    public override ICustomAttributeProvider ReturnTypeCustomAttributes => method.ReturnTypeCustomAttributes;

    public override MethodInfo GetBaseDefinition() => method.GetBaseDefinition();

    public override object[] GetCustomAttributes(bool inherit) => method.GetCustomAttributes(inherit);

    public override object[] GetCustomAttributes(Type attributeType, bool inherit) => method.GetCustomAttributes(attributeType, inherit);

    public override MethodImplAttributes GetMethodImplementationFlags() => method.GetMethodImplementationFlags();

    public override ParameterInfo[] GetParameters() => method.GetParameters();

    public override bool IsDefined(Type attributeType, bool inherit) => method.IsDefined(attributeType, inherit);
}
