#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmnist/train/events.h"

namespace fmnist {

/// What is written of a finished epoch, in every form: a new figure is a field of `EpochFinished`
/// and a line in each of these.

/// The `epoch` event.
nlohmann::ordered_json epoch_event(const EpochFinished& epoch);

/// The figures for charts with their tags, such as "loss/train".
std::vector<std::pair<std::string, double>> epoch_scalars(const EpochFinished& epoch);

/// The header and one row (newline included) of metrics.csv. It holds no times: a resumed run
/// writes the same bytes as one that was never stopped.
std::string metrics_csv_header();
std::string metrics_csv_row(const EpochFinished& epoch);

/// The epochs in a metrics.csv that a run of this program wrote, without times and parameters;
/// `name` stands for it in messages. A last line without its end, as after a copy that was cut, is
/// an error like every other. Throws `Error` (kCheckpoint).
std::vector<EpochFinished> parse_metrics_csv(std::string_view bytes, const std::string& name);

/// The header and the rows of the first `epochs` epochs of a metrics.csv, fewer where it lacks
/// some; nothing without a header.
std::string first_epochs(std::string_view bytes, std::uint64_t epochs);

}  // namespace fmnist
