# Finds LibTorch without TorchConfig.cmake, which wants a CUDA toolkit even for CPU programs.
#
# Input, first hit decides; a hit that is incomplete or too old is an error, never passed over:
#   LIBTORCH_ROOT       cache or environment variable: a wheel's site folder, its torch folder, or the
#                       folder of the official zip
#   CMAKE_PREFIX_PATH   variable or environment; torch.utils.cmake_prefix_path works too
#   .deps/libtorch      where scripts/setup installs it
#   torch               of the python3 that comes first in PATH; located, not imported
#
# Result:
#   LibTorch::LibTorch    torch_cpu and c10 by full path, so the build tree needs no LD_LIBRARY_PATH
#   LibTorch_LIBRARY_DIR  belongs into INSTALL_RPATH of programs that are installed
#   LibTorch_VERSION, LibTorch_ROOT_DIR
#
# Only the CPU libraries are linked: CUDA is loaded at run time, when asked for.

set(LIBTORCH_ROOT "" CACHE PATH "LibTorch to build against (default: search, see FindLibTorch.cmake)")

set(_libtorch_names "lib/libtorch_cpu${CMAKE_SHARED_LIBRARY_SUFFIX}"
                    "lib/libc10${CMAKE_SHARED_LIBRARY_SUFFIX}" "include/c10/core/Device.h"
                    "include/torch/csrc/api/include/torch/torch.h")

# Sets LibTorch_ROOT_DIR to the first candidate that is a LibTorch at least in part, and
# _libtorch_missing to what it lacks.
function(_libtorch_try origin)
  if(LibTorch_ROOT_DIR)
    return()
  endif()
  foreach(candidate IN LISTS ARGN)
    set(missing ${_libtorch_names})
    foreach(name IN LISTS _libtorch_names)
      if(EXISTS "${candidate}/${name}")
        list(REMOVE_ITEM missing "${name}")
      endif()
    endforeach()
    if(NOT missing STREQUAL _libtorch_names)
      set(LibTorch_ROOT_DIR "${candidate}" PARENT_SCOPE)
      set(_libtorch_origin "${origin}" PARENT_SCOPE)
      set(_libtorch_missing "${missing}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# The layouts under a folder someone names: itself, a wheel's or a zip's folder in it, or, for
# torch.utils.cmake_prefix_path, which is torch/share/cmake, the folder above.
function(_libtorch_layouts result folder)
  cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" NORMALIZE)
  set(layouts "${folder}" "${folder}/torch" "${folder}/libtorch")
  if(EXISTS "${folder}/Torch/TorchConfig.cmake")
    cmake_path(APPEND folder ../.. OUTPUT_VARIABLE above)
    cmake_path(NORMAL_PATH above)
    string(REGEX REPLACE "/$" "" above "${above}")
    list(APPEND layouts "${above}")
  endif()
  set(${result} "${layouts}" PARENT_SCOPE)
endfunction()

# The version as the headers state it; the official zip also has a build-version file.
function(_libtorch_read_version root result)
  set(${result} "" PARENT_SCOPE)
  foreach(header IN ITEMS include/torch/headeronly/version.h
                          include/torch/csrc/api/include/torch/version.h)
    if(EXISTS "${root}/${header}")
      file(STRINGS "${root}/${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]")
      if(lines MATCHES "MAJOR +([0-9]+).*MINOR +([0-9]+).*PATCH +([0-9]+)")
        set(${result} "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
  if(EXISTS "${root}/build-version")
    file(STRINGS "${root}/build-version" line LIMIT_COUNT 1)
    if(line MATCHES "^([0-9]+\\.[0-9]+(\\.[0-9]+)?)")
      set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# The folder of the active Python's torch package, or nothing.
function(_libtorch_ask_python result)
  set(${result} "" PARENT_SCOPE)
  find_program(python NAMES python3 python NO_CACHE)
  if(python)
    # The current folder is taken off the path: any folder named torch would count as a package.
    execute_process(
      COMMAND "${python}" -c "import importlib.util as u, os, sys
sys.path = [p for p in sys.path if p]
s = u.find_spec('torch')
print(os.path.dirname(s.origin) if s and s.origin else '')"
      OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(status EQUAL 0)
      set(${result} "${folder}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

unset(LibTorch_ROOT_DIR)
unset(LibTorch_VERSION)
unset(LibTorch_LIBRARY_DIR)
set(_libtorch_missing "")
set(_libtorch_problem "")
set(_libtorch_version_check "")

set(_libtorch_given "${LIBTORCH_ROOT}")
if(NOT _libtorch_given)
  set(_libtorch_given "$ENV{LIBTORCH_ROOT}")
endif()
if(_libtorch_given)
  _libtorch_layouts(_libtorch_candidates "${_libtorch_given}")
  _libtorch_try("LIBTORCH_ROOT" ${_libtorch_candidates})
  if(NOT LibTorch_ROOT_DIR)
    set(_libtorch_problem "LIBTORCH_ROOT is ${_libtorch_given}, but there is no LibTorch in it (no \
lib/libtorch_cpu${CMAKE_SHARED_LIBRARY_SUFFIX}, directly or under torch or libtorch). \
Give the folder of the unpacked zip or of Python's torch package, or leave LIBTORCH_ROOT empty.")
  endif()
else()
  file(TO_CMAKE_PATH "$ENV{CMAKE_PREFIX_PATH}" _libtorch_prefixes)
  foreach(_libtorch_prefix IN LISTS CMAKE_PREFIX_PATH _libtorch_prefixes)
    _libtorch_layouts(_libtorch_candidates "${_libtorch_prefix}")
    _libtorch_try("CMAKE_PREFIX_PATH" ${_libtorch_candidates})
  endforeach()
  _libtorch_layouts(_libtorch_candidates "${PROJECT_SOURCE_DIR}/.deps/libtorch")
  _libtorch_try(".deps/libtorch" ${_libtorch_candidates})
  if(NOT LibTorch_ROOT_DIR)
    _libtorch_ask_python(_libtorch_candidates)
    _libtorch_try("the active Python" ${_libtorch_candidates})
  endif()
  if(NOT LibTorch_ROOT_DIR)
    set(_libtorch_problem "There is no LibTorch under CMAKE_PREFIX_PATH, in .deps/libtorch, or in \
the active Python. Run scripts/setup, which installs it into .deps/libtorch, or name yours with \
-DLIBTORCH_ROOT=<folder>.")
  endif()
endif()

if(LibTorch_ROOT_DIR)
  _libtorch_read_version("${LibTorch_ROOT_DIR}" LibTorch_VERSION)
  set(_libtorch_advice "Run scripts/setup, or name another one with -DLIBTORCH_ROOT=<folder>.")
  if(_libtorch_origin MATCHES "LIBTORCH_ROOT|CMAKE_PREFIX_PATH")
    set(_libtorch_advice "Give another one there, or none and run scripts/setup.")
  endif()
  if(_libtorch_missing)
    list(JOIN _libtorch_missing ", " _libtorch_missing)
    set(_libtorch_problem "The LibTorch in ${LibTorch_ROOT_DIR} (from ${_libtorch_origin}) is \
incomplete: it lacks ${_libtorch_missing}. ${_libtorch_advice}")
  elseif(NOT LibTorch_VERSION)
    set(_libtorch_problem "The LibTorch in ${LibTorch_ROOT_DIR} (from ${_libtorch_origin}) does not \
say its version. ${_libtorch_advice}")
  elseif(LibTorch_FIND_VERSION
         AND (LibTorch_VERSION VERSION_LESS LibTorch_FIND_VERSION
              OR NOT LibTorch_VERSION MATCHES "^${LibTorch_FIND_VERSION_MAJOR}\\."))
    set(_libtorch_problem "The LibTorch in ${LibTorch_ROOT_DIR} (from ${_libtorch_origin}) is version \
${LibTorch_VERSION}, wanted is ${LibTorch_FIND_VERSION} or a later \
${LibTorch_FIND_VERSION_MAJOR}.x. ${_libtorch_advice}")
  else()
    set(LibTorch_LIBRARY_DIR "${LibTorch_ROOT_DIR}/lib")
    set(_libtorch_version_check VERSION_VAR LibTorch_VERSION)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  LibTorch
  REQUIRED_VARS LibTorch_LIBRARY_DIR ${_libtorch_version_check}
  REASON_FAILURE_MESSAGE "${_libtorch_problem}")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_compile_features(LibTorch::LibTorch INTERFACE cxx_std_20)
  # Include folders of an imported target are SYSTEM, so our warnings do not look into them.
  target_include_directories(
    LibTorch::LibTorch INTERFACE "${LibTorch_ROOT_DIR}/include"
                                 "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include")
  target_link_libraries(
    LibTorch::LibTorch INTERFACE "${LibTorch_LIBRARY_DIR}/libtorch_cpu${CMAKE_SHARED_LIBRARY_SUFFIX}"
                                 "${LibTorch_LIBRARY_DIR}/libc10${CMAKE_SHARED_LIBRARY_SUFFIX}")
endif()
