#!/usr/bin/env bash
# Uses the packages as a user does, in a folder outside of the repository: a program trains, another one scores without LibTorch, the notebooks
# run, and the tool is installed and used. ./test.sh --all calls it; alone: ./build.sh pack && test/packages/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
fail() { echo "error: $*"; exit 1; }
step() { echo "--- $*"; "$@" </dev/null; }
value() { sed -nE "s/.*<$1>(.*)<\/$1>.*/\1/p" "$root/$2"; }
export PruningVersion LibTorchVersion InteractiveVersion LibTorchPackage=libtorch-cpu-linux-x64
PruningVersion=$(value Version Directory.Build.props)
LibTorchVersion=$(value LibTorchVersion Directory.Packages.props)
InteractiveVersion=$(sed -nE 's/.*Include="Microsoft.DotNet.Interactive.CSharp" Version="([^"]*)".*/\1/p' "$root/Directory.Packages.props")
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || { echo "SKIPPED: this check is made for Linux on x64."; exit 0; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/train" "$here/score" "$here/notebook" "$work"
# NuGet takes a version that it has from its folder, so the packages under test get an empty one. Others may come from the usual folder.
usual=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export NUGET_PACKAGES=$work/packages
[ ! -d "$usual/mlnet.pruning.plans" ] || fail "$usual/mlnet.pruning.plans would be used instead of what was packed; remove $usual/mlnet.pruning.*"
cat >"$work/nuget.config" <<XML
<configuration>
  <packageSources><add key="packed" value="$root/artifacts/packages" /></packageSources>
  <fallbackPackageFolders><add key="usual" value="$usual" /></fallbackPackageFolders>
</configuration>
XML
cd "$work/train"
step dotnet build -c Release -nologo -v q -o "$work/bin/train"
step dotnet "$work/bin/train/train.dll"
cd "$work/score"
step dotnet build -c Release -nologo -v q -o "$work/bin/score"
step dotnet "$work/bin/score/score.dll" "$work/train/model.zip" "$work/train/scores.txt"

cd "$work/notebook"
step dotnet build -c Release -nologo -v q -o "$work/bin/notebook"
for notebook in "$root"/samples/notebooks/*.ipynb; do
    NUGET_FALLBACK_PACKAGES=$usual step dotnet "$work/bin/notebook/notebook.dll" \
        "$notebook" "$root/artifacts/packages" "$LibTorchPackage, $LibTorchVersion"
done

# What each package brings along, and what it says of itself.
dependencies() {
    sed -nE 's/.*<dependency id="([^"]*)" version="([^"]*)".*/\1 \2/p' "$NUGET_PACKAGES/mlnet.pruning$1/$PruningVersion/"*.nuspec | tr '\n' ';'
}
[ -z "$(dependencies .plans)" ] || fail "Plans depends on $(dependencies .plans)"
[[ $(dependencies .scoring) != *[Tt]orch* ]] || fail "Scoring depends on $(dependencies .scoring)"
[[ $(dependencies .core) == "MLNet.Pruning.Plans [$PruningVersion];TorchSharp "* ]] || fail "Core depends on $(dependencies .core)"
for package in "$NUGET_PACKAGES"/mlnet.pruning*/; do
    ! grep -iq 'dependency id="libtorch' "$package$PruningVersion"/*.nuspec || fail "$package brings LibTorch"
    for file in README.md icon.png "lib/net10.0/*.dll" "lib/net10.0/*.xml"; do
        compgen -G "$package$PruningVersion/$file" >/dev/null || fail "$package has no $file"
    done
done

mkdir "$work/empty"
cd "$work/empty"
step dotnet tool install mlprune --version "$PruningVersion" --tool-path "$work/tool" --configfile "$work/nuget.config"
# The tool finds LibTorch in NuGet's folder.
NUGET_PACKAGES=$usual
for needless in "$work"/tool/.store/mlprune/*/mlprune/*/tools/*/any/runtimes/*/native/libtorch*; do
    [ ! -e "$needless" ] || fail "the tool's package has $needless"
done
step "$work/tool/mlprune" info
step "$work/tool/mlprune" inspect "$work/train/model.zip"
step "$work/tool/mlprune" new digits
step "$work/tool/mlprune" train recipe.yaml --set data.train.count=2000
test -s recipe/model.zip
step "$work/tool/mlprune" quickstart --train 2000 --test 500 --epochs 3

# Where there is neither LibTorch nor a feed, the error says what to do; a folder that has LibTorch does.
echo '<configuration><packageSources><clear /></packageSources><fallbackPackageFolders><clear /></fallbackPackageFolders></configuration>' \
    >nuget.config
NUGET_PACKAGES=$work/none
if step "$work/tool/mlprune" train recipe.yaml --fresh 2>error.txt; then
    fail "it trained without LibTorch"
fi
cat error.txt
grep -q "name its folder in MLPRUNE_LIBTORCH" error.txt
export MLPRUNE_LIBTORCH=$usual/$LibTorchPackage/$LibTorchVersion/runtimes/linux-x64/native
step "$work/tool/mlprune" train recipe.yaml --fresh --set data.train.count=2000
