# Read by CMake before it looks at llama-cpp-python's own files (CMAKE_PROJECT_<name>_INCLUDE): leaves out
# llama.cpp's library for its command-line tools, which takes as long to build as all that the app loads
# and which llama-cpp-python asks for by force.
macro(add_subdirectory)
  set(LLAMA_BUILD_COMMON OFF CACHE BOOL "llama.cpp's library for its tools" FORCE)
  _add_subdirectory(${ARGV})
endmacro()
