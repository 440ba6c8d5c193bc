#!/usr/bin/env bash
# Measures what the README claims, each beside its peer in the same run, and prints ratios.
#   ./bench.sh                          all of it (about four minutes)
#   ./bench.sh ops|train|replicas|memory [COUNT]     one of them
#   ./bench.sh observe [COUNT] [NAMES]  what criteria of importance cost an epoch
#   ./bench.sh merge [COUNT]            token merging beside ToMe's way in PyTorch
#   ./bench.sh sparse [MS]             layers with weights off: dense, sparse, and PyTorch's own sparse product
#   ./bench.sh vit [COUNT]              a vision transformer in training, with and without merging, beside PyTorch's
#   ./bench.sh step [ROWS] [SIZES]      where the microseconds of a training step go
# MNIST=DIR names a folder with the MNIST files; without it (and without ../shared/data/mnist) noise of their shape is timed.
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
cd "$ROOT"
"$ROOT/build.sh"
bench=$ARTIFACTS/bin/MLNet.Pruning.Benchmarks/release/MLNet.Pruning.Benchmarks.dll
peers=test/MLNet.Pruning.Benchmarks/peers
if [ "$(uname -s)" = Linux ]; then
    packages "PyTorch, the peer" python3-torch python3-numpy || say "SKIPPED: what PyTorch is measured beside."
fi

# The C++ peer, on the same LibTorch as the bridge; not there on the NuGet stack.
ops_peer=
cached() { sed -n "s/^$1:[A-Z]*=//p" "$ARTIFACTS/native/CMakeCache.txt"; }
if [ -e "$ARTIFACTS/native/libpruning_torch.so" ]; then
    ops_peer=$ARTIFACTS/bench/ops
    if [ ! -e "$ops_peer" ] || is_stale "$ops_peer" $peers/ops.cpp "$ARTIFACTS/native/libpruning_torch.so"; then
        libraries=$(dirname "$(cached TORCH_CPU)")
        quietly "$ARTIFACTS/bench/ops.log" g++ -O2 -std=c++17 -I"$(cached TORCH_INCLUDE)" $peers/ops.cpp -o "$ops_peer" \
            -L"$libraries" -Wl,-rpath,"$libraries" -ltorch_cpu -lc10
    fi
fi

what=${1:-all}
[ $# -eq 0 ] || shift
case $what in
    all)
        for part in ops train replicas memory; do
            if [ $part = ops ]; then dotnet "$bench" ops "$ops_peer"; else dotnet "$bench" $part; fi
        done ;;
    ops) dotnet "$bench" ops "$ops_peer" ;;
    *) dotnet "$bench" "$what" "$@" ;;
esac
