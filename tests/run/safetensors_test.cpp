#include "fmnist/run/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "fmnist/core/error.h"
#include "support/tensors.h"

namespace fmnist {
namespace {

template <typename T>
Tensor tensor_of(const std::string& name, Dtype dtype, std::vector<std::int64_t> shape,
                 const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {.name = name,
          .dtype = dtype,
          .shape = std::move(shape),
          .bytes = {bytes.begin(), bytes.end()}};
}

/// A file of every type, a scalar, an empty tensor and names that JSON must escape.
SafetensorsFile sample() {
  SafetensorsFile file;
  file.metadata = {{"plain", "text"}, {"quote\"\n", "{\"json\": [1, \"ä\"]}"}, {"", ""}};
  file.tensors = {tensor_of<double>("f64", Dtype::kF64, {2}, {0.1, -1e300}),
                  tensor_of<std::int64_t>("i64", Dtype::kI64, {1, 1}, {-5'000'000'000}),
                  tensor_of<float>("f32", Dtype::kF32, {2, 3}, {0, 1, 2, 3, 4, -5.5F}),
                  tensor_of<float>("empty", Dtype::kF32, {3, 0}, {}),
                  tensor_of<std::int32_t>("scalar", Dtype::kI32, {}, {-7}),
                  tensor_of<std::uint8_t>("ü \"u8\"", Dtype::kU8, {3}, {0, 128, 255})};
  return file;
}

std::string with_header(const std::string& header, const std::string& data = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

/// The error that reading `bytes` gives, or an empty text when they are accepted.
std::string problem(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "file");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return {};
}

std::string header_problem(const std::string& header, std::size_t data_size = 4) {
  return problem(with_header(header, std::string(data_size, 'x')));
}

const std::string kEntry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";

TEST(Safetensors, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(parse_safetensors(to_safetensors(sample()), "file"), sample());
  EXPECT_EQ(parse_safetensors(to_safetensors({}), "file"), SafetensorsFile{});
}

TEST(Safetensors, TheBytesAreThoseOfTheFormat) {
  SafetensorsFile file;
  file.metadata = {{"k", "v"}};
  file.tensors = {tensor_of<float>("a", Dtype::kF32, {1, 2}, {1.0F, -2.0F})};
  const std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(to_safetensors(file),
            with_header(header + padding, std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
  EXPECT_EQ(to_safetensors({}), with_header("{}      "));
}

TEST(Safetensors, ElementsKeepTheirBits) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto infinity = std::numeric_limits<float>::infinity();
  SafetensorsFile file;
  file.tensors = {tensor_of<float>("a", Dtype::kF32, {3}, {nan, -infinity, -0.0F})};
  const auto read = parse_safetensors(to_safetensors(file), "file");
  const auto values = elements<float>(*find_tensor(read, "a"));
  ASSERT_EQ(values.size(), 3U);
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], -infinity);
  EXPECT_TRUE(std::signbit(values[2]));
  EXPECT_EQ(elements<std::int64_t>(*find_tensor(sample(), "i64")),
            std::vector<std::int64_t>{-5'000'000'000});
  EXPECT_EQ(elements<std::int32_t>(*find_tensor(sample(), "scalar")),
            std::vector<std::int32_t>{-7});
  EXPECT_EQ(elements<std::uint8_t>(sample().tensors.back()),
            (std::vector<std::uint8_t>{0, 128, 255}));
  EXPECT_EQ(elements<double>(sample().tensors.front()), (std::vector<double>{0.1, -1e300}));
  EXPECT_TRUE(elements<float>(*find_tensor(sample(), "empty")).empty());
}

TEST(Safetensors, ATensorIsFoundByItsName) {
  EXPECT_EQ(find_tensor(sample(), "f32")->shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(find_tensor(sample(), "f33"), nullptr);
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirBytes) {
  const auto file =
      parse_safetensors(with_header(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
                                    R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                    "xy"),
                        "file");
  ASSERT_EQ(file.tensors.size(), 2U);
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(file.tensors[1].bytes[0], std::byte{'y'});
}

TEST(Safetensors, LooseJsonIsAccepted) {
  EXPECT_EQ(header_problem("{\n \"a\" :\t" + kEntry + " } "), "");
  EXPECT_EQ(header_problem(R"({"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}})"), "");
  EXPECT_EQ(header_problem(R"({"a":)" + kEntry + R"(,"__metadata__":{}})"), "");
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string bytes = to_safetensors(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(problem(bytes.substr(0, length)), "") << length;
  }
  EXPECT_NE(problem(bytes + '\0'), "");
}

TEST(Safetensors, EveryFlippedByteIsAnErrorOrReadsAsWritten) {
  const std::string bytes = to_safetensors(sample());
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int mask : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ mask);
      try {
        const auto file = parse_safetensors(flipped, "file");
        EXPECT_EQ(parse_safetensors(to_safetensors(file), "file"), file) << i;
        ++accepted;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      }
    }
  }
  EXPECT_GT(accepted, 0U) << "names, metadata and values may change: the format has no digest";
}

TEST(Safetensors, LengthOfTheHeaderIsChecked) {
  const auto length_problem = [](std::uint64_t length) {
    std::string bytes = to_safetensors(sample());
    std::memcpy(bytes.data(), &length, 8);
    return problem(bytes);
  };
  EXPECT_NE(length_problem(0).find("does not begin with '{'"), std::string::npos);
  EXPECT_NE(length_problem(1).find("does not end with '}'"), std::string::npos);
  EXPECT_NE(length_problem(100'000).find("says to have 100000 bytes, only"), std::string::npos);
  for (const std::uint64_t length : {std::uint64_t{1'000'001}, std::uint64_t{1} << 62,
                                     UINT64_MAX - 8, UINT64_MAX - 7, UINT64_MAX}) {
    EXPECT_NE(length_problem(length).find("at most 1000000"), std::string::npos) << length;
  }
}

TEST(Safetensors, WhatTorchSaveWritesIsNamedSo) {
  EXPECT_NE(problem(std::string("PK\3\4\0\0\x8\x8", 8)).find("zip archive"), std::string::npos);
}

TEST(Safetensors, TheMessageNamesTheFileAndTheTensor) {
  EXPECT_EQ(header_problem(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})"),
            "cannot read 'file': tensor \"a\" has 4 bytes, F32 [2] needs 8");
  EXPECT_EQ(header_problem(R"({"\u001b[1m":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})"),
            "cannot read 'file': tensor \"\\u001b[1m\" has the type \"F16\", expected one of U8, "
            "I32, I64, F32, F64");
}

TEST(Safetensors, OffsetsMustTileTheData) {
  const auto two = [](const std::string& first, const std::string& second, std::size_t size = 8) {
    return header_problem(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
                              R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}",
                          size);
  };
  EXPECT_EQ(two("[0,4]", "[4,8]"), "");
  EXPECT_NE(two("[0,4]", "[0,4]").find("without hole or overlap"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[2,6]").find("without hole or overlap"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[5,9]", 9).find("without hole or overlap"), std::string::npos);
  EXPECT_NE(two("[4,8]", "[8,12]", 12).find("without hole or overlap"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,8]", 9).find("but 9 follow"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,8]", 7).find("ends at byte 8"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,3]").find("ends at byte 3"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,18446744073709551615]").find("ends at byte"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[18446744073709551612,0]").find("without hole"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,18446744073709551616]").find("over 64 bits"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[-4,0]").find("negative"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,8.0]").find("fraction"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,8e0]").find("fraction"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,NaN]").find("JSON"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4]").find("1 data_offsets"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[4,8,8]").find("3 data_offsets"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[]").find("0 data_offsets"), std::string::npos);
}

TEST(Safetensors, ShapesMustNotOverflow) {
  const auto shaped = [](const std::string& shape) {
    return header_problem(R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,4]}})");
  };
  EXPECT_EQ(shaped("[]"), "");
  EXPECT_EQ(shaped("[1,1,1]"), "");
  EXPECT_NE(shaped("[0]"), "");
  // 2^32 * 2^32 * 4 and 2^62 * 4 + 4 are 0 and 4 in 64 bits.
  EXPECT_NE(shaped("[4294967296,4294967296]").find("more than 64 bits"), std::string::npos);
  EXPECT_NE(shaped("[4611686018427387905]").find("more than 64 bits"), std::string::npos);
  EXPECT_NE(shaped("[9223372036854775808]").find("over 63 bits"), std::string::npos);
  EXPECT_NE(shaped("[-1]").find("negative"), std::string::npos);
  EXPECT_NE(shaped("[\"1\"]").find("text out of place"), std::string::npos);
  EXPECT_NE(shaped("[[1]]").find("a list out of place"), std::string::npos);
  EXPECT_NE(shaped("[null]").find("null out of place"), std::string::npos);
  EXPECT_NE(shaped("1").find("a number out of place"), std::string::npos);
}

TEST(Safetensors, NothingIsReadTwoWays) {
  EXPECT_NE(header_problem(R"({"a":)" + kEntry + R"(,"a":)" + kEntry + "}")
                .find("the key \"a\" occurs twice"),
            std::string::npos);
  EXPECT_NE(header_problem(R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})")
                .find("the key \"shape\" occurs twice"),
            std::string::npos);
  EXPECT_NE(header_problem(R"({"__metadata__":{"k":"1","k":"2"},"a":)" + kEntry + "}")
                .find("the key \"k\" occurs twice"),
            std::string::npos);
  EXPECT_NE(header_problem(R"({"__metadata__":{},"__metadata__":{},"a":)" + kEntry + "}")
                .find("occurs twice"),
            std::string::npos);
  EXPECT_NE(header_problem(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":"1"}})")
                .find("unknown field"),
            std::string::npos);
  const std::string whole = R"({"a":)" + kEntry + "}";
  EXPECT_NE(header_problem(whole + std::string("\0", 1)).find("zero byte"), std::string::npos);
  EXPECT_NE(header_problem(whole + std::string("\0,}", 3)).find("zero byte"), std::string::npos);
  EXPECT_NE(header_problem(whole + "\n").find("does not end"), std::string::npos);
  EXPECT_NE(header_problem(whole + "{}").find("JSON"), std::string::npos);
  EXPECT_NE(header_problem(" " + whole).find("does not begin"), std::string::npos);
  EXPECT_NE(header_problem("\xef\xbb\xbf" + whole).find("does not begin"), std::string::npos);
}

TEST(Safetensors, OnlyTheFormOfAHeaderIsTaken) {
  for (const std::string header : {R"({"__metadata__":{"k":1}})",
                                   R"({"__metadata__":{"k":["v"]}})",
                                   R"({"__metadata__":{"k":{}}})",
                                   R"({"__metadata__":{"k":null}})",
                                   R"({"__metadata__":null})",
                                   R"({"__metadata__":"text"})",
                                   R"({"__metadata__":["k"]})",
                                   R"({"a":[]})",
                                   R"({"a":true})",
                                   R"({"a":-1})",
                                   R"({"a":{}})",
                                   R"({"a":{"dtype":"F32","shape":[]}})",
                                   R"({"a":{"dtype":["F32"],"shape":[],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"f32","shape":[],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"","shape":[],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":{},"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":"[]","data_offsets":[0,4]}})",
                                   "{\"\xff\":{}}",
                                   "{,}",
                                   "{]}",
                                   "{}}",
                                   R"({"a"})",
                                   R"({"a":})"}) {
    EXPECT_NE(header_problem(header, 0), "") << header;
    EXPECT_NE(header_problem(header, 4), "") << header;
  }
}

TEST(Safetensors, AnEntryNeedsAllThreeFields) {
  EXPECT_NE(header_problem(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})").find("lacks"),
            std::string::npos);
  EXPECT_NE(header_problem(R"({"a":{"dtype":"F32","shape":[1]}})").find("lacks"),
            std::string::npos);
  EXPECT_NE(header_problem(R"({"a":{"shape":[1],"data_offsets":[0,4]}})").find("lacks"),
            std::string::npos);
}

TEST(Safetensors, DeepNestingEndsAtOnce) {
  std::string lists = R"({"a":)";
  std::string objects;
  for (int i = 0; i < 150'000; ++i) {
    lists += '[';
    objects += R"({"a":)";
  }
  EXPECT_NE(header_problem(lists + "}").find("out of place"), std::string::npos);
  EXPECT_NE(header_problem(objects + "}").find("unknown field"), std::string::npos);
}

TEST(Safetensors, WhatCannotBeReadBackIsNotWritten) {
  const auto refuses = [](SafetensorsFile file) { EXPECT_THROW(to_safetensors(file), Error); };
  SafetensorsFile twice = sample();
  twice.tensors.push_back(twice.tensors.front());
  refuses(twice);
  SafetensorsFile reserved = sample();
  reserved.tensors.front().name = "__metadata__";
  refuses(reserved);
  SafetensorsFile misfit = sample();
  misfit.tensors.front().shape = {3};
  refuses(misfit);
  SafetensorsFile negative = sample();
  negative.tensors.front().shape = {-1, -2};
  refuses(negative);
  SafetensorsFile encoding = sample();
  encoding.metadata["path"] = "\xff";
  refuses(encoding);
  SafetensorsFile huge = sample();
  huge.metadata["text"] = std::string(1'000'000, 'x');
  refuses(huge);
}

}  // namespace
}  // namespace fmnist
