#include "fmnist/run/provenance.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fmnist {
namespace {

Provenance sample() {
  return {.program_version = "1.2.3",
          .libtorch_version = "2.15.0",
          .engine = {EngineChoice::kTorch, "cuda:1", 2, "avx2"},
          .data = {"/data", "abc", true}};
}

TEST(ProvenanceTest, HasOneJsonForm) {
  EXPECT_EQ(to_json(sample()).dump(),
            R"({"version":"1.2.3","libtorch_version":"2.15.0",)"
            R"("engine":{"name":"torch","device":"cuda:1","threads":2,"isa":"avx2"},)"
            R"("data":{"dir":"/data","sha256":"abc","verified":true}})");
}

TEST(ProvenanceTest, ComesBackFromIt) {
  EXPECT_EQ(provenance_from_json(nlohmann::json(to_json(sample()))), sample());
}

TEST(ProvenanceTest, OfASweepOfBeforeIsReadToo) {
  nlohmann::json before = to_json(sample());
  before["engine"] = {{"name", "fused"}, {"device", "cpu"}, {"isa", "avx2"}};
  before["data"].erase("dir");
  EXPECT_EQ(provenance_from_json(before).engine,
            (EngineInfo{EngineChoice::kFused, "cpu", 0, "avx2"}));
  EXPECT_EQ(provenance_from_json(before).data.sha256, "abc");
}

TEST(ProvenanceTest, OfAnUnknownEngineIsRefused) {
  nlohmann::json other = to_json(sample());
  other["engine"]["name"] = "steam";
  EXPECT_THROW(provenance_from_json(other), std::invalid_argument);
  other.erase("engine");
  EXPECT_THROW(provenance_from_json(other), nlohmann::json::exception);
}

}  // namespace
}  // namespace fmnist
