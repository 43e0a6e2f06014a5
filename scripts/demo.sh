#!/usr/bin/env bash
# Sets up, builds, and runs a network that ships with the project: handwritten digits in the chip's arithmetic.
# usage: scripts/demo.sh [CASE]     CASE: a folder of golden/, digits_cnn by default
set -euo pipefail
cd "$(dirname "$0")/.."
case=golden/${1:-digits_cnn}
if [ ! -f "$case/model.wpkg" ]; then
  echo "demo.sh: $case/model.wpkg is missing; expected one of:" golden/*/ >&2
  exit 1
fi

scripts/setup.sh
cmake --preset release -Wno-dev >&2
cmake --build --preset release --target witin-sim >&2

run=(build/release/cli/witin-sim "$case/model.wpkg" "$case/input.npy")
[ ! -f "$case/labels.npy" ] || run+=(--labels "$case/labels.npy")
echo "\$ ${run[*]}"
"${run[@]}"
verify=(build/release/cli/witin-sim verify "$case")
echo "\$ ${verify[*]}"
"${verify[@]}"
