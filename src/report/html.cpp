#include "report/html.h"

#include <nlohmann/json.hpp>

namespace fmnist {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD in UTF-8

/// `text` with U+FFFD for every byte that is not part of UTF-8.
std::string valid_utf8(std::string_view text) {
  using nlohmann::json;
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

std::string open_tag(std::string_view tag, const Attributes& attributes, std::string_view end) {
  std::string html = "<" + std::string(tag);
  for (const auto& [name, value] : attributes)
    html += " " + std::string(name) + "=\"" + escape(value) + "\"";
  return html.append(end);
}

}  // namespace

std::string escape(std::string_view text) {
  std::string html;
  for (const char letter : valid_utf8(text)) {
    switch (letter) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        if (const auto code = static_cast<unsigned char>(letter); code < 0x20 || code == 0x7f) {
          html += kReplacement;
        } else {
          html += letter;
        }
    }
  }
  return html;
}

std::string element(std::string_view tag, const Attributes& attributes, std::string_view content) {
  return open_tag(tag, attributes, ">").append(content) + "</" + std::string(tag) + ">";
}

std::string void_element(std::string_view tag, const Attributes& attributes) {
  return open_tag(tag, attributes, ">");
}

std::string lead(std::string_view text) { return element("p", {{"class", "lead"}}, text) + "\n"; }

std::string figure_beside(std::string_view content, std::string_view caption) {
  return element("figure", {{"class", "beside"}},
                 std::string(content) + element("figcaption", {}, caption)) +
         "\n";
}

std::string figure(std::string_view content, std::string_view caption) {
  return element("figure", {}, std::string(content) + element("figcaption", {}, caption)) + "\n";
}

}  // namespace fmnist
