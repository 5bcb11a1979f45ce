#include "tensorboard/events.h"

#include <chrono>
#include <protozero/pbf_writer.hpp>

#include "fmnist/image/png_writer.h"

namespace fmnist {
namespace {

// Field numbers, named as in the .proto files.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SessionLogField { kStatus = 1 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4 };
enum ImageField { kHeight = 1, kWidth = 2, kColorspace = 3, kEncodedImageString = 4 };

constexpr std::int32_t kSessionStart = 1;
constexpr std::int32_t kGrayscale = 1;

/// An event at `step` that holds what `fill` adds.
template <class Fill>
std::string event(std::uint64_t step, Fill&& fill) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string bytes;
  {
    protozero::pbf_writer writer(bytes);
    writer.add_double(kWallTime, std::chrono::duration<double>(now).count());
    writer.add_int64(kStep, static_cast<std::int64_t>(step));
    fill(writer);
  }  // writers of messages inside it put their lengths in place when they go
  return bytes;
}

}  // namespace

std::string version_event() {
  return event(0, [](auto& writer) { writer.add_string(kFileVersion, "brain.Event:2"); });
}

std::string restart_event(std::uint64_t step) {
  const std::uint64_t first_dropped = step + 1;
  return event(first_dropped, [](auto& writer) {
    protozero::pbf_writer(writer, kSessionLog).add_enum(kStatus, kSessionStart);
  });
}

std::string scalars_event(std::uint64_t step,
                          const std::vector<std::pair<std::string, double>>& scalars) {
  return event(step, [&](auto& writer) {
    protozero::pbf_writer summary(writer, kSummary);
    for (const auto& [tag, number] : scalars) {
      protozero::pbf_writer value(summary, kValue);
      value.add_string(kTag, tag);
      value.add_float(kSimpleValue, static_cast<float>(number));
    }
  });
}

std::string image_event(std::uint64_t step, const std::string& tag, const Picture& picture) {
  return event(step, [&](auto& writer) {
    protozero::pbf_writer summary(writer, kSummary);
    protozero::pbf_writer value(summary, kValue);
    value.add_string(kTag, tag);
    protozero::pbf_writer image(value, kImage);
    image.add_int32(kHeight, picture.height);
    image.add_int32(kWidth, picture.width);
    image.add_int32(kColorspace, kGrayscale);
    image.add_bytes(kEncodedImageString, encode_png(picture));
  });
}

}  // namespace fmnist
