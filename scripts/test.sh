#!/usr/bin/env bash
# Sets up, builds and runs every test; ends with the summary of ctest.
# usage: scripts/test.sh [PRESET]     PRESET of CMakePresets.json: release (default), debug, clang, asan, tsan
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}

scripts/setup.sh
cmake --preset "$preset" -Wno-dev
cmake --build --preset "$preset"
ctest --preset "$preset" --parallel "$(nproc)"
