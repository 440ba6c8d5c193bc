#!/usr/bin/env bash
# The main job, from nothing: build, then train, evaluate, save, load and predict.
#   ./quickstart.sh                       on Fashion-MNIST if Debian's dataset-fashion-mnist is installed, otherwise on drawn digits
#   ./quickstart.sh --mnist DIR           on the MNIST files in DIR
#   ./quickstart.sh --help                what else there is
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
need_dotnet
build src/MLNet.Pruning.Tool
# Results lie beside the build, wherever this is called from.
case " $* " in
    *" --output"*) ;;
    *) set -- "$@" --output "$ARTIFACTS/quickstart" ;;
esac
exec dotnet "$ARTIFACTS/bin/MLNet.Pruning.Tool/release/mlprune.dll" quickstart "$@"
