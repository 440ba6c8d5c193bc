#!/usr/bin/env bash
# Builds, checks formatting, runs the tests. The last line counts them.
#   ./test.sh           everything that is quick
#   ./test.sh --all     the slow ones too (long memory and training runs), and the packages as a user has them
#   ./test.sh NAME      only tests whose full name contains NAME
source "$(dirname "${BASH_SOURCE[0]}")/build/setup.sh"
cd "$ROOT"
need_dotnet
passed=0 failed=0 skipped=0
# What needs a CUDA device is left out, and said to be, where there is none.
device=
nvidia-smi -L 2>/dev/null | grep -q '^GPU' && device=cuda
filter='TestCategory!=Slow'
case "${1:-}" in
    --all) filter='TestCategory!=None' ;;
    "") ;;
    *) filter="FullyQualifiedName~$1" ;;
esac
[ -n "$device" ] || filter="$filter&TestCategory!=Cuda"

if command -v dpkg-query >/dev/null; then
    packages "PyTorch, which the numbers are compared with" python3-torch python3-numpy ||
        say "SKIPPED: comparisons with PyTorch will not run (see above)."
    packages "ONNX, whose checker reads exported files" python3-onnx ||
        say "SKIPPED: the checker of ONNX files will not run (see above)."
    packages "Pillow, which pictures are compared with" python3-pil ||
        say "SKIPPED: comparisons with Pillow will not run (see above)."
fi
command -v "${CHROMIUM:-chromium}" chromium-browser google-chrome >/dev/null ||
    say "SKIPPED: pages will not be opened in a browser: there is no chromium (300 MB; apt-get install chromium)."
build MLNet.Pruning.sln

log=$ARTIFACTS/checks/formatting.log
mkdir -p "$(dirname "$log")"
if dotnet format whitespace --folder --verify-no-changes . --include src/ samples/ test/ >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
    say "ok       formatting"
else
    failed=$((failed + 1))
    say "FAILED   formatting"
    tail -n 30 "$log" >&2
fi
if [ "${1:-}" = --all ]; then
    log=$ARTIFACTS/checks/packages.log
    if { ./build.sh pack && test/packages/check.sh; } >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        say "ok       packages"
    else
        failed=$((failed + 1))
        say "FAILED   packages: $log"
        tail -n 30 "$log" >&2
    fi
fi
if [ -z "$device" ]; then
    skipped=$((skipped + 1))
    say "SKIPPED  tests on a CUDA device: there is none here"
fi

# What tests and the programs that they start leave behind goes with the folder, as nothing else is in it.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# One process an assembly. The exit status counts too: a host that crashed still prints a line of passed tests.
status=0
assemblies=()
for project in test/*/*.Tests.csproj; do
    name=$(basename "$project" .csproj)
    assemblies+=("artifacts/bin/$name/release/$name.dll")
done
log=$ARTIFACTS/checks/tests.log
dotnet test "${assemblies[@]}" --settings test/tests.runsettings --logger "console;verbosity=minimal" --filter "$filter" </dev/null 2>&1 |
    tee "$log" | { grep -vE '^(VSTest version|Starting test execution|A total of|Test run for|No test matches|Results File|\s*$)' >&2 || true; } ||
    status=${PIPESTATUS[0]}
ran=0
while read -r f p s; do
    failed=$((failed + f)) passed=$((passed + p)) skipped=$((skipped + s)) ran=$((ran + 1))
done < <(sed -nE 's/.*Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+), Total.*/\1 \2 \3/p' "$log")
if grep -qE 'test run was aborted|^Test Run Aborted' "$log"; then
    failed=$((failed + 1))
    say "FAILED   a test process crashed, and the tests after that did not run: $log"
elif [ "$status" != 0 ] && ! grep -q '^Failed!' "$log"; then
    failed=$((failed + 1))
    say "FAILED   the test run itself (exit $status): $log"
elif [ "$ran" = 0 ]; then
    failed=$((failed + 1))
    say "FAILED   no test has '${1:-}' in its full name."
elif [[ $filter != FullyQualifiedName* ]] && [ "$ran" -lt "${#assemblies[@]}" ]; then
    failed=$((failed + ${#assemblies[@]} - ran))
    say "FAILED   only $ran of ${#assemblies[@]} test assemblies ran to the end: $log"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
