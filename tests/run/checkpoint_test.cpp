#include "fmnist/run/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "fmnist/core/digest.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/run/safetensors.h"

namespace fmnist {
namespace {

Parameters filled(float first) {
  Parameters parameters;
  for (float& value : parameters.values) value = first += 0.25F;
  return parameters;
}

TrainState sample_state() {
  return {.parameters = filled(-2000.0F), .momentum = filled(0.0F), .step = 1876};
}

CheckpointInfo sample_info() {
  return {.epoch = 2,
          .step = 1876,
          .config_json = R"({"epochs":40,"data_dir":"/tmp/ü \"x\""})",
          .engine = "fused",
          .program_version = "0.1.0",
          .libtorch_version = "2.15.0",
          .data_sha256 = std::string(64, 'a'),
          .resume = {{"seconds", "12.5"}, {"loss_sum", "0x1.8p+3"}}};
}

std::string state_bytes() { return encode_training_state(sample_state(), nullptr, sample_info()); }

std::string model_bytes() { return encode_model(sample_state().parameters, sample_info()); }

std::size_t header_end(const std::string& bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return 8 + length;
}

/// The error that decoding `bytes` gives, or an empty text when they are accepted.
std::string problem(std::string_view bytes) {
  try {
    decode_checkpoint(bytes, "file");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return {};
}

/// A checkpoint changed by `change`; with `seal` its metadata digest is made to fit again.
std::string changed(const std::string& bytes, bool seal,
                    const std::function<void(SafetensorsFile&)>& change) {
  SafetensorsFile file = parse_safetensors(bytes, "file");
  change(file);
  if (seal) {
    file.metadata.erase("metadata_sha256");
    const std::string text = nlohmann::json(file.metadata).dump();
    file.metadata["metadata_sha256"] = sha256_hex(std::as_bytes(std::span(text)));
  }
  return to_safetensors(file);
}

std::string with_metadata(const std::string& key, const std::string& value) {
  return changed(state_bytes(), true, [&](SafetensorsFile& file) { file.metadata[key] = value; });
}

TEST(Checkpoint, ATrainingStateIsReadBackWhole) {
  const Checkpoint checkpoint = decode_checkpoint(state_bytes(), "file");
  EXPECT_EQ(checkpoint.parameters, sample_state().parameters);
  ASSERT_TRUE(checkpoint.state);
  EXPECT_EQ(*checkpoint.state, sample_state());
  ASSERT_TRUE(checkpoint.info);
  EXPECT_EQ(*checkpoint.info, sample_info());
}

TEST(Checkpoint, TheBestEpochsParametersAreReadBackAndVerified) {
  const Parameters best = filled(5.0F);
  const std::string bytes = encode_training_state(sample_state(), &best, sample_info());
  EXPECT_EQ(decode_checkpoint(bytes, "file").best, best);
  const std::string other = changed(
      bytes, true, [](SafetensorsFile& file) { file.tensors.back().bytes.back() ^= std::byte{1}; });
  EXPECT_THAT(problem(other), testing::HasSubstr("SHA-256 of its tensors"));
}

TEST(Checkpoint, AModelIsReadBackWithoutState) {
  const Checkpoint checkpoint = decode_checkpoint(model_bytes(), "file");
  EXPECT_EQ(checkpoint,
            (Checkpoint{sample_state().parameters, std::nullopt, std::nullopt, sample_info()}));
}

TEST(Checkpoint, EveryBitOfTheValuesIsKept) {
  TrainState state = sample_state();
  for (std::uint32_t i = 0; i < kParameterCount; ++i) {
    // Walks through NaN payloads, infinities, denormals and negative zero too.
    state.parameters.values[i] = std::bit_cast<float>(i * 196'613U);
  }
  state.momentum.values[0] = std::bit_cast<float>(0x7fc01234U);
  state.momentum.values[1] = -0.0F;
  const Checkpoint read = decode_checkpoint(encode_training_state(state, nullptr, {}), "file");
  const std::size_t size = kParameterCount * sizeof(float);
  EXPECT_EQ(std::memcmp(read.state->parameters.values.data(), state.parameters.values.data(), size),
            0);
  EXPECT_EQ(std::memcmp(read.state->momentum.values.data(), state.momentum.values.data(), size), 0);
}

TEST(Checkpoint, TheStepIsThatOfTheState) {
  TrainState state = sample_state();
  state.step = UINT64_MAX;
  const Checkpoint read =
      decode_checkpoint(encode_training_state(state, nullptr, sample_info()), "file");
  EXPECT_EQ(read.state->step, UINT64_MAX);
  EXPECT_EQ(read.info->step, UINT64_MAX);
}

TEST(Checkpoint, AModelHoldsJustTheEightParametersInOrder) {
  const auto file = parse_safetensors(model_bytes(), "file");
  ASSERT_EQ(file.tensors.size(), kParameters.size());
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    EXPECT_EQ(file.tensors[i].name, kParameters[i].name);
  }
  EXPECT_EQ(file.metadata.at("tensors_sha256"), fingerprint(sample_state().parameters));
}

TEST(Checkpoint, TheMetadataHoldsWhatTheContractSays) {
  const auto metadata = parse_safetensors(state_bytes(), "file").metadata;
  EXPECT_EQ(metadata.at("format_version"), "1");
  EXPECT_EQ(metadata.at("epoch"), "2");
  EXPECT_EQ(metadata.at("step"), "1876");
  EXPECT_EQ(metadata.at("config"), sample_info().config_json);
  const auto classes = nlohmann::json::parse(metadata.at("class_names"));
  ASSERT_EQ(classes.size(), 10U);
  EXPECT_EQ(classes[0], "T-shirt/top");
  EXPECT_EQ(classes[9], "Ankle boot");
  EXPECT_EQ(metadata.at("mean"), "0.1307");
  EXPECT_EQ(metadata.at("std"), "0.3081");
  EXPECT_EQ(metadata.at("engine"), "fused");
  EXPECT_EQ(metadata.at("program_version"), "0.1.0");
  EXPECT_EQ(metadata.at("libtorch_version"), "2.15.0");
  EXPECT_EQ(metadata.at("data_sha256"), std::string(64, 'a'));
  EXPECT_EQ(metadata.at("resume.seconds"), "12.5");
  const TrainState state = sample_state();
  EXPECT_EQ(metadata.at("tensors_sha256"),
            Sha256()
                .update(std::as_bytes(std::span(state.parameters.values)))
                .update(std::as_bytes(std::span(state.momentum.values)))
                .hex());
  EXPECT_EQ(metadata.size(), 15U);
}

TEST(Checkpoint, EqualContentGivesEqualBytes) { EXPECT_EQ(state_bytes(), state_bytes()); }

TEST(Checkpoint, AFlippedByteIsAlwaysNoticed) {
  for (const std::string& bytes : {model_bytes(), state_bytes()}) {
    ASSERT_EQ(problem(bytes), "");
    std::string flipped = bytes;
    const auto expect_noticed = [&](std::size_t position, int mask) {
      flipped[position] = static_cast<char>(bytes[position] ^ mask);
      EXPECT_NE(problem(flipped), "") << "byte " << position << " mask " << mask;
      flipped[position] = bytes[position];
    };
    for (std::size_t i = 0; i < header_end(bytes); ++i) {
      for (const int mask : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80}) {
        expect_noticed(i, mask);
      }
      if (bytes[i] == ' ') expect_noticed(i, ' ' ^ '\n');  // other space after the JSON
    }
    for (std::size_t i = header_end(bytes); i < bytes.size(); i += 97) expect_noticed(i, 0xff);
    for (std::size_t i = header_end(bytes); i < bytes.size(); i += 997) expect_noticed(i, 0x01);
    expect_noticed(bytes.size() - 1, 0x80);
  }
}

TEST(Checkpoint, ACutOrLongerFileIsAlwaysNoticed) {
  for (const std::string& bytes : {model_bytes(), state_bytes()}) {
    const std::string_view view = bytes;
    for (std::size_t length = 0; length < bytes.size();
         length += length < header_end(bytes) + 8 ? 1 : 97) {
      EXPECT_NE(problem(view.substr(0, length)), "") << length;
    }
    EXPECT_NE(problem(view.substr(0, bytes.size() - 1)), "");
    EXPECT_NE(problem(bytes + '\0'), "");
    EXPECT_NE(problem(bytes + bytes), "");
  }
}

TEST(Checkpoint, ChangedMetadataIsNoticedEvenWhereTheFormatAllowsIt) {
  for (const auto& [key, value] : parse_safetensors(state_bytes(), "file").metadata) {
    EXPECT_NE(problem(changed(state_bytes(), false,
                              [&](SafetensorsFile& file) { file.metadata[key] += '0'; })),
              "")
        << key;
    EXPECT_NE(problem(changed(state_bytes(), false,
                              [&](SafetensorsFile& file) { file.metadata.erase(key); })),
              "")
        << key;
  }
  EXPECT_NE(problem(changed(state_bytes(), false,
                            [](SafetensorsFile& file) { file.metadata["more"] = "text"; })),
            "");
}

TEST(Checkpoint, ExchangedTensorsAreNoticed) {
  EXPECT_NE(problem(changed(state_bytes(), true,
                            [](SafetensorsFile& file) {
                              for (std::size_t i = 0; i < 8; ++i) {
                                std::swap(file.tensors[i].bytes, file.tensors[i + 8].bytes);
                              }
                            }))
                .find("the SHA-256 of its tensors"),
            std::string::npos);
}

TEST(Checkpoint, ANewerFormatIsNamedSo) {
  EXPECT_EQ(problem(with_metadata("format_version", "2")),
            "cannot read 'file': it was written by a newer program: its format version is 2, this "
            "program reads 1");
  EXPECT_NE(problem(with_metadata("format_version", "0")), "");
  EXPECT_NE(problem(with_metadata("format_version", "one")), "");
  EXPECT_NE(problem(with_metadata("format_version", "")), "");
}

TEST(Checkpoint, UnknownMetadataOfTheSameVersionIsPassedOver) {
  EXPECT_EQ(problem(with_metadata("more", "text")), "");
}

TEST(Checkpoint, CountersMustBeWholeNumbers) {
  for (const std::string value :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616"}) {
    EXPECT_NE(problem(with_metadata("epoch", value)).find("expected a whole number"),
              std::string::npos)
        << value;
    EXPECT_NE(problem(with_metadata("step", value)), "") << value;
  }
}

TEST(Checkpoint, TensorsOfAnotherNetworkAreNamed) {
  const auto model_problem = [](const std::function<void(SafetensorsFile&)>& change) {
    return problem(changed(model_bytes(), true, change));
  };
  EXPECT_EQ(model_problem([](SafetensorsFile& file) {
              file.tensors[4].shape = {320, 50};
            }),
            "cannot read 'file': its tensor 'fc1.weight' is F32 [320, 50], expected F32 [50, 320]");
  EXPECT_EQ(model_problem([](SafetensorsFile& file) { file.tensors[7].dtype = Dtype::kI32; }),
            "cannot read 'file': its tensor 'fc2.bias' is I32 [10], expected F32 [10]");
  EXPECT_EQ(model_problem([](SafetensorsFile& file) { file.tensors.pop_back(); }),
            "cannot read 'file': it has no tensor 'fc2.bias'");
  EXPECT_NE(model_problem([](SafetensorsFile& file) {
              file.tensors[0].name = "conv3.weight";
            }).find("it has a tensor \"conv3.weight\", expected exactly the eight parameters"),
            std::string::npos);
  EXPECT_NE(model_problem([](SafetensorsFile& file) {
              file.tensors.push_back(file.tensors[0]);
              file.tensors.back().name = "extra";
            }).find("\"extra\""),
            std::string::npos);
  EXPECT_NE(
      problem(changed(state_bytes(), true, [](SafetensorsFile& file) { file.tensors.pop_back(); }))
          .find("it has no tensor 'momentum.fc2.bias'"),
      std::string::npos);
}

TEST(Checkpoint, AModelFromPythonHasNoInfo) {
  // As safetensors.torch.save_file writes a state_dict: sorted by name, other metadata or none.
  const std::string bytes = changed(model_bytes(), false, [](SafetensorsFile& file) {
    file.metadata = {{"format", "pt"}, {"epoch", "about 3"}};
    std::swap(file.tensors[0], file.tensors[1]);
  });
  const Checkpoint checkpoint = decode_checkpoint(bytes, "file");
  EXPECT_EQ(checkpoint.parameters, sample_state().parameters);
  EXPECT_FALSE(checkpoint.info);
  EXPECT_FALSE(checkpoint.state);
}

TEST(Checkpoint, TheOrderOfTheTensorsInTheFileIsFree) {
  // Python writes a loaded training state back sorted by name.
  const std::string bytes = changed(state_bytes(), false, [](SafetensorsFile& file) {
    std::ranges::sort(file.tensors, {}, &Tensor::name);
  });
  ASSERT_NE(bytes, state_bytes());
  EXPECT_EQ(decode_checkpoint(bytes, "file"), decode_checkpoint(state_bytes(), "file"));
}

TEST(Checkpoint, MomentumWithoutMetadataIsNoTrainingState) {
  EXPECT_NE(
      problem(changed(state_bytes(), false, [](SafetensorsFile& file) { file.metadata.clear(); }))
          .find("not the metadata of a training state"),
      std::string::npos);
}

TEST(Checkpoint, TextThatIsNotUtf8IsRefusedWhenWriting) {
  CheckpointInfo info = sample_info();
  info.config_json = "\xff";
  EXPECT_THROW(encode_model(filled(0.0F), info), Error);
}

TEST(Checkpoint, FilesAreLoadedOrRefusedByName) {
  const auto directory = std::filesystem::path(testing::TempDir()) /
                         ("fmnist_checkpoint_" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const auto path = directory / "last.safetensors";
  const auto load_problem = [&]() -> std::string {
    try {
      load_checkpoint(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      return error.what();
    }
    return {};
  };
  EXPECT_NE(load_problem().find(path.string()), std::string::npos);
  write_file_atomically(path, state_bytes());
  EXPECT_EQ(*load_checkpoint(path).state, sample_state());
  std::ofstream(path) << "text";
  EXPECT_NE(load_problem().find(path.string()), std::string::npos);
  std::filesystem::resize_file(path, std::uintmax_t{1} << 33);  // 8 GiB, without blocks
  EXPECT_NE(load_problem().find("a checkpoint has at most"), std::string::npos);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace fmnist
