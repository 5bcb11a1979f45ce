#include "fmnist/core/text.h"
#include "report/html.h"
#include "report/sections.h"
#include "report/settings_table.h"

namespace fmnist {
namespace {

std::string provenance(const ReportContent& content) {
  std::string rows;
  if (content.run) {
    const EngineInfo& engine = content.run->engine;
    rows += settings_row("engine",
                         escape(engine.name + " (" + engine.isa + "), " + engine.device + ", " +
                                counted(static_cast<std::uint64_t>(engine.threads), "thread")));
    rows += settings_row("program", escape("fmnist-train " + content.run->program_version +
                                           ", LibTorch " + content.run->libtorch_version));
  }
  rows += settings_row("model", escape(content.model.file.string()));
  rows +=
      settings_row("weights SHA-256", element("code", {}, fingerprint(content.model.parameters)));
  rows +=
      settings_row("data", escape(content.data_directory.string()) +
                               (content.data_verified ? " (the published Fashion-MNIST, verified)"
                                                      : " (not the published Fashion-MNIST)"));
  if (content.model.info)
    rows += settings_row("trained on data SHA-256",
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
      rest += settings_rows(config, group);
    tables = element("div", {{"class", "pair"}},
                     settings_table("Recipe", settings_rows(config, OptionGroup::kRecipe)) +
                         settings_table("Data, machine, gates", rest));
  } else {
    tables = lead("The model does not say with what settings it was trained.");
  }
  return {"settings", "Settings", tables + settings_table("Provenance", provenance(content))};
}

}  // namespace fmnist
