#include "report/settings_table.h"

#include "report/html.h"

namespace fmnist {

std::string settings_row(const std::string& name, const std::string& value,
                         const std::string& css_class) {
  return element("tr", {{"class", css_class}},
                 element("th", {{"scope", "row"}}, escape(name)) + element("td", {}, value)) +
         "\n";
}

std::string settings_table(const std::string& caption, const std::string& rows) {
  return element("table", {{"class", "settings"}},
                 element("caption", {}, escape(caption)) + "\n" + element("tbody", {}, rows));
}

std::string settings_rows(const Config& config, OptionGroup group,
                          const std::function<bool(const Option&)>& shown) {
  const Config book;
  std::string rows;
  for (const Option& option : options()) {
    if (option.group != group || !option.saved || !shown(option)) continue;
    const std::string value =
        option.is_flag() ? (option.get(config) == true ? "yes" : "no") : option.text(config);
    if (value.empty()) continue;
    const bool changed = option.changes_result && option.get(config) != option.get(book);
    const std::string usual = option.is_flag() ? "no" : option.text(book);
    const std::string note =
        changed ? " " + element("span", {{"class", "book"}},
                                usual.empty() ? "not in the book" : "book: " + escape(usual))
                : "";
    rows +=
        settings_row(std::string(option.name), escape(value) + note, changed ? "changed" : "same");
  }
  return rows;
}

}  // namespace fmnist
