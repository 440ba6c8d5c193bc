#!/usr/bin/env bash
# Builds everything. TORCH=cuda ./build.sh takes LibTorch's CUDA bundle, where the package feed has it.
#   ./build.sh         builds
#   ./build.sh pack    builds the packages too: artifacts/packages
#   ./build.sh docs    builds the documentation site too: artifacts/docs
#   ./build.sh api     writes down the public API as it is now: src/*/PublicAPI.Unshipped.txt
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
cd "$ROOT"
need_dotnet

# Every symbol that the shipped API lacks, and every shipped one that is gone, as the compiler's analyzer names them.
api() {
    local log=$ARTIFACTS/api.log file entries
    for file in src/*/PublicAPI.Unshipped.txt; do
        echo '#nullable enable' >"$file"
    done
    quietly "$log" dotnet build build/packages.slnf -c Release -nologo -v q -p:TreatWarningsAsErrors=false
    for file in src/*/PublicAPI.Unshipped.txt; do
        entries=$(grep -F "[$PWD/$(dirname "$file")/" "$log" || true)
        {
            echo '#nullable enable'
            sed -nE "s/.*warning RS0017: Symbol '(.*)' is part of the declared.*/*REMOVED*\1/p; s/.*warning RS0016: Symbol '(.*)' is not part of.*/\1/p" \
                <<<"$entries" | LC_ALL=C sort -u
        } >"$file"
        say "$file: $(($(wc -l <"$file") - 1)) since the last release"
    done
}

case "${1:-}" in
    "") build MLNet.Pruning.sln ;;
    pack)
        rm -rf "$ARTIFACTS/packages"
        quietly "$ARTIFACTS/pack.log" dotnet pack build/packages.slnf -c Release -nologo -v q
        ls -l "$ARTIFACTS/packages" | awk 'NF > 8 { printf "%9d  %s\n", $5, $9 }'
        ;;
    docs)
        quietly "$ARTIFACTS/build.log" dotnet build build/packages.slnf -c Release -nologo -v q
        quietly "$ARTIFACTS/docs.log" dotnet tool restore
        rm -rf "$ARTIFACTS/docs" "$ARTIFACTS/docfx-api"
        quietly "$ARTIFACTS/docs.log" dotnet docfx docfx.json --warningsAsErrors
        say "$ARTIFACTS/docs/index.html, to be served: dotnet docfx serve artifacts/docs"
        ;;
    api) api ;;
    *) die "'$1' is not known: it can be pack, docs or api, or nothing." ;;
esac
