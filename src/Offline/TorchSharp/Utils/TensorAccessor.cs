using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>Reads and writes the elements of a tensor in CPU memory, whatever its strides.</summary>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    readonly long[] shape;
    readonly long[] strides;
    readonly bool contiguous;
    readonly nint address;
    Tensor? tensor;

    internal TensorAccessor(Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU)
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        this.tensor = tensor;
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        address = tensor.DataPointer;
    }

    public long Count => tensor is null ? 0 : tensor.NumberOfElements;

    public bool IsReadOnly => false;

    unsafe T* Data => (T*)address;

    /// <summary>One index reads the element at that place in row-major order; writing wants an index for every dimension.</summary>
    public unsafe T this[params long[] indices]
    {
        get => At(indices.Length == 1 ? Offset(indices[0]) : Offset(indices));
        set
        {
            Data[Offset(indices)] = value;
            GC.KeepAlive(tensor);
        }
    }

    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result.AsSpan());
        return result;
    }

    /// <summary>An array of as many dimensions as the tensor has; a tensor without dimensions becomes an array of one.</summary>
    public unsafe Array ToNDArray()
    {
        var flat = ToArray();
        if (shape.Length < 2)
            return flat;
        var result = Array.CreateInstance(typeof(T), shape);
        var handle = System.Runtime.InteropServices.GCHandle.Alloc(result, System.Runtime.InteropServices.GCHandleType.Pinned);
        try
        {
            flat.AsSpan().CopyTo(new Span<T>((void*)handle.AddrOfPinnedObject(), flat.Length));
        }
        finally
        {
            handle.Free();
        }
        return result;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public unsafe void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var room = array.Length > arrayIndex ? array[arrayIndex..] : [];
        if (contiguous)
        {
            var available = Math.Max(0, Count - tensorIndex);
            var taken = (int)Math.Min(available, room.Length);
            new ReadOnlySpan<T>(Data + tensorIndex, taken).CopyTo(room);
            GC.KeepAlive(tensor);
            return;
        }
        var target = 0;
        foreach (var offset in Offsets(tensorIndex, room.Length))
            room[target++] = Data[offset];
        GC.KeepAlive(tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    public unsafe void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var given = array.Length > arrayIndex ? array[arrayIndex..] : [];
        if (contiguous)
        {
            var available = Math.Max(0, Count - tensorIndex);
            var taken = (int)Math.Min(available, given.Length);
            given[..taken].CopyTo(new Span<T>(Data + tensorIndex, taken));
            GC.KeepAlive(tensor);
            return;
        }
        var source = 0;
        foreach (var offset in Offsets(tensorIndex, given.Length))
            Data[offset] = given[source++];
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        foreach (var offset in Offsets(0, long.MaxValue))
            yield return At(offset);
        GC.KeepAlive(tensor);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override bool Equals(object? obj)
    {
        if (obj is not TensorAccessor<T> other || Count != other.Count || !shape.AsSpan().SequenceEqual(other.shape))
            return false;
        return ToArray().AsSpan().SequenceEqual(other.ToArray());
    }

    public override int GetHashCode() => base.GetHashCode();

    public static bool operator ==(TensorAccessor<T>? left, TensorAccessor<T>? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(TensorAccessor<T>? left, TensorAccessor<T>? right) => !(left == right);

    public void Dispose() => tensor = null;

    internal static unsafe T ReadItemAt(Tensor tensor, long index)
    {
        if (tensor.device_type != DeviceType.CPU)
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        tensor.ValidateType(typeof(T));
        using var accessor = new TensorAccessor<T>(tensor);
        return accessor[index];
    }

    unsafe T At(long offset)
    {
        var value = Data[offset];
        GC.KeepAlive(tensor);
        return value;
    }

    // One index counts elements in row-major order, several are one per dimension.
    long Offset(long index)
    {
        if (index >= Count)
            throw new IndexOutOfRangeException();
        return contiguous ? index : OffsetOf(index);
    }

    long Offset(long[] indices)
    {
        var offset = 0L;
        for (var k = shape.Length - 1; k >= 0; k--)
        {
            if (indices[k] < 0 || indices[k] >= shape[k])
                throw new IndexOutOfRangeException($"Index {indices[k]} in dimension {k}, which has {shape[k]} elements.");
            offset += indices[k] * strides[k];
        }
        return offset;
    }

    long OffsetOf(long index)
    {
        var offset = 0L;
        for (var k = shape.Length - 1; k >= 0; k--)
        {
            (index, var here) = Math.DivRem(index, shape[k]);
            offset += here * strides[k];
        }
        return offset;
    }

    // The memory offsets of the elements from number `first` on, in row-major order.
    IEnumerable<long> Offsets(long first, long most)
    {
        var left = Math.Min(most, Count - first);
        if (left <= 0)
            yield break;
        var at = new long[shape.Length];
        for (int k = shape.Length - 1; k >= 0; k--)
            (first, at[k]) = Math.DivRem(first, shape[k]);
        var offset = 0L;
        for (var k = 0; k < at.Length; k++)
            offset += at[k] * strides[k];
        while (true)
        {
            yield return offset;
            if (--left == 0)
                yield break;
            for (var k = shape.Length - 1; k >= 0; k--)
            {
                offset += strides[k];
                if (++at[k] < shape[k])
                    break;
                offset -= strides[k] * shape[k];
                at[k] = 0;
            }
        }
    }
}
