using System.CommandLine;
using MLNet.Pruning.Tool.Commands;

var root = new RootCommand("Train-time pruning for ML.NET: trains models that get smaller while they learn.")
{
    InfoCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
