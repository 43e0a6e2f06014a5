# One path_*.cpp for each instruction set: the same body (body.hpp) compiled with its flags. Files of another processor
# family are not compiled.
set(kernels ${CMAKE_CURRENT_SOURCE_DIR}/kernels)
set(x86_paths ${kernels}/path_sse2.cpp ${kernels}/path_avx2.cpp ${kernels}/path_avx512bw.cpp
              ${kernels}/path_avx512vnni.cpp)
set(arm_paths ${kernels}/path_neon.cpp)
# Square roots in loops set no errno; the bits are the same.
set(plain -fno-math-errno)
if(WITIN_SANITIZE MATCHES "address.*undefined")
  list(APPEND plain -fno-sanitize=pointer-overflow)  # beside address checks: ten times the time to compile these files
endif()

set_source_files_properties(${x86_paths} ${arm_paths} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # gcc 12's own intrinsics start from undefined registers.
    list(APPEND avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  # Processors before 2020 do not keep decoded jumps that touch a boundary of 32 bytes (Intel's JCC erratum).
  set(align_jumps -mbranches-within-32B-boundaries)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(align_jumps -Wa,-mbranches-within-32B-boundaries)
  endif()
  set_source_files_properties(${kernels}/path_sse2.cpp PROPERTIES COMPILE_OPTIONS "-msse2;${plain};${align_jumps}")
  set_source_files_properties(${kernels}/path_avx2.cpp PROPERTIES COMPILE_OPTIONS "-mavx2;${plain};${align_jumps}")
  set_source_files_properties(${kernels}/path_avx512bw.cpp PROPERTIES
                              COMPILE_OPTIONS "${avx512};${plain};${align_jumps}")
  set_source_files_properties(${kernels}/path_avx512vnni.cpp PROPERTIES
                              COMPILE_OPTIONS "${avx512};-mavx512vnni;${plain};${align_jumps}")
  set_source_files_properties(${arm_paths} PROPERTIES HEADER_FILE_ONLY ON)
  target_compile_definitions(witin_sim PRIVATE WITIN_KERNELS_X86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set_source_files_properties(${kernels}/path_neon.cpp PROPERTIES COMPILE_OPTIONS "-march=armv8.2-a+dotprod;${plain}")
  set_source_files_properties(${x86_paths} PROPERTIES HEADER_FILE_ONLY ON)
  target_compile_definitions(witin_sim PRIVATE WITIN_KERNELS_NEON)
else()
  set_source_files_properties(${x86_paths} ${arm_paths} PROPERTIES HEADER_FILE_ONLY ON)
endif()
