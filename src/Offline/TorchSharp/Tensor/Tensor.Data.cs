using System.Runtime.CompilerServices;
using TorchSharp.Native;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    // The elements themselves.
    public partial class Tensor
    {
        static readonly Op itemOp = new("aten::item");
        static readonly Op equalTensorsOp = new("aten::equal");
        static readonly Op allcloseOp = new("aten::allclose");

        /// <summary>The address of the first element.</summary>
        internal unsafe nint DataPointer
        {
            get
            {
                void* data;
                Check(Bridge.prt_data(Handle, &data));
                return (nint)data;
            }
        }

        public unsafe Span<byte> bytes
        {
            get
            {
                var size = NumberOfElements * ElementSize;
                CheckPlain("Bytes()");
                if (size > int.MaxValue)
                    throw new ArgumentException("Span only supports up to int.MaxValue elements.");
                return new Span<byte>((void*)DataPointer, (int)size);
            }
            set
            {
                if (!is_contiguous())
                    throw new InvalidOperationException("SetBytes() called on non-contiguous tensor.");
                if (NumberOfElements * ElementSize != value.Length)
                    throw new ArgumentException("Mismatched data sizes in SetBytes().");
                value.CopyTo(new Span<byte>((void*)DataPointer, value.Length));
                GC.KeepAlive(this);
            }
        }

        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            ValidateType(typeof(T));
            return new TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1)
                throw new ArgumentException("Number of elements in the tensor must be 1");
            ValidateType(typeof(T));
            if (device_type == DeviceType.CPU)
                return Read(Unsafe.ReadUnaligned<T>(ref Unsafe.AddByteOffset(ref Unsafe.NullRef<byte>(), DataPointer)));
            using var here = cpu();
            return here.item<T>();
        }

        public Scalar ToScalar()
        {
            var value = itemOp.CallValue(this);
            return value.Tag switch
            {
                Tag.Double => new Scalar(value.Double, ScalarType.Float64),
                Tag.Complex => new Scalar(new System.Numerics.Complex(value.Double, value.Imaginary), ScalarType.ComplexFloat64),
                Tag.Bool => new Scalar(value.Int, ScalarType.Bool),
                _ => new Scalar(value.Int, ScalarType.Int64),
            };
        }

        public double ReadCpuDouble(long i) => TensorAccessor<double>.ReadItemAt(this, i);
        public float ReadCpuSingle(long i) => TensorAccessor<float>.ReadItemAt(this, i);
        public int ReadCpuInt32(long i) => TensorAccessor<int>.ReadItemAt(this, i);
        public long ReadCpuInt64(long i) => TensorAccessor<long>.ReadItemAt(this, i);
        public byte ReadCpuByte(long i) => TensorAccessor<byte>.ReadItemAt(this, i);
        public sbyte ReadCpuSByte(long i) => TensorAccessor<sbyte>.ReadItemAt(this, i);
        public short ReadCpuInt16(long i) => TensorAccessor<short>.ReadItemAt(this, i);
        public bool ReadCpuBool(long i) => TensorAccessor<bool>.ReadItemAt(this, i);
        public T ReadCpuValue<T>(long i) where T : unmanaged => TensorAccessor<T>.ReadItemAt(this, i);

        public unsafe float ReadCpuFloat16(long i)
        {
            CheckIndex(i);
            return Read((float)((Half*)DataPointer)[i]);
        }

        // A bfloat16 is the upper half of a float.
        public unsafe float ReadCpuBFloat16(long i)
        {
            CheckIndex(i);
            return Read(BitConverter.Int32BitsToSingle(((ushort*)DataPointer)[i] << 16));
        }

        public bool Equals(Tensor target) => target is not null && equalTensorsOp.CallInt(this, target) != 0;

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            target is not null && allcloseOp.CallInt(this, target, rtol, atol, equal_nan) != 0;

        public object tolist()
        {
            if (Dimensions == 0)
                return ToScalar();
            var list = new System.Collections.ArrayList();
            for (var k = 0L; k < size(0); k++)
            {
                using var part = this[k];
                list.Add(part.tolist());
            }
            return list;
        }

        internal void ValidateType(Type dotnetType)
        {
            var type = dtype;
            if (type == ScalarType.BFloat16)
                throw new ArgumentException($"No support for {type} in TorchSharp");
            if (DotnetType(type) != dotnetType)
                throw new ArgumentException($"{dotnetType.Name} is not compatible with {type}");
        }

        void CheckIndex(long i)
        {
            if (i >= NumberOfElements)
                throw new IndexOutOfRangeException("The index is greater than the number of elements in the tensor");
        }

        void CheckPlain(string what)
        {
            if (!is_contiguous())
                throw new InvalidOperationException($"{what} called on non-contiguous tensor.");
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        }
    }
}
