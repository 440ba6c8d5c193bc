using System.Reflection;

namespace Microsoft.ML.Runtime;

public sealed partial class ComponentCatalog
{
    private const BindingFlags Constructors = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private const BindingFlags Statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.FlattenHierarchy;

    // Three ways to make an object: a static Instance, a constructor, a static Create; the last two with or without an environment.
    private static bool TryGetIniters(Type instType, Type loaderType, Type[] parmTypes,
        out MethodInfo? getter, out ConstructorInfo? ctor, out MethodInfo? create, out bool requireEnvironment)
    {
        ctor = null;
        create = null;
        requireEnvironment = false;
        getter = parmTypes.Length == 0 ? FindInstanceGetter(instType, loaderType) : null;
        if (getter is not null)
            return true;

        Type[] withEnvironment = [typeof(IHostEnvironment), .. parmTypes];
        if (instType.IsAssignableFrom(loaderType))
        {
            ctor = loaderType.GetConstructor(Constructors, null, parmTypes, null)
                ?? loaderType.GetConstructor(Constructors, null, withEnvironment, null);
        }
        create = FindCreateMethod(instType, loaderType, parmTypes) ?? FindCreateMethod(instType, loaderType, withEnvironment);

        if (ctor is not null && create is not null)
        {
            int difference = Openness(ctor) - Openness(create);
            if (difference == 0)
                throw Contracts.Except($"Can't load type {instType}, because it has both create and constructor methods with the same visibility. Please indicate which one should be used by changing either the signature or the visibility of one of them.");
            if (difference > 0)
                create = null;
            else
                ctor = null;
        }
        MethodBase? found = (MethodBase?)ctor ?? create;
        requireEnvironment = found?.GetParameters().Length > parmTypes.Length;
        return found is not null;
    }

    private static MethodInfo? FindInstanceGetter(Type instType, Type loaderType)
    {
        var property = loaderType.GetProperty("Instance", instType);
        var getter = property?.DeclaringType == loaderType ? property.GetGetMethod(false) : null;
        return getter is { IsStatic: true } && getter.ReturnType == instType ? getter : null;
    }

    private static MethodInfo? FindCreateMethod(Type instType, Type loaderType, Type[] parmTypes)
    {
        var method = loaderType.GetMethod("Create", Statics, null, parmTypes, null);
        return method?.DeclaringType == loaderType && method.ReturnType == instType ? method : null;
    }

    private static int Openness(MethodBase method)
        => method.IsPublic ? 5 : method.IsAssembly ? 4 : method.IsFamilyOrAssembly ? 3 : method.IsFamily ? 2 : method.IsPrivate ? 1 : 0;

    /// <summary>A class that can be made by name, and how.</summary>
    internal sealed class LoadableClassInfo
    {
        private readonly Type[] _parameterTypes;

        internal LoadableClassInfo(LoadableClassAttributeBase attr, MethodInfo? getter, ConstructorInfo? ctor, MethodInfo? create, bool requireEnvironment)
        {
            Type = attr.InstanceType;
            LoaderType = attr.LoaderType;
            Summary = attr.Summary;
            UserName = attr.UserName;
            LoadNames = attr.LoadNames;
            SignatureTypes = attr.SigTypes;
            ArgType = attr.ArgType;
            InstanceGetter = getter;
            Constructor = getter is null ? ctor : null;
            CreateMethod = getter is null && ctor is null ? create : null;
            RequireEnvironment = requireEnvironment;
            _parameterTypes = attr.CtorTypes;
        }

        public Type Type { get; }

        public Type LoaderType { get; }

        public IReadOnlyList<Type> SignatureTypes { get; }

        public string? Summary { get; }

        public string UserName { get; }

        public IReadOnlyList<string> LoadNames { get; }

        public MethodInfo? InstanceGetter { get; }

        public ConstructorInfo? Constructor { get; }

        public MethodInfo? CreateMethod { get; }

        public bool RequireEnvironment { get; }

        public Type? ArgType { get; }

        internal int ExtraArgCount => ArgType is null ? _parameterTypes.Length : _parameterTypes.Length - 1;

        public object CreateInstance(IHostEnvironment env, object? args, object[]? extra)
        {
            Contracts.CheckValue(env, nameof(env));
            env.Check((ArgType is null) == (args is null));
            env.Check((extra?.Length ?? 0) == ExtraArgCount);
            List<object> all = [];
            if (RequireEnvironment)
                all.Add(env);
            if (args is not null)
                all.Add(args);
            all.AddRange(extra ?? []);
            object[] arguments = [.. all];
            try
            {
                object? made = InstanceGetter is not null ? InstanceGetter.Invoke(null, null)
                    : Constructor is not null ? Constructor.Invoke(arguments)
                    : CreateMethod?.Invoke(null, arguments);
                return made ?? throw Contracts.Except($"Can't instantiate class '{Type.Name}'");
            }
            catch (TargetInvocationException e) when (e.InnerException is not null && e.InnerException.IsMarked())
            {
                throw Contracts.Except(null, e, "Error during class instantiation");
            }
        }

        public object? CreateArguments()
        {
            if (ArgType is null)
                return null;
            var constructor = ArgType.GetConstructor(Type.EmptyTypes)
                ?? throw Contracts.Except($"Loadable class '{UserName}' has ArgType '{ArgType}', which has no suitable constructor");
            return constructor.Invoke(null);
        }

        internal readonly record struct Key(string Name, Type Signature);
    }
}
