using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// Access to members of ML.NET that are not public but that another library needs (dotnet/machinelearning, issues 4911 and 6839). All such
/// access goes through this class. If a member is missing, the exception names it, the version of ML.NET that lacks it, and what to do
/// instead. Written for Microsoft.ML 5.0.1.
/// </summary>
static class MLNetInternals
{
    const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DoNotWrapExceptions;

    static readonly Access Saving = new("saving a pruned model", "To keep the model without mlContext.Model, call "
        + "PrunedModelTransformer.WriteTo(stream), and PrunedModelTransformer.ReadFrom(mlContext, stream) to get it back");

    static readonly Access Loading = new("loading a pruned model", "To keep models without mlContext.Model, call "
        + "PrunedModelTransformer.WriteTo(stream), and PrunedModelTransformer.ReadFrom(mlContext, stream) to get them back");

    static readonly Access Making = new("making a component from a catalog",
        "Use the constructor that takes the MLContext, such as new PrunedFeedForwardTrainer(mlContext, options)");

    static readonly Access Following = new("following MLContext.GpuDeviceId and FallbackToCpu", "Set Device in the trainer's options");

    static readonly Access Shaping = new("saying which columns an estimator adds",
        "Fit and Transform do not need it: fit the estimators one by one instead of asking for their output schema");

    static readonly Assembly Inside = typeof(ModelSaveContext).Assembly;
    static readonly ConditionalWeakTable<ComponentCatalog, HashSet<string>> Registered = [];

    /// <summary>A column of a schema shape.</summary>
    public static SchemaShape.Column Column(
        string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey = false, SchemaShape? annotations = null) =>
        Shaping.Call(() => Accessors.NewColumn(name, kind, itemType, isKey, annotations));

    /// <summary>The environment of a catalog (<c>mlContext.Transforms</c>, a <c>Trainers</c>).</summary>
    public static IHostEnvironment EnvironmentOf(object catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return catalog.GetType().GetInterface("IInternalCatalog") is null
            ? throw Making.Missing($"interface IInternalCatalog on {catalog.GetType().Name}")
            : Making.Call(() => Accessors.Environment(catalog));
    }

    /// <summary>The settings of <see cref="MLContext"/>: the GPU to use, if any, and whether the CPU may replace it.</summary>
    /// <exception cref="NotSupportedException">The environment is no MLContext, nor a host of one.</exception>
    public static (int? GpuDeviceId, bool FallbackToCpu) Settings(IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return environment.GetType().GetInterface("IHostEnvironmentInternal") is null
            ? throw Following.Missing($"interface IHostEnvironmentInternal on {environment.GetType().Name}")
            : Following.Call(() => (Accessors.GpuDeviceId(environment), Accessors.FallbackToCpu(environment)));
    }

    /// <summary>Writes a loader's signature and a stream to a model file.</summary>
    public static void Save(ModelSaveContext context, LoaderName name, uint version, string streamName, Action<BinaryWriter> write) =>
        Saving.Call(() =>
        {
            // Accessors cannot name this struct.
            var type = Inside.GetType("Microsoft.ML.VersionInfo", throwOnError: true)!;
            object?[] values = [name.Signature, version, version, version, Assembly.GetExecutingAssembly().FullName, name.Loader, null];
            object info = Activator.CreateInstance(type, Any, null, values, null)!;
            typeof(ModelSaveContext).InvokeMember("SetVersionInfo", Any | BindingFlags.InvokeMethod, null, context, [info], null);
            Accessors.SaveBinaryStream(context, streamName, Own(write));
            return true;
        });

    /// <summary>Reads the stream that <see cref="Save"/> wrote. ML.NET passes <paramref name="context"/> to loaders.</summary>
    /// <exception cref="InvalidDataException">The header needs a later reader, or the stream is missing.</exception>
    public static void Load(object context, LoaderName name, uint version, string streamName, Action<BinaryReader> read) =>
        Loading.Call(() =>
        {
            uint readable = (uint)Get(Get(context, "Header"), "ModelVerReadable");
            if (readable > version)
            {
                throw new InvalidDataException($"The model's part '{name.Loader}' is of version {Number(readable)}; "
                    + $"this MLNet.Pruning reads versions up to {Number(version)}. A later MLNet.Pruning saved it: update this one.");
            }
            return Accessors.TryLoadBinaryStream(context, streamName, Own(read)) ? true : throw new InvalidDataException(
                $"The model has no stream '{streamName}': it is cut short, or was not saved by MLNet.Pruning.");

            // Accessors cannot name the header either: it is a struct.
            static object Get(object from, string field) =>
                from.GetType().InvokeMember(field, Any | BindingFlags.GetField, null, from, null, null)!;

            static string Number(uint version) => $"{version >> 16}.{version & 0xFFFF}";
        });

    /// <summary>
    /// Makes <c>mlContext.Model.Load</c> call <paramref name="create"/> (a static method of the environment and the load context) for
    /// models saved under <paramref name="loaderName"/>. ML.NET finds loaders by an attribute that only its own assemblies can use; this
    /// adds the same record directly. Repeated calls do nothing.
    /// </summary>
    public static void Register(ComponentCatalog catalog, string loaderName, MethodInfo create) => Once(catalog, loaderName, () =>
    {
        string[] names = [loaderName];
        var signature = Inside.GetType("Microsoft.ML.SignatureLoadModel", throwOnError: true)!;
        object attribute = Accessors.NewLoadableClass(create.ReturnType, null, signature, loaderName, names);
        Accessors.AddClass(catalog, Accessors.NewLoadableClassInfo(attribute, null, null, new UnwrappedMethod(create), true), names, true);
    });

    /// <summary>
    /// Removes the wrappers from exceptions that loaders throw in <c>mlContext.Model.Load</c>. ML.NET calls the loaders of its chains by
    /// reflection, and each call would add "Exception has been thrown by the target of an invocation" or "Error during class
    /// instantiation".
    /// </summary>
    public static void Unwrap(ComponentCatalog catalog) => Once(catalog, nameof(Unwrap), () =>
    {
        catalog.RegisterAssembly(typeof(TransformerChain<>).Assembly);
        foreach (object info in (Array)Accessors.AllClasses(catalog))
        {
            var loaded = Accessors.TypeOf(info);
            var type = loaded.IsGenericType ? loaded.GetGenericTypeDefinition() : loaded;
            ref var create = ref Accessors.CreateMethod(info);
            if (create is not null && (type == typeof(TransformerChain<>) || type == typeof(CompositeDataLoader<,>)))
                create = new UnwrappedMethod(create);
        }
    });

    /// <summary>Runs an action once per catalog; one that fails is run again.</summary>
    static void Once(ComponentCatalog catalog, string what, Action action) => Loading.Call(() =>
    {
        lock (Accessors.Lock(catalog))
        {
            var done = Registered.GetOrCreateValue(catalog);
            if (!done.Contains(what))
                action();
            return done.Add(what);
        }
    });

    /// <summary>A callback of this library: what it throws is not for lack of a member of ML.NET.</summary>
    static Action<T> Own<T>(Action<T> callback) => argument =>
    {
        try
        {
            callback(argument);
        }
        catch (Exception own)
        {
            own.Data[nameof(Own)] = true;
            throw;
        }
    };

    /// <summary>What members are needed for, and what to do if a version of ML.NET lacks one.</summary>
    internal sealed record Access(string Purpose, string Instead)
    {
        /// <summary>Calls members by reflection or by accessors. Missing ones become a <see cref="NotSupportedException"/>.</summary>
        public T Call<T>(Func<T> call)
        {
            try
            {
                return call();
            }
            catch (Exception missing) when (!missing.Data.Contains(nameof(Own))
                && (missing is MissingMemberException || missing.GetType() == typeof(TypeLoadException)))
            {
                throw Missing($"member of which the runtime says \"{missing.Message}\"");
            }
        }

        public NotSupportedException Missing(string member)
        {
            var name = Inside.GetName();
            string version = Inside.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
                ?? name.Version?.ToString() ?? "of unknown version";
            return new NotSupportedException($"{Purpose[..1].ToUpperInvariant()}{Purpose[1..]} needs the {member}, "
                + $"which {name.Name} {version} does not have (Microsoft.ML 5.0.1 does). {Instead}.");
        }
    }

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

/// <summary>A method whose exceptions reach callers by reflection without a <see cref="TargetInvocationException"/> around them.</summary>
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
