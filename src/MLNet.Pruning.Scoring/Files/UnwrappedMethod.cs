using System.Globalization;
using System.Reflection;

namespace MLNet.Pruning.Persistence;

/// <summary>A method whose exceptions reach those who call it by reflection as they are, without a <see cref="TargetInvocationException"/> around them.</summary>
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
