#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tensorboard/record.h"

namespace fmnist {

/// An event as a reader finds it.
struct ReadEvent {
  std::int64_t step = 0;
  std::string file_version = {};
  std::optional<int> session_status = {};
  std::map<std::string, float> scalars = {};
  std::map<std::string, std::string> images = {};  // PNG files
};

inline void read_value(protozero::pbf_reader value, ReadEvent& event) {
  std::string tag;
  while (value.next()) {
    if (value.tag() == 1) {
      tag = value.get_string();
    } else if (value.tag() == 2) {
      event.scalars[tag] = value.get_float();
    } else if (value.tag() == 4) {
      protozero::pbf_reader image = value.get_message();
      while (image.next(4)) event.images[tag] = image.get_bytes();
    } else {
      value.skip();
    }
  }
}

inline ReadEvent read_event(std::string_view bytes) {
  ReadEvent read;
  protozero::pbf_reader event(bytes.data(), bytes.size());
  while (event.next()) {
    if (event.tag() == 2) {
      read.step = event.get_int64();
    } else if (event.tag() == 3) {
      read.file_version = event.get_string();
    } else if (event.tag() == 5) {
      protozero::pbf_reader summary = event.get_message();
      while (summary.next(1)) read_value(summary.get_message(), read);
    } else if (event.tag() == 7) {
      protozero::pbf_reader log = event.get_message();
      while (log.next(1)) read.session_status = log.get_enum();
    } else {
      event.skip();
    }
  }
  return read;
}

/// The events of a file, which must be whole records.
inline std::vector<ReadEvent> read_events(std::string_view file) {
  std::vector<ReadEvent> events;
  while (!file.empty()) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(file[0])) |
                        static_cast<std::size_t>(static_cast<unsigned char>(file[1])) << 8;
    const std::string_view data = file.substr(12, length);
    EXPECT_EQ(file.substr(0, 12 + length + 4), to_record(data));
    events.push_back(read_event(data));
    file.remove_prefix(12 + length + 4);
  }
  return events;
}

}  // namespace fmnist
