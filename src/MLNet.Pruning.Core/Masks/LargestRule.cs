namespace MLNet.Pruning.Masks;

sealed record LargestRule : MaskRule
{
    internal override void Cut(in MaskCut cut) => TopScores.Keep(cut.Scores(), cut.Keep, cut.On);
}
