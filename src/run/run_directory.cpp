#include "fmnist/run/run_directory.h"

#include <array>
#include <system_error>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"

namespace fmnist {
namespace {

constexpr std::array kFiles = {kConfigFile, kMetricsFile, kResultFile, kLogFile, kModelFile};

}  // namespace

void refuse_existing_run(const std::filesystem::path& directory) {
  for (const char* file : kFiles) {
    std::error_code ignored;
    if (!std::filesystem::exists(directory / file, ignored)) continue;
    throw Error(ErrorKind::kCheckpoint,
                "'" + directory.string() + "' already holds a run (" + file + ")",
                "choose another --output, or give --overwrite to replace it");
  }
}

void prepare_run_directory(const std::filesystem::path& directory, bool overwrite) {
  if (!overwrite) refuse_existing_run(directory);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error || !std::filesystem::is_directory(directory)) {
    throw Error(ErrorKind::kRuntime,
                "cannot create the run directory '" + directory.string() +
                    "': " + (error ? error.message() : "a file of that name is in the way"),
                "choose another --output, or give --no-output to write no file");
  }
  for (const char* file : kFiles) {
    std::filesystem::remove(directory / file, error);
    if (!error) continue;
    throw Error(ErrorKind::kRuntime,
                "cannot remove '" + (directory / file).string() + "': " + error.message(),
                "choose another --output");
  }
}

RunDirectory::RunDirectory(RunFacts facts)
    : facts_(std::move(facts)), metrics_(metrics_csv_header()) {
  write_file_atomically(path(kConfigFile), to_toml(facts_.config));
}

void RunDirectory::on_epoch(const EpochFinished& epoch) {
  metrics_ += metrics_csv_row(epoch);
  write_file_atomically(path(kMetricsFile), metrics_);
}

void RunDirectory::on_position(const RunPosition& position) {
  const CheckpointInfo info{position.epochs,
                            position.state.step,
                            to_json(facts_.config).dump(),
                            facts_.engine.name,
                            facts_.program_version,
                            facts_.libtorch_version,
                            facts_.data_sha256,
                            {}};
  const Parameters& shipped = position.best ? position.best->parameters : position.state.parameters;
  write_file_atomically(path(kModelFile), encode_model(shipped, info));
}

void RunDirectory::on_finish(const RunResult& result) {
  const auto model = path(kModelFile);
  const bool kept = std::filesystem::exists(model);
  write_file_atomically(
      path(kResultFile),
      result_document(facts_, result, kept ? std::optional(model) : std::nullopt).dump(2) + "\n");
}

}  // namespace fmnist
