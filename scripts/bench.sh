#!/usr/bin/env bash
# Builds the developers' benchmarks and prints what a start takes (bench_start.py) and how near the kernels come to what
# this core and its peers can do.
#   scripts/bench.sh [--no-build] [--repetitions N]
# Needs libbenchmark-dev. Peers are compared where they are installed: libdnnl-dev (oneDNN, with VNNI its values too),
# libgemmlowp-dev (values), libxnnpack-dev with libpthreadpool-dev and libcpuinfo-dev. Shares are of CPU time, of two
# threads of wall time, the best quarter of N repetitions that alternate among all benchmarks: a machine that others use
# as well spoils few of them.
set -euo pipefail
cd "$(dirname "$0")/.."
build=1
repetitions=12
while [ $# -gt 0 ]; do
  case $1 in
    --no-build) build=0 ;;
    --repetitions) repetitions=$2; shift ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
if [ "$build" = 1 ]; then
  cmake --preset release -DWITIN_BENCHMARKS=ON >/dev/null
  cmake --build --preset release --target witin_bench witin-sim
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT
OMP_NUM_THREADS=1 build/release/tests/bench/witin_bench --benchmark_format=json --benchmark_min_time=0.03 \
  --benchmark_repetitions="$repetitions" --benchmark_enable_random_interleaving=true >"$results" 2>/dev/null
/usr/bin/python3 scripts/bench_start.py
python3 scripts/bench_table.py "$results"
