#include "run/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <set>

#include "fmnist/core/error.h"
#include "run/printable.h"

namespace fmnist {
namespace {

/// Takes the header from the parser piece by piece. Unlike a parsed `json` value this sees repeated
/// keys, and it stops at the first thing out of place, so nesting costs nothing.
class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string problem;

  bool start_object(std::size_t) override {
    if (depth_ == 2) return misplaced("an object");
    ++depth_;
    if (depth_ == 2 && !in_metadata()) {
      header.entries.push_back({.name = outer_key_, .dtype = {}, .shape = {}, .offsets = {}});
    }
    return true;
  }

  bool key(std::string& text) override {
    auto& seen = depth_ == 1 ? outer_keys_ : inner_keys_;
    if (!seen.insert(text).second) return fail("the key " + printable(text) + " occurs twice");
    if (depth_ == 1) {
      outer_key_ = text;
      return true;
    }
    inner_key_ = text;
    if (!in_metadata() && text != "dtype" && text != "shape" && text != "data_offsets") {
      return fail("tensor " + printable(outer_key_) + " has an unknown field " + printable(text));
    }
    return true;
  }

  bool end_object() override {
    if (depth_ == 2 && !in_metadata() && inner_keys_.size() != 3) {
      return fail("tensor " + printable(outer_key_) + " lacks its dtype, shape or data_offsets");
    }
    if (depth_ == 2) inner_keys_.clear();
    --depth_;
    return true;
  }

  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_list_ || in_metadata() || inner_key_ == "dtype") {
      return misplaced("a list");
    }
    in_list_ = true;
    return true;
  }

  bool end_array() override {
    in_list_ = false;
    return true;
  }

  bool string(std::string& text) override {
    if (depth_ != 2 || in_list_) return misplaced("text");
    if (in_metadata()) {
      header.metadata[inner_key_] = text;
      return true;
    }
    if (inner_key_ != "dtype") return misplaced("text");
    header.entries.back().dtype = text;
    return true;
  }

  bool number_unsigned(number_unsigned_t number) override {
    if (!in_list_) return misplaced("a number");
    auto& entry = header.entries.back();
    (inner_key_ == "shape" ? entry.shape : entry.offsets).push_back(number);
    return true;
  }

  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("a boolean"); }
  bool number_integer(number_integer_t) override { return misplaced("a negative number"); }
  bool number_float(number_float_t, const std::string&) override {
    return misplaced("a fraction or a number over 64 bits");
  }
  bool binary(nlohmann::json::binary_t&) override { return misplaced("binary data"); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return fail("it is not valid JSON at byte " + std::to_string(position));
  }

 private:
  bool in_metadata() const { return outer_key_ == "__metadata__"; }

  bool fail(const std::string& text) {
    problem = text;
    return false;
  }

  bool misplaced(const std::string& what) {
    if (depth_ == 0) return fail("it is " + what + ", expected an object");
    return fail("it has " + what + " out of place at " + printable(outer_key_));
  }

  int depth_ = 0;  // 1 in the outer object, 2 in a tensor's entry or the metadata
  bool in_list_ = false;
  std::string outer_key_;
  std::string inner_key_;
  std::set<std::string> outer_keys_;
  std::set<std::string> inner_keys_;
};

}  // namespace

void reject_safetensors(const std::string& name, const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, "cannot read '" + name + "': " + why,
              "it is damaged or not a file this program reads: give another checkpoint");
}

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& name) {
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
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                                 &handler)) {
    reject_safetensors(name, "in its header, " + handler.problem);
  }
  return std::move(handler.header);
}

}  // namespace fmnist
