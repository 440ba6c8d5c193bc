#!/usr/bin/env bash
# Builds everything. Picks the stack once and remembers it:
#   ./build.sh                     the NuGet packages if the feed has them, the offline stack otherwise
#   STACK=NuGet|Offline ./build.sh that one
#   TORCH=cpu|cuda ./build.sh      which TorchSharp bundle, on the NuGet stack; remembered too
#   NEWER=1 STACK=NuGet ./build.sh the next newer packages where the feed lacks those that were tested with; remembered, NEWER= goes back
#   LIBTORCH=DIR ./build.sh        the offline stack on the LibTorch in DIR (CUDA builds included); LIBTORCH= goes back to the system's
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
cd "$ROOT"

command -v dotnet >/dev/null || die "no dotnet on the PATH. Install the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0"
dotnet --version >/dev/null 2>&1 || die "this needs the .NET SDK 10.0.100 or later; $(dotnet --list-sdks | tail -n1 | cut -d' ' -f1 || echo none) is installed. https://dotnet.microsoft.com/download/dotnet/10.0"

PROBE_LOG=$ARTIFACTS/probe.log
choice=$ARTIFACTS/stack.props
mkdir -p "$ARTIFACTS"

# macOS has no timeout of its own.
patiently() {
    if command -v timeout >/dev/null; then timeout 300 "$@"; else "$@"; fi
}

feed_has_packages() {
    patiently dotnet restore build/probe/probe.csproj -p:Stack=NuGet -p:Torch="$torch" -p:Newer="$newer" -p:Exactly="$([ -n "$newer" ] || echo true)" -nologo -v q >"$PROBE_LOG" 2>&1 </dev/null
}

missing_packages() {
    local names
    names=$(grep -oE "NU110[1-3]: Unable to find (a stable )?package '?[A-Za-z0-9.-]+" "$PROBE_LOG" | grep -oE "[A-Za-z0-9.-]+$" | sed 's/\.$//' | sort -u | paste -sd' ' -)
    if [ -n "$names" ]; then
        printf 'the package feed does not have %s' "${names// /, }"
    else
        printf 'the packages could not be restored: %s' "$(grep -oE 'error.*' "$PROBE_LOG" | head -n1 | sed 's/ \[.*//')"
    fi
}

remember() { sed -n "s:.*<$1>\(.*\)</$1>.*:\1:p" "$choice" 2>/dev/null || true; }
remembered=$(remember Stack)
torch=${TORCH:-$(remember Torch)}
torch=${torch:-cpu}
newer=$(remember Newer)
[ -z "${NEWER+set}" ] || { [ -n "$NEWER" ] && newer=true || newer=; }
[ "$torch" = cpu ] || [ "$torch" = cuda ] || die "TORCH is '$torch'; it can be cpu or cuda."
case "${STACK:-}" in
    "")
        stack=$remembered
        if [ -z "$stack" ]; then
            if [ "$(uname -s)" != Linux ] || feed_has_packages; then
                stack=NuGet
            else
                stack=Offline
                say "Using the offline stack: $(missing_packages). (STACK=NuGet ./build.sh insists on the packages.)"
            fi
        fi ;;
    NuGet)
        stack=NuGet
        { [ "$remembered" = NuGet ] && [ "$newer" = "$(remember Newer)" ]; } || feed_has_packages ||
            die "STACK=NuGet: $(missing_packages). Add a source that has them to your NuGet configuration (dotnet nuget add source URL), or use the offline stack: STACK=Offline ./build.sh" ;;
    Offline) stack=Offline ;;
    *) die "STACK is '$STACK'; it can be NuGet or Offline." ;;
esac

if [ "$stack" = Offline ]; then
    [ "$(uname -s)" = Linux ] || die "the offline stack runs on Linux; elsewhere use STACK=NuGet."
    # Whatever put the tools there; only what is missing is asked of the package manager.
    tools=()
    for tool in g++ cmake make; do
        command -v $tool >/dev/null || tools+=($tool)
    done
    [ ${#tools[@]} = 0 ] || packages "to build the bridge to LibTorch" "${tools[@]}" || exit 1
    native=$ARTIFACTS/native
    built_on=$(sed -n 's/^LIBTORCH:PATH=//p' "$native/CMakeCache.txt" 2>/dev/null || true)
    libtorch=${LIBTORCH-$built_on}
    if [ -n "$libtorch" ]; then
        [ -e "$libtorch/lib/libtorch_cpu.so" ] || die "LIBTORCH=$libtorch holds no lib/libtorch_cpu.so; it should be the folder of an unpacked LibTorch. (LIBTORCH= ./build.sh goes back to the system's.)"
        libtorch=$(cd "$libtorch" && pwd)
    else
        packages "LibTorch and a fast BLAS, which the offline stack computes with" libtorch-dev libopenblas0-pthread || exit 1
    fi
    [ "$libtorch" = "$built_on" ] || rm -rf "$native"
    if [ ! -e "$native/libpruning_torch.so" ] || is_stale "$native/libpruning_torch.so" src/Offline/LibTorch; then
        say "Building the bridge to LibTorch (about half a minute)."
        quietly "$ARTIFACTS/native.log" cmake -S src/Offline/LibTorch -B "$native" -DLIBTORCH="$libtorch"
        quietly "$ARTIFACTS/native.log" cmake --build "$native" -j "$(nproc)"
        touch "$native/libpruning_torch.so"
    fi
fi

text="<Project><PropertyGroup><Stack>$stack</Stack><Torch>$torch</Torch>${newer:+<Newer>true</Newer>}</PropertyGroup></Project>"
[ "$(cat "$choice" 2>/dev/null)" = "$text" ] || printf '%s\n' "$text" >"$choice"

stamp=$ARTIFACTS/built-$stack
if [ ! -d "$ARTIFACTS/bin" ] || is_stale "$stamp" src samples test build *.props *.targets *.sln nuget.config global.json .editorconfig "$choice" ${native:+"$native/libpruning_torch.so"}; then
    say "Building the solution on the $stack stack (a minute or two the first time)."
    rm -f "$ARTIFACTS"/built-*
    touch "$ARTIFACTS/building" # what changes while it builds is built next time
    quietly "$ARTIFACTS/build.log" dotnet build MLNet.Pruning.sln -c Release -nologo -v q
    mv "$ARTIFACTS/building" "$stamp"
fi
