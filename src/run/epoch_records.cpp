#include "fmnist/run/epoch_records.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <type_traits>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"
#include "fmnist/run/results.h"

namespace fmnist {
namespace {

/// Takes the fields of one line, first to last.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view next() {
    const std::size_t comma = rest_.find(',');
    const std::string_view field = rest_.substr(0, comma);
    rest_ = comma == std::string_view::npos ? std::string_view() : rest_.substr(comma + 1);
    return field;
  }
  /// Reads the next field; `null` is what a number that is not finite is written as.
  template <class Number>
  bool read(Number& value) {
    const std::string_view field = next();
    if (std::is_floating_point_v<Number> && field == "null") {
      value = std::numeric_limits<Number>::quiet_NaN();
      return true;
    }
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    return !field.empty() && error == std::errc{} && end == field.data() + field.size();
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_row(std::string_view line, EpochFinished& row) {
  Fields fields(line);
  if (!fields.read(row.epoch) || !fields.read(row.step) || !fields.read(row.learning_rate) ||
      !fields.read(row.train.loss) || !fields.read(row.train.accuracy))
    return false;
  const std::string_view split = fields.next();
  row.on_val = split == "val";
  if (!row.on_val && split != "test") return false;
  if (!fields.read(row.evaluated.loss) || !fields.read(row.evaluated.accuracy)) return false;
  row.weights_sha256 = fields.next();
  return !row.weights_sha256.empty() && fields.at_end();
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
