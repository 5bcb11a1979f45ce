#include "fmnist/report/run_summary.h"

#include <nlohmann/json.hpp>

#include "fmnist/core/error.h"

namespace fmnist {

RunSummary parse_run_summary(std::string_view bytes, const std::string& name) {
  try {
    const nlohmann::json json = nlohmann::json::parse(bytes);
    const nlohmann::json& engine = json.at("engine");
    return {.status = json.at("status"),
            .epochs = json.at("epochs"),
            .seconds = json.at("seconds"),
            .engine = {.name = engine.at("name"),
                       .device = json.at("device").at("used"),
                       .threads = engine.at("threads"),
                       .isa = engine.at("isa")},
            .program_version = json.at("version"),
            .libtorch_version = json.at("libtorch_version")};
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::kCheckpoint, "cannot read '" + name + "': it is not the result of a run",
                "restore the file as the run wrote it, or remove it");
  }
}

}  // namespace fmnist
