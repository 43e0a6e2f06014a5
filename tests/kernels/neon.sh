#!/usr/bin/env bash
# The kernels' own tests, NEON path included, compiled for AArch64 and run under emulation. Status 77: skipped, because
# the cross compiler or the emulator is missing (Debian: g++-aarch64-linux-gnu, qemu-user).
# usage: neon.sh FOLDER    where to build
set -euo pipefail
compiler=aarch64-linux-gnu-g++
emulator=qemu-aarch64
for tool in "$compiler" "$emulator"; do
  command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$root"

# The headers of doctest are the same for every processor; those of the library come from the cross compiler.
header=$(find /usr/include /usr/local/include -path '*doctest/doctest.h' -print -quit)
flags=(-std=c++20 -O2 -ffp-contract=off -DWITIN_KERNELS_NEON -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS
       -I. -Iinclude -Itests -idirafter "$(dirname "$(dirname "$header")")" -Wno-psabi)
sources=(tests/main.cpp tests/kernels/{matmul,conv,fused_rule,isa,normals,noise,pack,select_codes}_test.cpp sim/error.cpp
         sim/types.cpp sim/escape.cpp sim/arith/*.cpp sim/kernels/[!p]*.cpp sim/kernels/p[!a]*.cpp
         sim/kernels/pa[!t]*.cpp sim/kernels/path_neon.cpp)

# Stale objects are built again, two at a time.
stale=()
objects=()
for source in "${sources[@]}"; do
  object=$folder/${source//\//_}.o
  objects+=("$object")
  if [[ ! -e $object ||
        -n $(find "$source" sim/kernels sim/arith include tests/kernels -newer "$object" -print -quit) ]]
  then
    own=
    [[ $source != */path_neon.cpp ]] || own=" -O3 -march=armv8.2-a+dotprod"
    stale+=("$object $source$own")
  fi
done
launcher=$(command -v ccache || true)
[[ ${#stale[@]} -eq 0 ]] || printf '%s\n' "${stale[@]}" |
  xargs -P 2 -L 1 sh -c 'object=$1; shift; exec '"$launcher $compiler ${flags[*]}"' "$@" -c -o "$object"' sh
"$compiler" -static "${objects[@]}" -o "$folder/neon_tests"

# The tests name the paths they covered, and fail where one that can run did not. Moments are those of any path whose
# samples are equal.
WITIN_ISA=neon "$emulator" -cpu max "$folder/neon_tests" -tce="*moments*"
