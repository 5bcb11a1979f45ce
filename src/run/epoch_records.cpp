#include "fmnist/run/epoch_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"
#include "fmnist/run/results.h"

namespace fmnist {
namespace {

/// Takes the next field off the `line`.
std::string_view take_text(std::string_view& line) {
  const std::string_view field = line.substr(0, line.find(','));
  line.remove_prefix(std::min(field.size() + 1, line.size()));
  return field;
}

/// Likewise a number; `null` is what one that is not finite is written as.
template <class Number>
bool take(std::string_view& line, Number& value) {
  const std::string_view field = take_text(line);
  auto number = read_number<Number>(field);
  if (std::is_floating_point_v<Number> && field == "null")
    number = std::numeric_limits<Number>::quiet_NaN();
  value = number.value_or(value);
  return number.has_value();
}

bool read_row(std::string_view line, EpochFinished& row) {
  if (!take(line, row.epoch) || !take(line, row.step) || !take(line, row.learning_rate) ||
      !take(line, row.train.loss) || !take(line, row.train.accuracy))
    return false;
  const std::string_view split = take_text(line);
  row.on_val = split == "val";
  if (!row.on_val && split != "test") return false;
  if (!take(line, row.evaluated.loss) || !take(line, row.evaluated.accuracy)) return false;
  row.weights_sha256 = take_text(line);
  return !row.weights_sha256.empty() && line.empty();
}

}  // namespace

nlohmann::ordered_json epoch_event(const EpochFinished& epoch) {
  nlohmann::ordered_json json = event("epoch");
  json["epoch"] = epoch.epoch;
  json["step"] = epoch.step;
  json["lr"] = epoch.learning_rate;
  json["train"] = to_json(epoch.train);
  json[epoch.on_val ? "val" : "test"] = to_json(epoch.evaluated);
  json["seconds"] = {{"train", epoch.seconds.train}, {"evaluate", epoch.seconds.evaluate}};
  json["images_per_second"] = epoch.images_per_second;
  json["weights_sha256"] = epoch.weights_sha256;
  return json;
}

std::vector<std::pair<std::string, double>> epoch_scalars(const EpochFinished& epoch) {
  const std::string split = epoch.on_val ? "val" : "test";
  return {{"loss/train", epoch.train.loss},         {"loss/" + split, epoch.evaluated.loss},
          {"accuracy/train", epoch.train.accuracy}, {"accuracy/" + split, epoch.evaluated.accuracy},
          {"learning_rate", epoch.learning_rate},   {"images_per_second", epoch.images_per_second}};
}

std::string metrics_csv_header() {
  return "epoch,step,lr,train_loss,train_accuracy,split,loss,accuracy,weights_sha256\n";
}

std::string metrics_csv_row(const EpochFinished& epoch) {
  return fmt::format(
      "{},{},{},{},{},{},{},{},{}\n", epoch.epoch, epoch.step, json_text(epoch.learning_rate),
      json_text(epoch.train.loss), json_text(epoch.train.accuracy), epoch.on_val ? "val" : "test",
      json_text(epoch.evaluated.loss), json_text(epoch.evaluated.accuracy), epoch.weights_sha256);
}

std::vector<EpochFinished> parse_metrics_csv(std::string_view bytes, const std::string& name) {
  const auto refuse = [&](std::size_t line, const std::string& why) {
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("cannot read '{}': line {} {}", name, line, why),
                "restore the file as the run wrote it");
  };
  const std::string header = metrics_csv_header();
  if (!bytes.starts_with(header)) refuse(1, "is not the header of a run's metrics");
  bytes.remove_prefix(header.size());
  std::vector<EpochFinished> rows;
  for (std::size_t line = 2; !bytes.empty(); ++line) {
    const std::size_t end = bytes.find('\n');
    EpochFinished row;
    if (end == std::string_view::npos || !read_row(bytes.substr(0, end), row))
      refuse(line, "is not a finished epoch");
    rows.push_back(row);
    bytes.remove_prefix(end + 1);
  }
  return rows;
}

std::string first_epochs(std::string_view bytes, std::uint64_t epochs) {
  const std::string header = metrics_csv_header();
  if (!bytes.starts_with(header)) return {};
  std::size_t end = header.size();
  for (std::uint64_t row = 0; row < epochs; ++row) {
    const std::size_t newline = bytes.find('\n', end);
    if (newline == std::string_view::npos) break;
    end = newline + 1;
  }
  return std::string(bytes.substr(0, end));
}

}  // namespace fmnist
