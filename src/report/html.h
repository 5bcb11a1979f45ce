#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fmnist {

/// `text` as it may stand between tags and in a quoted attribute; what is not UTF-8 or no printable
/// character becomes U+FFFD.
std::string escape(std::string_view text);

/// Attribute names with values, which are escaped when written.
using Attributes = std::vector<std::pair<std::string_view, std::string>>;

/// `<tag …>content</tag>`; `content` is HTML.
std::string element(std::string_view tag, const Attributes& attributes, std::string_view content);

/// `<tag …>`, of the elements that have neither content nor an end.
std::string void_element(std::string_view tag, const Attributes& attributes);

/// `<p class="lead">`: what a figure shows, in plain words. `text` is HTML.
std::string lead(std::string_view text);

/// `<figure>` with its caption below, or beside it where the page is wide; both are HTML.
std::string figure(std::string_view content, std::string_view caption);
std::string figure_beside(std::string_view content, std::string_view caption);

}  // namespace fmnist
