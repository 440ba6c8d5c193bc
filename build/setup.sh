# Shared by build.sh, quickstart.sh, test.sh and bench.sh: what a bare machine needs, and how it is said.
# shellcheck shell=bash
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ARTIFACTS=$ROOT/artifacts
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# The SDK itself ends without ICU, which a bare system lacks and nothing here needs.
[ "$(uname -s)" != Linux ] || ldconfig -p 2>/dev/null | grep -q libicuuc || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# packages WHY PACKAGE...: installs the Debian packages that are missing, saying which and why.
packages() {
    local why=$1 missing=() name
    shift
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { say "missing: ${missing[*]} ($why). Neither root nor sudo is here to install them: apt-get install ${missing[*]}"; return 1; }
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}: $why."
    local log=$ARTIFACTS/apt.log
    mkdir -p "$ARTIFACTS"
    if ! { DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}" ||
        { "${as_root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; }; } >"$log" 2>&1 </dev/null; then
        say "cannot install ${missing[*]}: $(grep -m1 '^E: ' "$log" || tail -n1 "$log") (the whole story: $log)"
        return 1
    fi
}

# quietly LOG COMMAND...: runs it silently; on failure shows what went wrong and stops.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        { grep -E '(error|Error) ?[A-Z]*[0-9]*:|CMake Error|FAILED|fatal error' "$log" | sort -u | head -n 20 || true; } >&2
        die "'$*' failed; the whole story: $log"
    fi
}

need_dotnet() {
    local where=https://dotnet.microsoft.com/download/dotnet/10.0
    command -v dotnet >/dev/null || die "no dotnet on the PATH. Install the .NET 10 SDK: $where"
    dotnet --version >/dev/null 2>&1 || die "this needs the .NET SDK 10.0.100 or later; $(dotnet --list-sdks | tail -n1 | cut -d' ' -f1 || echo none) is installed. $where"
}

# build PROJECT: builds it, with all that it references.
build() {
    [ -d "$ARTIFACTS/bin" ] || say "Building (the first time, packages of 200 MB are fetched as well)."
    (cd "$ROOT" && quietly "$ARTIFACTS/build.log" dotnet build "$1" -c Release -nologo -v q)
}
