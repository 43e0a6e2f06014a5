#!/usr/bin/env bash
# Installs a build and uses it as another project would.
# usage: run.sh BUILD_DIR CXX MODEL.wpkg
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/prefix" >/dev/null
cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$2" >/dev/null
cmake --build "$work/build"
"$work/build/consumer" "$3"
