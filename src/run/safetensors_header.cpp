#include "run/safetensors_header.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <set>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {
namespace {

using nlohmann::json;

/// What `value` is, for a message that it is out of place.
std::string_view kind_of(const json& value) {
  constexpr std::array<std::string_view, 8> kKinds = {
      // in the order of json::value_t
      "null",      "an object",         "a list",   "text",
      "a boolean", "a negative number", "a number", "a fraction or a number over 64 bits"};
  return kKinds.at(static_cast<std::size_t>(value.type()));
}

/// Checks the form of a header; `name` stands for the file in messages.
class HeaderCheck {
 public:
  explicit HeaderCheck(const std::string& name) : name_(name) {}

  /// Sees every piece as it is read: a parsed value no longer shows repeated keys, and nesting
  /// deeper than that of a header would cost time.
  bool operator()(int depth, json::parse_event_t event, const json& piece) {
    if (event == json::parse_event_t::object_start && depth == 1) inner_keys_.clear();
    if (event == json::parse_event_t::object_start && depth == 2) misplaced("an object");
    if (event == json::parse_event_t::array_start && depth != 2) misplaced("a list");
    if (event != json::parse_event_t::key) return true;
    const std::string& key = piece.get_ref<const std::string&>();
    if (!(depth == 1 ? outer_keys_ : inner_keys_).insert(key).second)
      reject(fmt::format("the key {} occurs twice", printable(key)));
    if (depth == 1) {
      entry_ = key;
    } else if (!in_metadata() && key != "dtype" && key != "shape" && key != "data_offsets") {
      reject(fmt::format("tensor {} has an unknown field {}", printable(entry_), printable(key)));
    }
    return true;
  }

  void check(const json& header) {
    for (const auto& [key, entry] : header.items()) {
      entry_ = key;
      if (!entry.is_object()) misplaced(kind_of(entry));
      if (!in_metadata() && entry.size() != 3) {
        reject(fmt::format("tensor {} lacks its dtype, shape or data_offsets", printable(entry_)));
      }
      for (const auto& [field, value] : entry.items()) {
        if (in_metadata() || field == "dtype") {
          if (!value.is_string()) misplaced(kind_of(value));
        } else {
          check_list(value);
        }
      }
    }
  }

  [[noreturn]] void reject(const std::string& problem) const {
    reject_safetensors(name_, "in its header, " + problem);
  }

 private:
  bool in_metadata() const { return entry_ == "__metadata__"; }

  void check_list(const json& list) const {
    if (!list.is_array()) misplaced(kind_of(list));
    for (const json& element : list)
      if (!element.is_number_unsigned()) misplaced(kind_of(element));
  }

  [[noreturn]] void misplaced(std::string_view what) const {
    reject(fmt::format("it has {} out of place at {}", what, printable(entry_)));
  }

  const std::string& name_;
  std::string entry_;  // the key of the tensor or the metadata
  std::set<std::string> outer_keys_;
  std::set<std::string> inner_keys_;
};

}  // namespace

void reject_safetensors(const std::string& name, const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("cannot read '{}': {}", name, why),
              "it is damaged or not a file this program reads: give another checkpoint");
}

json parse_safetensors_header(std::string_view text, const std::string& name) {
  if (text.empty() || text.front() != '{') {
    reject_safetensors(name, "its header does not begin with '{'");
  }
  // The JSON parser takes a zero byte for the end and would not look at what follows.
  if (text.find('\0') != std::string_view::npos) {
    reject_safetensors(name, "its header holds a zero byte");
  }
  // "{" was checked, so something is not a space.
  const std::size_t end = text.find_last_not_of(' ') + 1;
  if (text[end - 1] != '}') {
    reject_safetensors(name, "its header does not end with '}' and spaces");
  }
  HeaderCheck check(name);
  json header;
  try {
    header = json::parse(text.substr(0, end), std::ref(check));
  } catch (const json::parse_error& error) {
    check.reject(fmt::format("it is not valid JSON at byte {}", error.byte));
  } catch (const json::out_of_range&) {
    check.reject("it has a number that no type holds");
  }
  check.check(header);
  return header;
}

}  // namespace fmnist
