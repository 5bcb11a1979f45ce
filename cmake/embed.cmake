# cmake -DOUTPUT=FILE.cpp -DFILES="A;B" -P embed.cmake: writes a C++ source that holds the named
# text files, without their last line breaks, by their names (see report/page.h).
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" text)
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(APPEND entries "      {\"${name}\", R\"~~(${text})~~\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"report/page.h\"

namespace fmnist {

const std::map<std::string, std::string>& templates() {
  static const std::map<std::string, std::string> files = {
${entries}  };
  return files;
}

}  // namespace fmnist
")
