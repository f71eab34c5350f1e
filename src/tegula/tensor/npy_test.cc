#include "tegula/tensor/npy.h"

#include <gtest/gtest.h>

#include <numeric>

namespace tegula {
namespace {

std::string Header(std::string text, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {version, '\0', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return bytes + text;
}

class Npy : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path file_ = folder_.path() / "a.npy";
};

TEST_F(Npy, RoundTripKeepsShapeTypeAndValues) {
  Tensor t = Tensor::Allocate(DType::kI16, {2, 3}).value();
  std::iota(t.values<std::int16_t>().begin(), t.values<std::int16_t>().end(), std::int16_t{-3});
  ASSERT_TRUE(WriteNpy(file_, t.view()).ok());
  const Tensor back = ReadNpy(file_).value();
  EXPECT_EQ(back.dtype(), DType::kI16);
  EXPECT_EQ(back.shape(), (Shape{2, 3}));
  EXPECT_TRUE(std::equal(back.values<std::int16_t>().begin(), back.values<std::int16_t>().end(),
                         t.values<std::int16_t>().begin()));
}

TEST_F(Npy, FortranOrderIsTurned) {
  const std::string data = {1, 2, 3, 4, 5, 6};  // columns of a 2 x 3 array
  ASSERT_TRUE(
      WriteFileWhole(file_, Header("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n") + data).ok());
  const Tensor t = ReadNpy(file_).value();
  const std::vector<std::uint8_t> rows = {1, 3, 5, 2, 4, 6};
  EXPECT_TRUE(std::equal(rows.begin(), rows.end(), t.values<std::uint8_t>().begin()));
}

TEST_F(Npy, HostileHeadersAreRefused) {
  const auto code = [&](const std::string& bytes) {
    EXPECT_TRUE(WriteFileWhole(file_, bytes).ok());
    return ReadNpy(file_).error().code;
  };
  EXPECT_EQ(code("not an array at all"), Code::kCorrupt);
  EXPECT_EQ(code(Header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }") + "xxxx"), Code::kUnsupported);
  EXPECT_EQ(code(Header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 1000000000), }")),
            Code::kExhausted);
  EXPECT_EQ(code(Header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }")), Code::kCorrupt);
  EXPECT_EQ(code(Header("{'descr': '<f4', 'fortran_order': False, 'shape': (10,), }") + "short"), Code::kCorrupt);
  EXPECT_EQ(code(Header("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }") + "1234"), Code::kUnsupported);
  EXPECT_EQ(code(Header("{'descr': '<f4', 'shape': (1,), }") + "1234"), Code::kCorrupt);
}

}  // namespace
}  // namespace tegula
