#!/usr/bin/env bash
# usage: coverage.sh [FOLDER]
# gcovr's table of sim/package and sim/arith. Exit status 1 where a line is neither run by a test nor named with its
# reason in scripts/coverage.txt, and where a named line runs or is no longer there.
# Without FOLDER: builds in build/coverage (the release preset with WITIN_COVERAGE) and runs the tests of both folders.
# FOLDER: a tree configured with WITIN_COVERAGE=ON whose tests have run, of gcc or clang.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v gcovr >/dev/null || { echo "coverage.sh: install gcovr" >&2; exit 2; }

build=${1:-build/coverage}
if [ $# -eq 0 ]; then
  cmake --preset release -B "$build" -DWITIN_COVERAGE=ON -Wno-dev >/dev/null
  cmake --build "$build" --target witin_tests
  find "$build" -name '*.gcda' -delete
  "$build/tests/witin_tests" --source-file='*tests/package/*,*tests/arith/*' --no-version
fi

tool=gcov
if grep -q 'CMAKE_CXX_COMPILER:.*clang' "$build/CMakeCache.txt"; then tool="llvm-cov gcov"; fi
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
# A line of a braced list that only joins a literal and something else belongs to no block of gcc 12: the other lines of
# the list tell whether it runs. The end of a lambda is a line of its own for clang, which runs when it throws.
gcovr --root . --object-directory "$build" --filter 'sim/(package|arith)/' --gcov-executable "$tool" \
  --exclude-lines-by-pattern ' *(".*" \+ [^;]*,|};$)' --json "$counts" "$build"
gcovr --root . --add-tracefile "$counts"
exec /usr/bin/python3 scripts/coverage.py "$counts" scripts/coverage.txt
