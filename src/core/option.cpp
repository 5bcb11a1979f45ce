#include "fmnist/core/option.h"

#include <fmt/format.h>

#include <algorithm>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {

std::string OptionInfo::key() const {
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string OptionInfo::typed() const { return fmt::format("{}{}", positional ? "" : "--", name); }

std::string typed_text(const nlohmann::json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return to_text(value.get<double>());
  return value.dump();
}

std::string Range::text() const {
  return fmt::format("{} to {}{}", to_text(low), open ? "below " : "", to_text(high));
}

void reject_value(const OptionInfo& info, std::string_view text) {
  throw Error(
      ErrorKind::kUsage, fmt::format("{} takes {}, not '{}'", info.typed(), info.expected, text),
      info.group == OptionGroup::kCommand ? "see the command's --help" : "see fmnist-train --help");
}

std::optional<bool> Form<bool>::read(std::string_view text) {
  if (text != "true" && text != "false") return std::nullopt;
  return text == "true";
}

std::optional<std::filesystem::path> Form<std::filesystem::path>::read(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::filesystem::path(text);
}

std::optional<DeviceRequest> Form<DeviceRequest>::read(std::string_view text) {
  constexpr std::string_view kPrefix = "cuda:";
  if (text == "auto") return DeviceRequest{};
  if (text == "cpu") return DeviceRequest{DeviceRequest::Kind::kCpu, std::nullopt};
  if (text == "cuda") return DeviceRequest{DeviceRequest::Kind::kCuda, std::nullopt};
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto index = Form<int>::read(text.substr(kPrefix.size()));
  if (!index || *index < 0 || *index > 127) return std::nullopt;
  return DeviceRequest{DeviceRequest::Kind::kCuda, index};
}

std::optional<CheckpointInterval> Form<CheckpointInterval>::read(std::string_view text) {
  const bool in_batches = text.ends_with('b');
  if (in_batches) text.remove_suffix(1);
  const auto count = Form<std::uint64_t>::read(text);
  if (!count || *count < 1 || *count > 1'000'000'000) return std::nullopt;
  return CheckpointInterval{*count, in_batches};
}

nlohmann::json Form<CheckpointInterval>::json(const CheckpointInterval& value) {
  return fmt::format("{}{}", value.count, value.in_batches ? "b" : "");
}

/// Seconds from "90", "90s", "10m", "1.5h", "1h30m".
std::optional<Seconds> Form<Seconds>::read(std::string_view text) {
  double total = 0.0;
  if (const auto seconds = Form<double>::read(text)) {
    total = *seconds;
    text = {};
  }
  while (!text.empty()) {
    const std::size_t unit = text.find_first_of("smhd");
    if (unit == std::string_view::npos) return std::nullopt;
    const auto count = Form<double>::read(text.substr(0, unit));
    if (!count || *count < 0.0) return std::nullopt;
    total += *count * (text[unit] == 's'   ? 1.0
                       : text[unit] == 'm' ? 60.0
                       : text[unit] == 'h' ? 3600.0
                                           : 86400.0);
    text.remove_prefix(unit + 1);
  }
  if (!(total > 0.0 && total <= 1e9)) return std::nullopt;
  return Seconds(total);
}

}  // namespace fmnist
