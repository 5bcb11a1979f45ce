#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

inline std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

/// The ids of the page's sections, in order.
inline std::vector<std::string> section_ids(const std::string& page) {
  const std::string begin = "<section id=\"";
  std::vector<std::string> ids;
  for (std::size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at + 1)) {
    const std::size_t id = at + begin.size();
    ids.push_back(page.substr(id, page.find('"', id) - id));
  }
  return ids;
}

/// What stands in the section `id`; empty when there is none.
inline std::string section_of(const std::string& page, const std::string& id) {
  const std::size_t begin = page.find("<section id=\"" + id + "\"");
  if (begin == std::string::npos) return {};
  return page.substr(begin, page.find("</section>", begin) - begin);
}

}  // namespace fmnist
