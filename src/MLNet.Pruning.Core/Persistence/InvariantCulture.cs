using System.Globalization;

namespace MLNet.Pruning.Persistence;

/// <summary>Makes texts that are stored the same everywhere, also those of users' own types, until it is disposed of.</summary>
sealed class InvariantCulture : IDisposable
{
    readonly CultureInfo before = CultureInfo.CurrentCulture;

    public InvariantCulture() => CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

    public void Dispose() => CultureInfo.CurrentCulture = before;
}
