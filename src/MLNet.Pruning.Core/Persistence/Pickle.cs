using System.Buffers.Binary;
using System.Text;

namespace MLNet.Pruning.Persistence;

/// <summary>A class or function that a pickle names. It is only compared, never resolved.</summary>
sealed record PickledName(string Module, string Name);

/// <summary>A value that a pickle builds by a call.</summary>
sealed record PickledCall(object? Function, object?[] Arguments);

/// <summary>A reference to data outside a pickle.</summary>
sealed record PickledReference(object? Id);

/// <summary>
/// Reads the values of a Python pickle: numbers, texts, tuples, lists, dictionaries, and calls as records of what would have been called.
/// It loads no type and calls nothing, whatever the file says.
/// </summary>
sealed class Pickle
{
    const int MaximumDepth = 1 << 17;

    static readonly object Mark = new();

    readonly byte[] bytes;
    readonly GuardedStream? guard;
    readonly List<object?> stack = [];
    readonly List<object?> memo = [];
    int at;

    Pickle(byte[] bytes, GuardedStream? guard) => (this.bytes, this.guard) = (bytes, guard);

    /// <param name="bytes">The pickle.</param>
    /// <param name="guard">Refuses a file whose values take too much memory.</param>
    /// <exception cref="InvalidDataException">It is damaged, or contains something that files of tensors do not.</exception>
    public static object? Read(byte[] bytes, GuardedStream? guard = null)
    {
        try
        {
            return new Pickle(bytes, guard).Run();
        }
        catch (Exception failure) when (failure is ArgumentException or KeyNotFoundException or OverflowException)
        {
            throw new InvalidDataException($"the pickle is damaged: {failure.Message}", failure);
        }
    }

    object? Run()
    {
        while (true)
        {
            // A byte can make a dictionary.
            guard?.Check();
            byte operation = Take(1)[0];
            switch ((char)operation)
            {
                case '\x80': // protocol
                    if (Take(1)[0] > 5)
                        throw new InvalidDataException($"the pickle has protocol {bytes[at - 1]}, which is not known.");
                    break;
                case '\x95': // frame
                    Take(8);
                    break;
                case '.':
                    return Pop();
                case '(':
                    Push(Mark);
                    break;
                case '}':
                    Push(new Dictionary<object, object?>());
                    break;
                case ']':
                    Push(new List<object?>());
                    break;
                case ')':
                    Push(Array.Empty<object?>());
                    break;
                case 'N':
                    Push(null);
                    break;
                case '\x88':
                    Push(true);
                    break;
                case '\x89':
                    Push(false);
                    break;
                case 'K':
                    Push((long)Take(1)[0]);
                    break;
                case 'M':
                    Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case 'J':
                    Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case '\x8a':
                    Push(Long(Take(Take(1)[0])));
                    break;
                case 'G':
                    Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                    break;
                case 'X':
                    Push(Text(checked((int)BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
                    break;
                case '\x8c':
                    Push(Text(Take(1)[0]));
                    break;
                case 'c':
                    Push(new PickledName(Line(), Line()));
                    break;
                case '\x93':
                    string name = As<string>(Pop());
                    Push(new PickledName(As<string>(Pop()), name));
                    break;
                case 'q':
                    Remember(Take(1)[0]);
                    break;
                case 'r':
                    Remember(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case '\x94':
                    Remember(memo.Count);
                    break;
                case 'h':
                    Push(memo[Take(1)[0]]);
                    break;
                case 'j':
                    Push(memo[BinaryPrimitives.ReadInt32LittleEndian(Take(4))]);
                    break;
                case 't':
                    Push(ToMark());
                    break;
                case '\x85':
                    Push((object?[])[Pop()]);
                    break;
                case '\x86':
                    Push(Last(2));
                    break;
                case '\x87':
                    Push(Last(3));
                    break;
                case 'Q':
                    Push(new PickledReference(Pop()));
                    break;
                case 'R':
                    object?[] arguments = As<object?[]>(Pop());
                    object? function = Pop();
                    // An ordered dictionary begins empty and is filled like any other.
                    Push(function is PickledName("collections", "OrderedDict") && arguments.Length == 0
                        ? new Dictionary<object, object?>()
                        : new PickledCall(function, arguments));
                    break;
                case 'b':
                    Pop(); // the state of an object; that of a tensor does not matter
                    break;
                case 's':
                    object? value = Pop(), key = Pop();
                    Set(As<Dictionary<object, object?>>(stack[^1]), key, value);
                    break;
                case 'u':
                    object?[] items = ToMark();
                    var dictionary = As<Dictionary<object, object?>>(stack[^1]);
                    for (int i = 0; i + 1 < items.Length; i += 2)
                        Set(dictionary, items[i], items[i + 1]);
                    break;
                case 'a':
                    object? last = Pop();
                    Add(As<List<object?>>(stack[^1]), last);
                    break;
                case 'e':
                    object?[] more = ToMark();
                    foreach (object? item in more)
                        Add(As<List<object?>>(stack[^1]), item);
                    break;
                default:
                    throw new InvalidDataException($"the pickle has the operation 0x{operation:x2}, which no file of tensors has.");
            }
        }
    }

    /// <summary>Casts a value to the expected type.</summary>
    public static T As<T>(object? value) => value is T wanted ? wanted
        : throw new InvalidDataException($"it has {value?.GetType().Name ?? "nothing"} where {typeof(T).Name} is wanted.");

    /// <summary>
    /// A text. Any other key is never looked up, and is not compared: it may be nested without end, or chosen to collide.
    /// </summary>
    static object Key(object? key) => key as string ?? new object();

    /// <summary>Numbers the value on top of the stack. Picklers count from 0.</summary>
    void Remember(int number)
    {
        if (number == memo.Count)
            Add(memo, stack[^1]);
        else
            memo[number] = stack[^1];
    }

    // Lists and dictionaries double what they have.
    void Add(List<object?> list, object? value)
    {
        if (list.Count == list.Capacity)
            guard?.Check(2L * IntPtr.Size * list.Count);
        list.Add(value);
    }

    void Set(Dictionary<object, object?> dictionary, object? key, object? value)
    {
        if (dictionary.Count == dictionary.Capacity)
            guard?.Check(8L * IntPtr.Size * dictionary.Count);
        dictionary[Key(key)] = value;
    }

    void Push(object? value)
    {
        if (stack.Count >= MaximumDepth)
            throw new InvalidDataException("the pickle is nested too deeply.");
        Add(stack, value);
    }

    object? Pop()
    {
        object? last = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return last;
    }

    object?[] Last(int count)
    {
        object?[] values = [.. stack[^count..]];
        stack.RemoveRange(stack.Count - count, count);
        return values;
    }

    object?[] ToMark()
    {
        int mark = stack.LastIndexOf(Mark);
        if (mark < 0)
            throw new InvalidDataException("the pickle is damaged: it ends what it has not begun.");
        object?[] values = [.. stack[(mark + 1)..]];
        stack.RemoveRange(mark, stack.Count - mark);
        return values;
    }

    ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > bytes.Length - at)
            throw new InvalidDataException("the pickle is cut short.");
        at += count;
        return bytes.AsSpan(at - count, count);
    }

    string Text(int length) => Encoding.UTF8.GetString(Take(length));

    string Line()
    {
        int length = bytes.AsSpan(at).IndexOf((byte)'\n');
        string line = Text(length);
        at++;
        return line;
    }

    static object Long(ReadOnlySpan<byte> digits) =>
        digits.Length <= 8 ? (object)(long)new System.Numerics.BigInteger(digits) : new System.Numerics.BigInteger(digits);
}
