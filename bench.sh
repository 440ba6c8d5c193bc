#!/usr/bin/env bash
# Measures what the README claims, each beside its peer in the same run, and prints ratios.
#   ./bench.sh          training, observing, replicas and memory (about ten minutes)
#   ./bench.sh PART     one part; ./bench.sh help lists all of them and what else they take
# MNIST=DIR names a folder with the MNIST files; without it (and without ../shared/data/mnist) noise of their shape is timed.
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
cd "$ROOT"
need_dotnet
build test/MLNet.Pruning.Benchmarks
if [ "$(uname -s)" = Linux ]; then
    packages "PyTorch, the peer" python3-torch python3-numpy || say "SKIPPED: what PyTorch is measured beside."
    case "${1:-}" in
        score | check | modules | kernels) packages "the peer's models" python3-onnx python3-numpy || say "SKIPPED: what ONNX Runtime is measured beside." ;;
    esac
fi
exec dotnet "$ARTIFACTS/bin/MLNet.Pruning.Benchmarks/release/MLNet.Pruning.Benchmarks.dll" "$@"
