#include "cli/arguments/help.h"

#include <sstream>

namespace fmnist {
namespace {

constexpr std::size_t kLeft = 28;
constexpr std::size_t kWidth = 80;

/// `line` in the left column, `text` wrapped in the right one.
std::string in_columns(std::string line, const std::string& text) {
  std::string result;
  const auto break_line = [&] {
    result += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    line.assign(kLeft, ' ');
  };
  if (line.size() + 1 >= kLeft) break_line();
  line.resize(kLeft, ' ');
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + word.size() > kWidth) break_line();
    line += word + " ";
  }
  break_line();
  return result;
}

class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    std::string text = "\n" + group + ":\n";
    for (const CLI::Option* option : options) text += make_option(option, is_positional);
    return text;
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string names = "  " + option->get_name(is_positional, !is_positional);
    if (!option->get_type_name().empty()) names += " " + option->get_type_name();
    return in_columns(names, option->get_description());
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

}  // namespace fmnist
