using System.Collections;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The extents of a tensor.</summary>
    public struct Size : IEnumerable<long>
    {
        public static Size Empty = new(Array.Empty<long>());

        readonly long[] extents;

        public Size(long[] shape) => extents = (long[])shape.Clone();
        public Size(IEnumerable<long> shape) => extents = shape.ToArray();
        public Size(int[] shape) => extents = Array.ConvertAll(shape, i => (long)i);
        public Size(long size) => extents = [size];
        public Size((long, long) size) => extents = [size.Item1, size.Item2];
        public Size((long, long, long) size) => extents = [size.Item1, size.Item2, size.Item3];
        public Size((long, long, long, long) size) => extents = [size.Item1, size.Item2, size.Item3, size.Item4];
        public Size((long, long, long, long, long) size) => extents = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5];
        public Size((long, long, long, long, long, long) size) => extents = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5, size.Item6];
        public Size(int size) => extents = [size];
        public Size((int, int) size) => extents = [size.Item1, size.Item2];
        public Size((int, int, int) size) => extents = [size.Item1, size.Item2, size.Item3];
        public Size((int, int, int, int) size) => extents = [size.Item1, size.Item2, size.Item3, size.Item4];
        public Size((int, int, int, int, int) size) => extents = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5];
        public Size((int, int, int, int, int, int) size) => extents = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5, size.Item6];

        public static implicit operator Size(long size) => new(size);
        public static implicit operator Size((long, long) size) => new(size);
        public static implicit operator Size((long, long, long) size) => new(size);
        public static implicit operator Size((long, long, long, long) size) => new(size);
        public static implicit operator Size((long, long, long, long, long) size) => new(size);
        public static implicit operator Size((long, long, long, long, long, long) size) => new(size);
        public static implicit operator Size(long[] size) => new(size);

        public readonly bool IsEmpty => extents.Length == 0;

        public readonly bool IsScalar => IsEmpty;

        public readonly int Length => extents.Length;

        public readonly long[] Shape => extents;

        public readonly long this[int idx] => extents[idx];

        public readonly long this[long idx] => extents[idx];

        public static Size operator +(Size left, Size right) => new([.. left.extents, .. right.extents]);

        public static Size operator +(Size left, IEnumerable<long> right) => new([.. left.extents, .. right]);

        // As in TorchSharp, two sizes are equal when they share one array.
        public static bool operator ==(Size left, Size right) => ReferenceEquals(left.extents, right.extents);

        public static bool operator !=(Size left, Size right) => !(left == right);

        public readonly long numel() => extents.Aggregate(1L, (product, extent) => product * extent);

        public readonly IEnumerable<long> Take(int i) => extents.Take(i);

        public readonly Size Slice(int first, int next)
        {
            next = next < 0 ? extents.Length + next : next;
            first = first < 0 ? extents.Length + first : first;
            if (next <= first)
                return Empty;
            return first == 0 && next == extents.Length ? this : new Size(extents.Skip(first).Take(next - first));
        }

        public readonly IEnumerator<long> GetEnumerator() => extents.AsEnumerable().GetEnumerator();

        readonly IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override readonly bool Equals(object? obj) => obj is Size other && this == other;

        public override readonly int GetHashCode() => extents.GetHashCode();
    }
}
