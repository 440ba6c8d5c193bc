using static TorchSharp.torch;

namespace TorchSharp;

// The signatures are those of 0.99.6; 0.105 adds an optional non_blocking at the end of each.
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, ScalarType type) where T : nn.Module => (T)module.Move(null, type);

    public static T to<T>(this T module, Device device, ScalarType type) where T : nn.Module => (T)module.Move(device, type);

    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1) where T : nn.Module =>
        (T)module.Move(new Device(deviceType, deviceIndex), null);

    public static T to<T>(this T module, Device device) where T : nn.Module => (T)module.Move(device, null);

    public static T to<T>(this T module, string device) where T : nn.Module => (T)module.Move(new Device(device), null);

    public static T to<T>(this T module, Tensor other) where T : nn.Module => (T)module.Move(other.device, other.dtype);

    public static T cpu<T>(this T module) where T : nn.Module => module.to(DeviceType.CPU);

    public static T cuda<T>(this T module, int deviceIndex = -1) where T : nn.Module => module.to(DeviceType.CUDA, deviceIndex);
}
