#!/usr/bin/env bash
# usage: determinism.sh [--short [PROGRAM]] [CASE...]
# The determinism matrix (scripts/determinism.py): one sha256 a trace over instruction sets, threads, parts of the input
# and locales, and one of a sweep on one and two ranks. Without --short also over gcc and clang, each with -O0, -O2 and
# -O3, which are built in build/determinism-*: hours of processor time. --short takes PROGRAM, by default that of the
# release build.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=/usr/bin/python3

if [[ ${1:-} == --short ]]; then
  exec "$python" "$root/scripts/determinism.py" --short --witin-sim "${2:-$root/build/release/cli/witin-sim}" "${@:3}"
fi

programs=()
for compiler in g++ clang++; do
  for level in 0 2 3; do
    folder=$root/build/determinism-$compiler-O$level
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER=$compiler -DCMAKE_BUILD_TYPE=None \
      -DWITIN_WERROR=ON -DCMAKE_CXX_FLAGS="-O$level -DNDEBUG" >/dev/null
    cmake --build "$folder" --target witin-sim >/dev/null
    programs+=(--witin-sim "$folder/cli/witin-sim")
  done
done
exec "$python" "$root/scripts/determinism.py" "${programs[@]}" "$@"
