# find_static_first(PACKAGE SWITCH ...): the static library of a package, or the shared one where there is no other.
macro(find_static_first package switch)
  set(${switch} ON)
  find_package(${package} QUIET ${ARGN})
  if(NOT ${package}_FOUND)
    set(${switch} OFF)
    find_package(${package} REQUIRED ${ARGN})
  endif()
endmacro()
