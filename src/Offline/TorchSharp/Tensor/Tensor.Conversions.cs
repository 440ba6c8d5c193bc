using System.Numerics;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Other element types, other devices, and plain .NET values.
    public partial class Tensor
    {
        static readonly Op toTypeOp = new("aten::to", "dtype");
        static readonly Op toDeviceOp = new("aten::to", "dtype_layout");

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Replacing(toTypeOp.Call(this, type, non_blocking, copy), disposeAfter);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to_type(type, copy, disposeAfter, non_blocking);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Move(null, new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Move(type, device, copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(device.type, device.index, copy, disposeAfter, non_blocking);

        public Tensor to(Tensor other, bool non_blocking = false) => to(other.dtype, other.device, false, false, non_blocking);

        public Tensor type(ScalarType dtype) => to(dtype);

        public Tensor type(Func<Tensor, Tensor> typeFunc) => typeFunc(this);

        public Tensor type_as(Tensor tensor) => to_type(tensor.dtype);

        public Tensor cpu() => Move(null, CPU, false, false, false);

        public Tensor cuda(Device? device = null, bool non_blocking = false)
        {
            if (device is not null && device.type != DeviceType.CUDA)
                throw new ArgumentException("Not a CUDA device.", nameof(device));
            return Move(null, device ?? new Device(DeviceType.CUDA), false, false, non_blocking);
        }

        public Tensor @bool() => to_type(ScalarType.Bool);
        public Tensor @byte() => to_type(ScalarType.Byte);
        public Tensor @char() => to_type(ScalarType.Int8);
        public Tensor @short() => to_type(ScalarType.Int16);
        public Tensor @int() => to_type(ScalarType.Int32);
        public Tensor @long() => to_type(ScalarType.Int64);
        public Tensor half() => to_type(ScalarType.Float16);
        public Tensor bfloat16() => to_type(ScalarType.BFloat16);
        public Tensor @float() => to_type(ScalarType.Float32);
        public Tensor @double() => to_type(ScalarType.Float64);
        public Tensor cfloat() => to_type(ScalarType.ComplexFloat32);
        public Tensor cdouble() => to_type(ScalarType.ComplexFloat64);

        public static implicit operator Tensor(byte value) => tensor(value);
        public static implicit operator Tensor(sbyte value) => tensor(value);
        public static implicit operator Tensor(short value) => tensor(value);
        public static implicit operator Tensor(int value) => tensor(value);
        public static implicit operator Tensor(long value) => tensor(value);
        public static implicit operator Tensor(float value) => tensor(value);
        public static implicit operator Tensor(double value) => tensor(value);
        public static implicit operator Tensor(bool value) => tensor(value);
        public static implicit operator Tensor((float, float) value) => tensor(value);
        public static implicit operator Tensor(Complex value) => tensor(value);
        public static implicit operator Tensor(byte[] value) => tensor(value);
        public static implicit operator Tensor(sbyte[] value) => tensor(value);
        public static implicit operator Tensor(short[] value) => tensor(value);
        public static implicit operator Tensor(int[] value) => tensor(value);
        public static implicit operator Tensor(long[] value) => tensor(value);
        public static implicit operator Tensor(float[] value) => tensor(value);
        public static implicit operator Tensor(double[] value) => tensor(value);
        public static implicit operator Tensor(bool[] value) => tensor(value);
        public static implicit operator Tensor((float, float)[] value) => tensor(value);
        public static implicit operator Tensor(Complex[] value) => tensor(value);

        // Only steers overload resolution: a number next to a tensor becomes a Scalar rather than a Tensor.
        public static implicit operator Tensor(Scalar scalar) => throw new InvalidOperationException("Should not be called.");

        public static explicit operator float(Tensor value) => value.ToSingle();
        public static explicit operator double(Tensor value) => value.ToDouble();
        public static explicit operator sbyte(Tensor value) => value.ToSByte();
        public static explicit operator byte(Tensor value) => value.ToByte();
        public static explicit operator short(Tensor value) => value.ToInt16();
        public static explicit operator int(Tensor value) => value.ToInt32();
        public static explicit operator long(Tensor value) => value.ToInt64();
        public static explicit operator bool(Tensor value) => value.ToBoolean();

        Tensor Move(ScalarType? type, Device device, bool copy, bool disposeAfter, bool nonBlocking)
        {
            device = InitializeDevice(device);
            return Replacing(toDeviceOp.Call(this, type, Arg.None, device, Arg.None, nonBlocking, copy), disposeAfter);
        }

        Tensor Replacing(Tensor result, bool disposeAfter)
        {
            if (disposeAfter)
                Dispose();
            return result;
        }
    }
}
