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
#include "run/changed_checkpoint.h"

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

RunPosition sample_position() {
  RunPosition position;
  position.state = sample_state();
  position.epochs = 2;
  return position;
}

Config sample_config() {
  Config config;
  config.epochs = 40;
  config.data_dir = "/tmp/\xc3\xbc \"x\"";
  config.json = true;  // a wish for one call
  return config;
}

Provenance sample_provenance() {
  return {.program_version = "0.1.0",
          .libtorch_version = "2.15.0",
          .engine = {EngineChoice::kFused, "cpu", 3, "avx2"},
          .data = {"/data", std::string(64, 'a'), true}};
}

std::string state_bytes(const RunPosition& position = sample_position()) {
  return encode_state(position, sample_config(), sample_provenance());
}

std::string model_bytes(const Provenance& provenance = sample_provenance()) {
  RunResult result;
  result.epochs = 2;
  result.step = 1876;
  result.parameters = sample_state().parameters;
  return encode_model(result, sample_config(), provenance);
}

std::size_t header_end(const std::string& bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return 8 + length;
}

/// The error that decoding `bytes` gives, or an empty text when they are accepted.
std::string problem(std::string_view bytes) {
  try {
    decode_model(bytes, "file");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return {};
}

/// What a checkpoint keeps of a provenance.
void expect_provenance(const Provenance& found) {
  Provenance expected = sample_provenance();
  expected.engine.isa = "";
  expected.data = {"", expected.data.sha256, false};
  EXPECT_EQ(found, expected);
}

TEST(Checkpoint, ATrainingStateIsReadBackWhole) {
  const SavedRun run = decode_state(state_bytes(), "file");
  EXPECT_EQ(run.position.state, sample_state());
  EXPECT_EQ(run.position.epochs, 2U);
  expect_provenance(run.provenance);
}

TEST(Checkpoint, ATrainingStateIsAModelToo) {
  const TrainedModel model = decode_model(state_bytes(), "file");
  EXPECT_EQ(model.parameters, sample_state().parameters);
  EXPECT_EQ(model.epoch, 2U);
}

TEST(Checkpoint, TheBestEpochsParametersAreReadBackAndVerified) {
  RunPosition position = sample_position();
  position.best = BestEpoch{1, {}, {}, filled(5.0F)};
  const std::string bytes = state_bytes(position);
  EXPECT_EQ(decode_state(bytes, "file").position.best->parameters, filled(5.0F));
  const std::string other = changed(
      bytes, true, [](SafetensorsFile& file) { file.tensors.back().bytes.back() ^= std::byte{1}; });
  EXPECT_THAT(problem(other), testing::HasSubstr("SHA-256 of its tensors"));
}

TEST(Checkpoint, AModelIsReadBackWithWhereItComesFrom) {
  const TrainedModel model = decode_model(model_bytes(), "file");
  EXPECT_EQ(model.parameters, sample_state().parameters);
  EXPECT_EQ(model.epoch, 2U);
  expect_provenance(model.provenance.value());
  EXPECT_EQ(model.config.value().data_dir, sample_config().data_dir);
}

TEST(Checkpoint, EveryBitOfTheValuesIsKept) {
  RunPosition position = sample_position();
  TrainState& state = position.state;
  for (std::uint32_t i = 0; i < kParameterCount; ++i) {
    // Walks through NaN payloads, infinities, denormals and negative zero too.
    state.parameters.values[i] = std::bit_cast<float>(i * 196'613U);
  }
  state.momentum.values[0] = std::bit_cast<float>(0x7fc01234U);
  state.momentum.values[1] = -0.0F;
  const TrainState read = decode_state(state_bytes(position), "file").position.state;
  const std::size_t size = kParameterCount * sizeof(float);
  EXPECT_EQ(std::memcmp(read.parameters.values.data(), state.parameters.values.data(), size), 0);
  EXPECT_EQ(std::memcmp(read.momentum.values.data(), state.momentum.values.data(), size), 0);
}

TEST(Checkpoint, TheStepIsThatOfTheState) {
  RunPosition position = sample_position();
  position.state.step = UINT64_MAX;
  EXPECT_EQ(decode_state(state_bytes(position), "file").position.state.step, UINT64_MAX);
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
  const auto config = nlohmann::json::parse(metadata.at("config"));
  EXPECT_EQ(config["epochs"], 40);
  EXPECT_EQ(config["data_dir"], sample_config().data_dir->string());
  EXPECT_EQ(config["engine"], "fused");  // the machine's part as resolved
  EXPECT_EQ(config["device"], "cpu");
  EXPECT_EQ(config["threads"], 3);
  EXPECT_FALSE(config.contains("json"));
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
  EXPECT_EQ(metadata.at("resume.device"), "cpu");
  EXPECT_EQ(nlohmann::json::parse(metadata.at("resume.progress"))["seconds"], 0.0);
  const TrainState state = sample_state();
  EXPECT_EQ(metadata.at("tensors_sha256"),
            sha256_hex_of({std::as_bytes(std::span(state.parameters.values)),
                           std::as_bytes(std::span(state.momentum.values))}));
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
  EXPECT_EQ(problem(with_metadata(state_bytes(), "format_version", "2")),
            "cannot read 'file': it was written by a newer program: its format version is 2, this "
            "program reads 1");
  EXPECT_NE(problem(with_metadata(state_bytes(), "format_version", "0")), "");
  EXPECT_NE(problem(with_metadata(state_bytes(), "format_version", "one")), "");
  EXPECT_NE(problem(with_metadata(state_bytes(), "format_version", "")), "");
}

TEST(Checkpoint, UnknownMetadataOfTheSameVersionIsPassedOver) {
  EXPECT_EQ(problem(with_metadata(state_bytes(), "more", "text")), "");
}

TEST(Checkpoint, CountersMustBeWholeNumbers) {
  for (const std::string value :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616"}) {
    EXPECT_NE(problem(with_metadata(state_bytes(), "epoch", value)).find("expected a whole number"),
              std::string::npos)
        << value;
    EXPECT_NE(problem(with_metadata(state_bytes(), "step", value)), "") << value;
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

TEST(Checkpoint, AModelFromPythonSaysNothingOfItsTraining) {
  // As safetensors.torch.save_file writes a state_dict: sorted by name, other metadata or none.
  const std::string bytes = changed(model_bytes(), false, [](SafetensorsFile& file) {
    file.metadata = {{"format", "pt"}, {"epoch", "about 3"}};
    std::swap(file.tensors[0], file.tensors[1]);
  });
  const TrainedModel model = decode_model(bytes, "file");
  EXPECT_EQ(model.parameters, sample_state().parameters);
  EXPECT_FALSE(model.provenance);
  EXPECT_FALSE(model.config);
  EXPECT_FALSE(model.epoch);
}

TEST(Checkpoint, AModelOfBeforeIsReadToo) {
  const auto path =
      std::filesystem::path(FMNIST_SOURCE_DIR) / "tests/fuzz/corpus/safetensors/checkpoint";
  const TrainedModel model = load_model(path);
  EXPECT_EQ(model.epoch, 2U);
  EXPECT_EQ(model.config.value().epochs, 40U);
  EXPECT_EQ(model.provenance.value().program_version, "0.1.0");
}

TEST(Checkpoint, TheOrderOfTheTensorsInTheFileIsFree) {
  // Python writes a loaded training state back sorted by name.
  const std::string bytes = changed(state_bytes(), false, [](SafetensorsFile& file) {
    std::ranges::sort(file.tensors, {}, &Tensor::name);
  });
  ASSERT_NE(bytes, state_bytes());
  EXPECT_EQ(decode_state(bytes, "file").position.state, sample_state());
}

TEST(Checkpoint, MomentumWithoutMetadataIsNoTrainingState) {
  EXPECT_NE(
      problem(changed(state_bytes(), false, [](SafetensorsFile& file) { file.metadata.clear(); }))
          .find("not the metadata of a training state"),
      std::string::npos);
}

TEST(Checkpoint, TextThatIsNotUtf8IsRefusedWhenWriting) {
  Provenance provenance = sample_provenance();
  provenance.program_version = "\xff";
  EXPECT_THROW(model_bytes(provenance), Error);
}

TEST(Checkpoint, FilesAreLoadedOrRefusedByName) {
  const auto directory = std::filesystem::path(testing::TempDir()) /
                         ("fmnist_checkpoint_" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const auto path = directory / "last.safetensors";
  const auto load_problem = [&]() -> std::string {
    try {
      load_model(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      return error.what();
    }
    return {};
  };
  EXPECT_NE(load_problem().find(path.string()), std::string::npos);
  write_file_atomically(path, state_bytes());
  EXPECT_EQ(load_saved_run(path).position.state, sample_state());
  std::ofstream(path) << "text";
  EXPECT_NE(load_problem().find(path.string()), std::string::npos);
  std::filesystem::resize_file(path, std::uintmax_t{1} << 33);  // 8 GiB, without blocks
  EXPECT_NE(load_problem().find("a checkpoint has at most"), std::string::npos);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace fmnist
