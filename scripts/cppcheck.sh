#!/usr/bin/env bash
# usage: cppcheck.sh [FOLDER...]
# Runs cppcheck over the C++ of sim and cli (or of the folders given); exit status 1 on a finding. What is suppressed:
#   missingInclude*   headers of other libraries are not checked
#   noExplicitConstructor   Result and Status convert from values and errors on purpose
#   useStlAlgorithm   a matter of taste, which clang-tidy and readers decide
#   passedByValue     sinks are moved from
#   returnStdMoveLocal   what is moved is a reference into a larger value
#   derefInvalidIteratorRedundantCheck   the branch in front does not return: it throws the refusal
#   accessMoved       the list of a range-for is seen as if it were made in every turn
#   uninitMemberVar   in sim/kernels: strips of codes are written before they are read
#   constStatement, uninitvar   in body_noise.hpp: an element of a vector type is taken for an expression
# Of the paths, which are one text compiled for each instruction set, path_avx2.cpp stands for all.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cppcheck >/dev/null || { echo "cppcheck.sh: install cppcheck" >&2; exit 2; }
[ $# -gt 0 ] || set -- sim cli
exec cppcheck --quiet -j "$(nproc)" --std=c++20 --language=c++ -I include -I . \
  --enable=warning,performance,portability \
  --inline-suppr --error-exitcode=1 --suppress=missingInclude --suppress=missingIncludeSystem \
  --suppress=noExplicitConstructor --suppress=useStlAlgorithm --suppress=passedByValue --suppress=returnStdMoveLocal \
  --suppress=derefInvalidIteratorRedundantCheck --suppress=accessMoved "--suppress=uninitMemberVar:sim/kernels/*" \
  --suppress=constStatement:sim/kernels/body_noise.hpp --suppress=uninitvar:sim/kernels/body_noise.hpp \
  -i sim/kernels/path_sse2.cpp -i sim/kernels/path_avx512bw.cpp -i sim/kernels/path_avx512vnni.cpp \
  -i sim/kernels/path_neon.cpp "$@"
