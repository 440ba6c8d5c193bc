#!/usr/bin/env bash
# Measures what the README claims, each beside its peer in the same run, and prints ratios.
#   ./bench.sh                          all of it (about four minutes)
#   ./bench.sh train|replicas|memory [COUNT]     one of them
#   ./bench.sh observe [COUNT] [NAMES]  what criteria of importance cost an epoch
#   ./bench.sh merge [COUNT]            token merging beside ToMe's way in PyTorch
#   ./bench.sh sparse [MS]             layers with weights off: dense, sparse, and PyTorch's own sparse product
#   ./bench.sh threads [MS]             scoring on one of LibTorch's threads and on all
#   ./bench.sh vit [COUNT]              a vision transformer in training, with and without merging, beside PyTorch's
#   ./bench.sh step [ROWS] [SIZES]      where the microseconds of a training step go
# MNIST=DIR names a folder with the MNIST files; without it (and without ../shared/data/mnist) noise of their shape is timed.
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
cd "$ROOT"
need_dotnet
build test/MLNet.Pruning.Benchmarks
bench=$ARTIFACTS/bin/MLNet.Pruning.Benchmarks/release/MLNet.Pruning.Benchmarks.dll
peers=test/MLNet.Pruning.Benchmarks/peers
if [ "$(uname -s)" = Linux ]; then
    packages "PyTorch, the peer" python3-torch python3-numpy || say "SKIPPED: what PyTorch is measured beside."
fi

what=${1:-all}
[ $# -eq 0 ] || shift
case $what in
    all)
        for part in train replicas memory; do
            dotnet "$bench" $part
        done ;;
    *) dotnet "$bench" "$what" "$@" ;;
esac
