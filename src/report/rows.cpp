#include "fmnist/core/text.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

constexpr double kDarkGround = 0.7;  // from this strength on the text changes its colour

/// What the book has instead, if that is something else.
json note_of_book(const Option& option, const Config& config) {
  const Config book;
  if (!option.changes_result || option.get(config) == option.get(book)) return nullptr;
  const std::string usual = option.is_flag() ? "no" : option.text(book);
  return usual.empty() ? "not in the book" : "book: " + usual;
}

}  // namespace

json option_rows(const Config& config, std::initializer_list<OptionGroup> groups,
                 const std::function<bool(const Option&)>& shown) {
  json rows = json::array();
  for (const OptionGroup group : groups) {
    for (const Option& option : options()) {
      if (option.group != group || !option.saved || !shown(option)) continue;
      const std::string value =
          option.is_flag() ? (option.get(config) == true ? "yes" : "no") : option.text(config);
      if (value.empty()) continue;
      rows.push_back(
          {{"name", option.name}, {"value", value}, {"book", note_of_book(option, config)}});
    }
  }
  return rows;
}

json heat_cell(const std::string& text, double strength, bool right, bool marked,
               const std::string& tip) {
  std::string css_class = right ? "right" : "wrong";
  if (right && strength >= kDarkGround) css_class += " strong";
  if (marked) css_class += " marked";
  return {{"text", text}, {"heat", fixed(strength, 3)}, {"css_class", css_class}, {"tip", tip}};
}

}  // namespace fmnist
