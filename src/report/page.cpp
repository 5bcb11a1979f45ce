#include "report/page.h"

#include <fmt/format.h>

#include <kainjow/mustache.hpp>
#include <stdexcept>
#include <system_error>

#include "fmnist/core/text.h"

namespace fmnist {
namespace {

namespace mustache = kainjow::mustache;
using nlohmann::json;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD in UTF-8

/// `text` with U+FFFD for every byte that is not part of UTF-8.
std::string valid_utf8(std::string_view text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

mustache::data to_mustache(const json& value) {
  if (value.is_object()) {
    mustache::object members;
    for (const auto& [name, member] : value.items()) members.emplace(name, to_mustache(member));
    return members;
  }
  if (value.is_array()) {
    mustache::list items;
    items.reserve(value.size());
    for (const json& item : value) items.push_back(to_mustache(item));
    return items;
  }
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  return value == true;
}

/// Mustache takes a name without a value for an empty one; here it is a mistake.
class StrictContext : public mustache::context<std::string> {
 public:
  using context::context;

  const mustache::data* get(const std::string& name) const override {
    return found(name, context::get(name));
  }
  const mustache::data* get_partial(const std::string& name) const override {
    return found(name, context::get_partial(name));
  }

 private:
  static const mustache::data* found(const std::string& name, const mustache::data* value) {
    if (value != nullptr) return value;
    throw std::logic_error(fmt::format("a page's template names '{}', which has no value", name));
  }
};

}  // namespace

std::string escape(std::string_view text) {
  std::string html;
  for (const char letter : mustache::html_escape(valid_utf8(text))) {
    const auto code = static_cast<unsigned char>(letter);
    const bool control = code < 0x20 || code == 0x7f;
    html += control ? kReplacement : std::string_view(&letter, 1);
  }
  return html;
}

std::string name_of(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::absolute(directory, ignored).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  const std::string name = whole.filename().string();
  return name.empty() ? directory.string() : name;
}

std::string engine_text(const EngineInfo& engine) {
  const std::string text =
      fmt::format("{} ({}) on {}", to_string(engine.name), engine.isa, engine.device);
  if (engine.threads == 0) return text;
  return fmt::format("{}, {}", text, counted(static_cast<std::uint64_t>(engine.threads), "thread"));
}

std::string render_page(const std::string& content, const json& data) {
  mustache::data values = to_mustache(data);
  for (const auto& [name, text] : templates()) values.set(name, text);
  values.set("content", templates().at(content));
  mustache::mustache page(templates().at("page.html"));
  page.set_custom_escape(escape);
  StrictContext context(&values);
  const std::string html = page.render(context);
  if (!page.is_valid())
    throw std::logic_error(fmt::format("{}: {}", content, page.error_message()));
  return html + "\n";  // templates come without their last line break
}

}  // namespace fmnist
