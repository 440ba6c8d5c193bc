using MLNet.Pruning.Recipes;

namespace Microsoft.ML;

/// <summary>Recipes for <see cref="MLContext"/>.</summary>
public static class RecipeExtensions
{
    /// <param name="mlContext">The context; its own seed counts, not the recipe's.</param>
    extension(MLContext mlContext)
    {
        /// <summary>Reads a recipe, opens its data, and makes its pipeline.</summary>
        /// <param name="file">The YAML or JSON file. Paths in it are relative to its folder.</param>
        /// <param name="settings">Values in place of those of the file, such as <c>trainer.epochs=20</c>.</param>
        /// <exception cref="RecipeException">The recipe says something that cannot be done; the message says where.</exception>
        public RecipePipeline LoadRecipe(string file, params IEnumerable<string> settings) => Recipe.Load(file, settings).Build(mlContext);
    }
}
