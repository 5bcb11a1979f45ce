#include "fmnist/core/numbers.h"
#include "fmnist/core/options.h"
#include "report/html.h"
#include "report/sections.h"

namespace fmnist {
namespace {

std::string row(const std::string& name, const std::string& value,
                std::string_view css_class = {}) {
  return element("tr", {{"class", std::string(css_class)}},
                 element("th", {{"scope", "row"}}, escape(name)) + element("td", {}, value)) +
         "\n";
}

std::string table_of(const std::string& caption, const std::string& rows) {
  return element("table", {{"class", "settings"}},
                 element("caption", {}, escape(caption)) + "\n" + element("tbody", {}, rows));
}

/// The settings of one group; those that are not the book's are marked and say what it has.
std::string settings_of(const Config& config, OptionGroup group) {
  const Config book;
  std::string rows;
  for (const Option& option : options()) {
    if (option.group != group || !option.saved) continue;
    const std::string value =
        option.is_flag() ? (option.get(config) == true ? "yes" : "no") : option.text(config);
    if (value.empty()) continue;
    const bool changed = option.changes_result && option.get(config) != option.get(book);
    const std::string usual = option.is_flag() ? "no" : option.text(book);
    const std::string note =
        changed ? " " + element("span", {{"class", "book"}},
                                usual.empty() ? "not in the book" : "book: " + escape(usual))
                : "";
    rows += row(std::string(option.name), escape(value) + note, changed ? "changed" : "same");
  }
  return rows;
}

std::string provenance(const ReportContent& content) {
  std::string rows;
  if (content.run) {
    const EngineInfo& engine = content.run->engine;
    rows += row("engine", escape(engine.name + " (" + engine.isa + "), " + engine.device + ", " +
                                 counted(static_cast<std::uint64_t>(engine.threads), "thread")));
    rows += row("program", escape("fmnist-train " + content.run->program_version + ", LibTorch " +
                                  content.run->libtorch_version));
  }
  rows += row("model", escape(content.model.file.string()));
  rows += row("weights SHA-256", element("code", {}, fingerprint(content.model.parameters)));
  rows += row("data", escape(content.data_directory.string()) +
                          (content.data_verified ? " (the published Fashion-MNIST, verified)"
                                                 : " (not the published Fashion-MNIST)"));
  if (content.model.info)
    rows += row("trained on data SHA-256",
                element("code", {}, escape(content.model.info->data_sha256)));
  return rows;
}

}  // namespace

Section settings_section(const ReportContent& content) {
  std::string tables;
  if (content.model.config) {
    const Config& config = *content.model.config;
    std::string rest;
    for (const OptionGroup group : {OptionGroup::kData, OptionGroup::kMachine, OptionGroup::kGates})
      rest += settings_of(config, group);
    tables = element("div", {{"class", "pair"}},
                     table_of("Recipe", settings_of(config, OptionGroup::kRecipe)) +
                         table_of("Data, machine, gates", rest));
  } else {
    tables = lead("The model does not say with what settings it was trained.");
  }
  return {"settings", "Settings", tables + table_of("Provenance", provenance(content))};
}

}  // namespace fmnist
