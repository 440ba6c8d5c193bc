using MLNet.Pruning.Native;

namespace MLNet.Pruning.Tests.Native;

[TestClass]
public sealed class LoosenedLibraryTests
{
    const string Symbol = "_ZSt21ios_base_library_initv", Older = "_ZNSt8ios_base4InitC1Ev";

    static readonly (string, (string, ushort)[])[] Needs =
    [
        ("libc.so.6", [("GLIBC_2.14", 2), ("GLIBC_2.2.5", 3)]),
        ("libstdc++.so.6", [("GLIBCXX_3.4.32", 4), ("GLIBCXX_3.4", 5), ("CXXABI_1.3", 6)]),
    ];

    static readonly (string, ushort)[] Symbols = [("", 0), ("memcpy", 2), (Symbol, 4), ("_ZNSo3putEc", 5), ("THSTensor_add", 1)];

    [TestMethod]
    public void Its_only_edits_are_the_weak_flag_the_symbols_name_and_its_version()
    {
        var file = SmallElf.With(Symbols, Needs);
        var expected = (byte[])file.Clone();
        // Symbols of 24 bytes, then versions of 2, then for each library 16 bytes and 16 for each of its versions.
        const int Versions = 64 + (5 * 24), Need = Versions + (5 * 2), Libstdcpp = Need + 48;
        expected[Versions + 4] = 5;
        expected[Libstdcpp + 16 + 4] = 2;
        System.Text.Encoding.ASCII.GetBytes(Older + '\0').CopyTo(expected, SmallElf.Find(file, Symbol));
        LoosenedLibrary.Loosen(file);
        CollectionAssert.AreEqual(expected, file);
    }

    [TestMethod]
    public void A_file_that_does_not_need_the_version_is_refused_and_left_as_it_was() => Refused(
        SmallElf.With(Symbols, [("libstdc++.so.6", [("GLIBCXX_3.4.30", 4), ("GLIBCXX_3.4", 5)])]), "It does not need GLIBCXX_3.4.32 and GLIBCXX_3.4 of libstdc++.so.6.");

    [TestMethod]
    public void A_version_of_another_library_does_not_count() => Refused(
        SmallElf.With(Symbols, [("libother.so.6", [("GLIBCXX_3.4.32", 4), ("GLIBCXX_3.4", 5)])]), "It does not need GLIBCXX_3.4.32 and GLIBCXX_3.4 of libstdc++.so.6.");

    [TestMethod]
    public void A_second_symbol_of_the_version_is_refused() => Refused(
        SmallElf.With([.. Symbols, ("_ZSt9somethingv", 4)], Needs), "More than _ZSt21ios_base_library_initv is of version GLIBCXX_3.4.32.");

    [TestMethod]
    public void Another_symbol_of_the_version_is_refused() => Refused(
        SmallElf.With([("", 0), ("_ZSt9somethingv", 4)], Needs), "More than _ZSt21ios_base_library_initv is of version GLIBCXX_3.4.32.");

    [TestMethod]
    public void A_version_that_nothing_is_of_is_refused() => Refused(SmallElf.With([("", 0), ("memcpy", 2)], Needs), "Nothing in it is of version GLIBCXX_3.4.32.");

    [TestMethod]
    public void What_is_no_ELF_file_is_refused()
    {
        Refused(new byte[1000], "It is not a 64-bit little-endian ELF file.");
        Refused([], "It is not a 64-bit little-endian ELF file.");
    }

    [TestMethod]
    public void A_file_cut_short_or_damaged_anywhere_is_refused_or_edited_but_never_read_beyond()
    {
        var whole = SmallElf.With(Symbols, Needs);
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = whole[..length];
            Assert.ThrowsExactly<InvalidDataException>(() => LoosenedLibrary.Loosen(cut), $"{length} bytes");
        }
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = (byte[])whole.Clone();
            for (var j = random.Next(1, 5); j > 0; j--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                LoosenedLibrary.Loosen(damaged);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    static void Refused(byte[] file, string message)
    {
        var before = (byte[])file.Clone();
        Assert.AreEqual(message, Assert.ThrowsExactly<InvalidDataException>(() => LoosenedLibrary.Loosen(file)).Message);
        CollectionAssert.AreEqual(before, file);
    }
}
