#!/usr/bin/env bash
# Fuzzes one target, or all of them, in the clang build with sanitizers. tests/fuzz/README.md says what each covers.
#
#   fuzz.sh TARGET SECONDS   runs, and keeps the smallest inputs that reach as much in BUILD/fuzz/minimised/TARGET
#   fuzz.sh all SECONDS      every target for so long, two at a time; prints a line a target
#
# Exit status 1 where anything was found: the input then lies in BUILD/fuzz/findings/TARGET. BUILD is build/asan, or the
# environment's WITIN_FUZZ_BUILD. New inputs are kept in BUILD/fuzz/inputs/TARGET from run to run.
set -euo pipefail
cd "$(dirname "$0")/.."
(($# == 2)) || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1 seconds=$2
build=${WITIN_FUZZ_BUILD:-build/asan}
targets=(package npy manifest trace mapper capture noise diff kernels)
[[ $target == all || " ${targets[*]} " == *" $target "* ]] || {
  echo "fuzz.sh: no target '$target': ${targets[*]}" >&2; exit 2
}

if ! grep -q '^WITIN_FUZZ:BOOL=ON' "$build/CMakeCache.txt" 2>/dev/null; then
  cmake --preset asan -B "$build" -DCMAKE_CXX_COMPILER=clang++ -DWITIN_FUZZ=ON -Wno-dev >/dev/null
fi
[[ $target == all ]] && programs=(fuzz) || programs=("fuzz_$target")
cmake --build "$build" --target "${programs[@]}"

# Targets of folders write them; memory is faster than a disk.
[[ -n ${TMPDIR:-} || ! -w /dev/shm ]] || export TMPDIR=/dev/shm
export ASAN_OPTIONS=abort_on_error=0:detect_leaks=1:quarantine_size_mb=64:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}

dictionary_of() {
  case $1 in
    package | manifest | noise) echo json ;;
    npy | trace) echo npy ;;
    mapper | capture | diff) echo text ;;
  esac
}

# Limits: an input may take 25 s (of a busy machine, sanitized) and 1 GB, 512 MB of them at once; what it freed counts
# only a little, so that inputs do not add up. The entropic schedule
# takes up to three quarters of the time for its own books on inputs that reach this much; without it more is reached.
fuzz() {
  local name=$1 work=$build/fuzz dictionary folders=()
  mkdir -p "$work/inputs/$name" "$work/findings/$name"
  dictionary=$(dictionary_of "$name")
  for folder in "tests/fuzz/corpus/$name" "tests/fuzz/regressions/$name"; do
    [[ ! -d $folder ]] || folders+=("$folder")
  done
  [[ $name != package ]] || folders+=(tests/hostile)
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=16384 -timeout=25 -rss_limit_mb=1024 \
    -malloc_limit_mb=512 -entropic=0 -print_funcs=0 -print_final_stats=1 -artifact_prefix="$work/findings/$name/" \
    ${dictionary:+-dict=tests/fuzz/dictionaries/$dictionary.dict} \
    "$work/inputs/$name" "${folders[@]}" >"$work/$name.log" 2>&1
}

# What a run did, from its log.
describe() {
  local log=$build/fuzz/$1.log
  awk -v target="$1" '
    /^#[0-9]+\t.*cov: / {
      for (i = 1; i < NF; ++i) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1) }
    }
    /^stat::number_of_executed_units/ { runs = $2 }
    /^stat::peak_rss_mb/ { peak = $2 }
    END { printf "%-9s %9d runs, coverage %6d, features %6d, %4d MB\n", target, runs, cov, ft, peak }' "$log"
}

finding() {
  echo "fuzz.sh: $1: found something:" >&2
  grep -aE 'finding: |ERROR: |runtime error: |SUMMARY: |Test unit written' "$build/fuzz/$1.log" >&2 ||
    tail -20 "$build/fuzz/$1.log" >&2
}

status=0
if [[ $target != all ]]; then
  fuzz "$target" || { finding "$target"; status=1; }
  describe "$target"
  minimised=$build/fuzz/minimised/$target
  rm -rf "$minimised" && mkdir -p "$minimised"
  "$build/tests/fuzz/fuzz_$target" -merge=1 -timeout=25 -rss_limit_mb=1024 "$minimised" "$build/fuzz/inputs/$target" \
    "tests/fuzz/corpus/$target" >"$build/fuzz/$target.merge.log" 2>&1 || status=1
  echo "$(find "$minimised" -type f | wc -l) inputs in $minimised"
  exit $status
fi

declare -A jobs=()
wait_for_one() {
  local pid
  wait -n -p pid "${!jobs[@]}" || { finding "${jobs[$pid]}"; status=1; }
  describe "${jobs[$pid]}"
  unset "jobs[$pid]"
}
for name in "${targets[@]}"; do
  ((${#jobs[@]} < 2)) || wait_for_one
  fuzz "$name" &
  jobs[$!]=$name
done
while ((${#jobs[@]} > 0)); do wait_for_one; done
exit $status
