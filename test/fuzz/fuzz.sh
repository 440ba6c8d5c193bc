#!/usr/bin/env bash
# Fuzzes a reader of files with AFL++: files are changed so that they reach new branches of the reader.
#   test/fuzz/fuzz.sh             lists the readers
#   test/fuzz/fuzz.sh READER [MINUTES]
# A crash is a process that died, an exception other than the promised one, or more memory than the file justifies; a hang takes over a second.
# The last line counts them. Files that broke a promise lie in artifacts/fuzz/READER.
source "$(dirname "${BASH_SOURCE[0]}")/../../build/setup.sh"
need_dotnet
export OMP_NUM_THREADS=1
project=MLNet.Pruning.Fuzz
built=$ARTIFACTS/bin/$project/release fuzz=$ARTIFACTS/fuzz
build "test/$project/$project.csproj"
[ $# -gt 0 ] || { dotnet "$built/$project.dll" readers; exit; }
reader=$1 minutes=${2:-5}
dotnet "$built/$project.dll" readers | grep -qx "$reader" || die "there is no reader '$reader'; without arguments this lists them"
packages "AFL++, which makes the files" afl++ || exit 1

# A copy of the program, as links, in which the libraries of this repository count branches.
instrumented=("MLNet.Pruning.dll" "MLNet.Pruning.Core.dll" "MLNet.Pruning.Plans.dll" "MLNet.Pruning.Scoring.dll" "MLNet.Pruning.Comparators.dll" "MLNet.Pruning.Recipes.dll" "YamlDotNet.dll")
(
    flock 9
    if [ ! -e "$fuzz/bin/.done" ] || [ -n "$(find "$built" -name 'MLNet.Pruning*.dll' -newer "$fuzz/bin/.done")" ]; then
        rm -rf "$fuzz/bin"
        mkdir -p "$fuzz"
        cp -al "$built" "$fuzz/bin"
        for name in "${instrumented[@]}"; do
            cp --remove-destination "$built/$name" "$fuzz/bin/$name"
        done
        (cd "$fuzz/bin" && quietly "$fuzz/instrument.log" dotnet "$built/$project.dll" instrument "${instrumented[@]}")
        touch "$fuzz/bin/.done"
    fi
) 9>"$ARTIFACTS/fuzz.lock"

# A first read compiles and loads LibTorch; a hang of over a second is checked again by `check`.
export AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_FORKSRV_INIT_TMOUT=120000 AFL_AUTORESUME=1
timeout $((minutes * 60 + 150)) afl-fuzz -i "$ROOT/test/fuzz/corpus/$reader" -o "$fuzz/$reader" -V $((minutes * 60)) -t 5000 -m none \
    -- dotnet "$fuzz/bin/$project.dll" run "$reader" >"$fuzz/$reader.log" 2>&1 </dev/null || { tail -n 20 "$fuzz/$reader.log" >&2; die "afl-fuzz failed: $fuzz/$reader.log"; }
found=("$fuzz/$reader"/default/crashes/id* "$fuzz/$reader"/default/hangs/id*)
[ -e "${found[0]}" ] || found=("${found[@]:1}")
[ ${#found[@]} -gt 0 ] && [ -e "${found[-1]}" ] && dotnet "$built/$project.dll" check "$reader" "${found[@]}" >&2
sed -nE 's/^(execs_done|execs_per_sec|run_time|saved_crashes|saved_hangs|corpus_count|edges_found) *: *(.*)/\1 \2/p' "$fuzz/$reader/default/fuzzer_stats" |
    paste -sd' ' | sed "s/^/$reader: /"
