using System.Runtime.CompilerServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Reading and writing parts of a tensor by index.
    public partial class Tensor
    {
        static readonly Op selectByIndexOp = new("aten::select", "int");
        static readonly Op accumulateOp = new("aten::index_put_");

        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params long[] indices]
        {
            get => Walk(indices);
            set => Write(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => selectByIndexOp.Call(this, 0, i1);
            set => Write(value, i1);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get => Walk(i1, i2);
            set => Write(value, i1, i2);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3]
        {
            get => Walk(i1, i2, i3);
            set => Write(value, i1, i2, i3);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => Walk(i1, i2, i3, i4);
            set => Write(value, i1, i2, i3, i4);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4, long i5]
        {
            get => Walk(i1, i2, i3, i4, i5);
            set => Write(value, i1, i2, i3, i4, i5);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4, long i5, long i6]
        {
            get => Walk(i1, i2, i3, i4, i5, i6);
            set => Write(value, i1, i2, i3, i4, i5, i6);
        }

        public unsafe Tensor index(params TensorIndex[] indices)
        {
            var natives = stackalloc NativeIndex[indices.Length];
            Marshal(indices, natives);
            nint result;
            Check(Bridge.prt_index_get(Handle, natives, indices.Length, &result));
            GC.KeepAlive(indices);
            return Own(result);
        }

        public Tensor index(params Tensor[] indices) => index(Array.ConvertAll(indices, TensorIndex.Tensor));

        public unsafe Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            var natives = stackalloc NativeIndex[indices.Length];
            Marshal(indices, natives);
            Check(Bridge.prt_index_set(Handle, natives, indices.Length, value.Handle));
            GC.KeepAlive(indices);
            GC.KeepAlive(value);
            return this;
        }

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            if (!accumulate)
                return index_put_(value, indices);
            if (!indices.Any(i => i.IsTensor))
                throw new ArgumentException("To accumulate, every index must be a tensor of indices or a mask.", nameof(indices));
            return accumulateOp.Apply(this, Arg.Maybe(Array.ConvertAll(indices, i => i.Index)), value, true);
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));

        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) =>
            index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor), accumulate);

        public unsafe Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            var natives = stackalloc NativeIndex[indices.Length];
            Marshal(indices, natives);
            var scalar = value.ToNative();
            Check(Bridge.prt_index_set_scalar(Handle, natives, indices.Length, &scalar));
            GC.KeepAlive(indices);
            return this;
        }

        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));

        static unsafe void Marshal(TensorIndex[] indices, NativeIndex* natives)
        {
            for (var k = 0; k < indices.Length; k++)
                natives[k] = indices[k].ToNative();
        }

        unsafe Tensor Walk(params ReadOnlySpan<long> indices)
        {
            var natives = stackalloc NativeIndex[indices.Length];
            for (var k = 0; k < indices.Length; k++)
                natives[k] = new NativeIndex { Kind = IndexKind.Single, Start = indices[k] };
            nint result;
            Check(Bridge.prt_index_get(Handle, natives, indices.Length, &result));
            return Own(result);
        }

        unsafe void Write(Tensor value, params ReadOnlySpan<long> indices)
        {
            var natives = stackalloc NativeIndex[indices.Length];
            for (var k = 0; k < indices.Length; k++)
                natives[k] = new NativeIndex { Kind = IndexKind.Single, Start = indices[k] };
            Check(Bridge.prt_index_set(Handle, natives, indices.Length, value.Handle));
            GC.KeepAlive(value);
        }
    }
}
