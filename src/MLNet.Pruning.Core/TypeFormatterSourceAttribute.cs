namespace MLNet.Pruning;

/// <summary>
/// Names what formats values of a type in a notebook. Polyglot Notebooks (.NET Interactive) looks for an attribute of this name and for the
/// members of the source and of its formatters by reflection, so that a library needs no reference to it.
/// </summary>
/// <remarks>
/// The source is named by text, as a <see cref="System.ComponentModel.TypeConverterAttribute"/> names a converter, because reports stand
/// above the types that they show. If the program lacks the assembly of the source, the notebook formats a value in its own way.
/// </remarks>
/// <param name="source">The source's type with its assembly.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
sealed class TypeFormatterSourceAttribute(string source) : Attribute
{
    /// <summary>What shows values of Core, if the program has it.</summary>
    internal const string Reporting = "MLNet.Pruning.Reporting.Notebooks.ReportFormatters, MLNet.Pruning.Reporting";

    /// <summary>The source; null if the program does not have it. The notebook reads it.</summary>
    public Type? FormatterSourceType => Type.GetType(source, throwOnError: false);
}

/// <summary>Shows values of a type as HTML in a notebook, which calls these members by their names.</summary>
/// <typeparam name="T">The type.</typeparam>
/// <param name="html">Makes a piece of HTML that needs no styles from elsewhere.</param>
sealed class HtmlFormatter<T>(Func<T, string> html)
{
    /// <summary>What it writes.</summary>
    public string MimeType => "text/html";

    /// <summary>What it is for.</summary>
    public Type Type => typeof(T);

    /// <summary>Writes a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="writer">Where to.</param>
    /// <returns>Whether it is of the type, and was written.</returns>
    public bool Format(object value, TextWriter writer)
    {
        if (value is not T shown)
            return false;
        writer.Write(html(shown));
        return true;
    }
}
