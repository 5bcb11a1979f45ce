# Compiler settings shared by every target of this project.
option(FMNIST_WERROR "Treat warnings as errors" OFF)
set(FMNIST_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")

add_library(fmnist_settings INTERFACE)
target_compile_features(fmnist_settings INTERFACE cxx_std_20)
target_compile_options(fmnist_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                 -Wno-sign-conversion)
# GCC 12 warns wrongly about "literal" + std::string (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(fmnist_settings INTERFACE -Wno-restrict)
endif()
if(FMNIST_WERROR)
  target_compile_options(fmnist_settings INTERFACE -Werror)
endif()
if(FMNIST_SANITIZE)
  target_compile_options(fmnist_settings INTERFACE -fsanitize=${FMNIST_SANITIZE}
                                                   -fno-sanitize-recover=all
                                                   -fno-omit-frame-pointer
                                                   # instrumented code confuses this warning
                                                   $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(fmnist_settings INTERFACE -fsanitize=${FMNIST_SANITIZE})
endif()
