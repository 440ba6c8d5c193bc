using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Shape, type, place and other facts about a tensor.
    public partial class Tensor
    {
        static readonly Op isNonzeroOp = new("aten::is_nonzero");
        static readonly Op isPinnedOp = new("aten::is_pinned");
        static readonly Op isNegOp = new("aten::is_neg");
        static readonly Op isConjOp = new("aten::is_conj");
        static readonly Op realOp = new("aten::real");
        static readonly Op imagOp = new("aten::imag");
        static readonly Op indicesOp = new("aten::indices");
        static readonly Op valuesOp = new("aten::values");
        static readonly Op matrixTransposeOp = new("aten::mT");
        static readonly Op matrixAdjointOp = new("aten::mH");

        public long Dimensions => Read(Bridge.prt_dim(Handle));

        public long ndim => Dimensions;

        public long NumberOfElements => Read(Bridge.prt_numel(Handle));

        public long ElementSize => dtype.ElementSize();

        public ScalarType dtype => (ScalarType)Read(Bridge.prt_dtype(Handle));

        public Device device
        {
            get
            {
                var found = Device.Unpack(Read(Bridge.prt_device(Handle)));
                return found.type == DeviceType.CPU ? new Device(DeviceType.CPU) : found;
            }
        }

        public DeviceType device_type => (DeviceType)(Read(Bridge.prt_device(Handle)) >> 8);

        public int device_index => (int)(Read(Bridge.prt_device(Handle)) & 0xff) - 1;

        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* p = sizes)
                    Check(Bridge.prt_sizes(Handle, p));
                return sizes;
            }
        }

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_meta => device_type == DeviceType.META;

        // Layout 1 is sparse COO; the compressed formats that follow it are sparse too, but not to this question.
        public bool is_sparse => Read(Bridge.prt_layout(Handle)) == 1;

        public bool is_leaf => Read(Bridge.prt_is_leaf(Handle)) != 0;

        public Tensor real => realOp.Call(this);

        public Tensor imag => imagOp.Call(this);

        public Tensor T
        {
            get
            {
                var reversed = Range(0, ndim);
                Array.Reverse(reversed);
                return permute(reversed);
            }
        }

        public Tensor H => is_complex() ? transpose(0, 1).conj() : transpose(0, 1);

        public Tensor mT => matrixTransposeOp.Call(this);

        public Tensor mH => matrixAdjointOp.Call(this);

        public Tensor SparseIndices => indicesOp.Call(this);

        public Tensor SparseValues => valuesOp.Call(this);

        public long dim() => Dimensions;

        public long numel() => NumberOfElements;

        public long element_size() => ElementSize;

        public long[] size() => shape;

        public long size(int dim)
        {
            var sizes = shape;
            return sizes[Wrap(dim, sizes.Length)];
        }

        public unsafe long[] stride()
        {
            var steps = new long[Dimensions];
            fixed (long* p = steps)
                Check(Bridge.prt_strides(Handle, p));
            return steps;
        }

        public long stride(int dim)
        {
            var steps = stride();
            return steps[Wrap(dim, steps.Length)];
        }

        public long storage_offset() => Read(Bridge.prt_storage_offset(Handle));

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_complex() => torch.is_complex(dtype);

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_contiguous() => Read(Bridge.prt_is_contiguous(Handle)) != 0;

        public bool is_pinned() => isPinnedOp.CallInt(this) != 0;

        public bool is_neg() => isNegOp.CallInt(this) != 0;

        public bool is_conj() => isConjOp.CallInt(this) != 0;

        public bool is_nonzero()
        {
            if (numel() != 1)
                throw new InvalidOperationException("is_nonzero() called on non-singleton tensor");
            return isNonzeroOp.CallInt(this) != 0;
        }

        static int Wrap(int dim, int count)
        {
            var wrapped = dim < 0 ? dim + count : dim;
            if (wrapped < 0 || wrapped >= count)
                throw new System.Runtime.InteropServices.ExternalException(
                    $"Dimension out of range (expected to be in range of [{-Math.Max(count, 1)}, {Math.Max(count, 1) - 1}], but got {dim})");
            return wrapped;
        }
    }
}
