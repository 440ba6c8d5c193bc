#!/usr/bin/env bash
# Builds everything. TORCH=cuda ./build.sh takes LibTorch's CUDA bundle, where the package feed has it.
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
need_dotnet
build MLNet.Pruning.sln
