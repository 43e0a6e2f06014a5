#!/usr/bin/env bash
# Installs the Debian 12 packages that building, testing and the scripts need. As root or with sudo; does nothing, in a
# moment, when all are there.
set -euo pipefail

packages=(
  # build
  cmake g++ ninja-build
  nlohmann-json3-dev libcli11-dev libfmt-dev libspdlog-dev libssl-dev libtbb-dev libxsimd-dev libxtensor-dev zlib1g-dev
  libopenmpi-dev openmpi-bin
  # test and check
  doctest-dev librapidcheck-dev libzip-dev clang clang-format clang-tidy libclang-rt-dev cppcheck gcovr git llvm locales
  chromium fonts-dejavu-core fish iverilog zsh g++-aarch64-linux-gnu qemu-user
  # importers, oracles and training
  python3 python3-numpy python3-onnx python3-sklearn python3-torch
)

command -v dpkg-query >/dev/null || { echo "setup.sh: this is not Debian; it needs: ${packages[*]}" >&2; exit 1; }
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "setup.sh: root or sudo is needed to install: ${missing[*]}" >&2
  exit 1
fi
echo "setup.sh: installing ${missing[*]}" >&2
as_root+=(env DEBIAN_FRONTEND=noninteractive)
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
