#include "tegula/engines/toy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::engines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<float> RunToy(std::string_view text, const Shape& shape, std::vector<float> values) {
  const auto network = NewToyNetwork(text).value();
  const DType dtype = DType::kF32;
  Tensor input = Tensor::Allocate(dtype, shape).value();
  std::copy(values.begin(), values.end(), input.values<float>().begin());
  const ConstView view = std::as_const(input).view();
  const Tensor output = std::move(network->NewSession({&shape, 1}, {&dtype, 1}).value()->Run({&view, 1}).value()[0]);
  return {output.values<float>().begin(), output.values<float>().end()};
}

TEST(ToyNetwork, LayersDoWhatTheirNamesSay) {
  const Shape shape{1, 1, 2, 2};
  EXPECT_THAT(RunToy("identity", shape, {1, 2, 3, 4}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(RunToy("pool", shape, {1, 2, 3, 4}), ElementsAre(4));
  EXPECT_THAT(RunToy("upsample", {1, 1, 1, 2}, {1, 2}), ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
  EXPECT_THAT(RunToy("blur 1", {1, 1, 1, 3}, {9, 0, 18}), ElementsAre(1, 3, 2));
  EXPECT_THAT(RunToy("global", shape, {1, 2, 3, 6}), ElementsAre(-2, -1, 0, 3));
  EXPECT_EQ(RunToy("valid 1", {1, 1, 3, 4}, std::vector<float>(12, 1)).size(), 2u);
}

TEST(ToyNetwork, FactsFollowFromTheLayers) {
  const ToyFacts facts = FactsOf("conv 2 7\npool\nvalid 1\nupsample\nblur 1").value();
  EXPECT_EQ(facts.grid, 2);
  EXPECT_EQ(facts.scale, Rational{});
  EXPECT_EQ(facts.offset, -4);
  EXPECT_GE(facts.context, 2 + 2 * 1 + 1);
  EXPECT_TRUE(facts.is_finite);
  EXPECT_FALSE(FactsOf("global").value().is_finite);
}

TEST(ToyNetwork, ALineThatIsNotALayerIsQuoted) {
  for (const char* text : {"magic", "blur", "blur 1 2", "blur -1", "blur 1000", "blur x"}) {
    const auto facts = FactsOf(text);
    ASSERT_FALSE(facts.ok()) << text;
    EXPECT_EQ(facts.error().code, Code::kInvalid);
    EXPECT_THAT(facts.error().what, HasSubstr(text));
  }
}

TEST(ToyNetwork, SizesOffItsGridAreRefused) {
  const Shape shape{1, 1, 3, 4};
  const DType dtype = DType::kF32;
  EXPECT_FALSE(NewToyNetwork("pool").value()->NewSession({&shape, 1}, {&dtype, 1}).ok());
}

}  // namespace
}  // namespace tegula::engines
