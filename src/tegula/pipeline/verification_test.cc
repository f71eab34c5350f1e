// Stored tiles against tiles in other windows: what is too small shows, what is large enough does not.

#include "tegula/pipeline/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/engines/toy.h"
#include "tegula/image/open.h"
#include "tegula/pipeline/testing/toy_model.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

using ::testing::Gt;
using ::testing::Le;

// A result in memory, and what verifying it found.
class Verification : public ::testing::Test {
 protected:
  void Open(std::string network, std::vector<spec::OpDescription> after = {}) {
    model_ = ToyModel(network, std::move(after));
    network_ = engines::NewToyNetwork(network).value();
    source_ = image::Open("synthetic:noise,height=210,width=190,seed=5").value();
    bound_.emplace(image::Bind(*source_, {}, {}).value());
    feed_.image = &*bound_;
  }

  static tiling::TileRequest Tiles(std::int64_t tile, std::int64_t context) {
    tiling::TileRequest request;
    request.SetTile(tile);
    request.SetContext(context);
    return request;
  }

  Prediction BindTo(const tiling::TileRequest& request, bool is_raw) const {
    return Prediction::Bind(model_, *network_, {&feed_, 1}, {}, {.outputs = {0}, .tiling = request, .is_raw = is_raw})
        .value();
  }

  void Predict(const tiling::TileRequest& request) {
    first_ = request;
    const Prediction prediction = BindTo(request, false);
    EXPECT_GT(prediction.plan().tiles(), 1);
    const OutputInfo& info = prediction.output();
    result_ = Tensor::Allocate(info.dtype, {1, 1, 1, info.height(), info.width()}).value();
    const View whole = result_.view();
    const auto keep = [&](std::size_t, const Block& write, const ConstView& use) -> Status {
      ConvertCopy(use, Crop(whole, write));
      return Ok();
    };
    ASSERT_TRUE(prediction.Run({SerialExecutor(), progress_}, keep).ok());
  }

  // In all windows of another plan, in any order.
  VerifiedOutput Verify(const tiling::TileRequest& request, std::uint32_t seed = 1, double limit = 1e-5) {
    const Prediction again = BindTo(request, true), first = BindTo(first_, false);
    const PerAxis<std::int64_t> same = {{1, 1, 1, 1}};
    const SeamDistances distances = DistancesOf(again.grid(), first.plan(), again.plan(), 0, same, 1);
    const StoredOutput stored{[this](const Block& block, const View& out) -> Status {
                                ConvertCopy(Crop(std::as_const(result_).view(), block), out);
                                return Ok();
                              },
                              result_.dtype(),
                              1,
                              {{1, 1, 64, 48}}};
    const std::unique_ptr<TileComparer> comparer =
        TileComparer::Bind(model_, again, 0, {}, stored, distances, {.of_values = limit}).value();
    const auto compare = [&](std::size_t, const Block& write, const ConstView& tile) {
      return comparer->Compare(write, tile);
    };
    const testing::ShuffledExecutor executor(seed, 3);
    EXPECT_TRUE(again.Run({executor, progress_}, compare).ok());
    return comparer->Take();
  }

  SilentProgress progress_;
  spec::ModelDescription model_;
  std::unique_ptr<engines::Network> network_;
  std::unique_ptr<image::Source> source_;
  std::optional<image::BoundImage> bound_;
  InputFeed feed_;
  tiling::TileRequest first_;
  Tensor result_;
};

constexpr const char* kSees6 = "conv 2 1\nconv 3 2\nblur 1\n";
constexpr std::int64_t kWhole = 4096;

TEST_F(Verification, EnoughContextGivesTheSameInOtherWindowsAndAsAWhole) {
  Open(kSees6);
  Predict(Tiles(64, 6));
  for (const tiling::TileRequest& request : {Tiles(100, 12), Tiles(kWhole, 6)}) {
    const VerifiedOutput verified = Verify(request);
    EXPECT_EQ(verified.deviation.pixels, 210 * 190);
    EXPECT_EQ(verified.deviation.largest, 0);
    EXPECT_EQ(verified.deviation.beyond, 0);
    EXPECT_FALSE(verified.close_up);
  }
}

TEST_F(Verification, TooLittleContextShowsAtTheSeamsAndSaysHowMuchIsEnough) {
  for (const std::int64_t context : {0, 2, 5}) {
    Open(kSees6);
    Predict(Tiles(64, context));
    for (const tiling::TileRequest& request : {Tiles(100, 12), Tiles(kWhole, 6)}) {
      const VerifiedOutput verified = Verify(request);
      const Deviation& found = verified.deviation;
      EXPECT_THAT(found.largest, Gt(1e-3));
      EXPECT_THAT(found.to_seam, Le(6 - context - 1));
      EXPECT_EQ(found.by_seen.Enough(1e-5), 6);
      EXPECT_EQ(found.by_seam.Enough(1e-5), 6 - context);
      ASSERT_TRUE(verified.close_up);
      EXPECT_EQ(verified.close_up->place, found.place);
      const Box box = verified.close_up->box;
      const std::int64_t y = found.place.at[GridAxis::kY] - box.y.begin, x = found.place.at[GridAxis::kX] - box.x.begin;
      EXPECT_EQ(verified.close_up->difference_yx.values<float>()[static_cast<std::size_t>(y * box.width() + x)],
                static_cast<float>(found.largest));
      Predict(Tiles(64, *found.by_seen.Enough(1e-5)));
      EXPECT_EQ(Verify(request).deviation.largest, 0);
      Predict(Tiles(64, context));
    }
  }
}

TEST_F(Verification, WindowsThatSeeTooLittleThemselvesAreNotMistakenForTheWholeAnswer) {
  Open(kSees6);
  Predict(Tiles(80, 3));
  const Deviation found = Verify(Tiles(100, 4)).deviation;
  EXPECT_EQ(found.by_seen.Enough(1e-5), 6) << "what either of them saw decides";
}

TEST_F(Verification, PoolingAndValidConvolutionsAreComparedWhereTheyLie) {
  for (const char* network : {"conv 1 1\npool\nconv 1 2\nupsample\nconv 1 3\n", "conv 1 1\npool\nblur 2\n",
                              "valid 2\nconv 2 5\n", "conv 2 1\nupsample\nconv 1 1\n"}) {
    Open(network);
    const engines::ToyFacts facts = engines::FactsOf(network).value();
    Predict(Tiles(64, facts.context));
    EXPECT_EQ(Verify(Tiles(104, 2 * facts.context)).deviation.largest, 0) << network;
    Predict(Tiles(64, 0));
    const Deviation found = Verify(Tiles(kWhole, 0)).deviation;
    EXPECT_THAT(found.largest, Gt(1e-3)) << network;
    ASSERT_TRUE(found.by_seen.Enough(0)) << network;
    Predict(Tiles(64, *found.by_seen.Enough(0)));
    EXPECT_EQ(Verify(Tiles(kWhole, 0)).deviation.largest, 0) << network;
  }
}

TEST_F(Verification, ANetworkThatSeesEverythingHasNoContextThatIsEnough) {
  Open("blur 1\nglobal\n");
  Predict(Tiles(64, 8));
  const Deviation found = Verify(Tiles(kWhole, 8)).deviation;
  EXPECT_THAT(found.beyond, Gt(found.pixels / 2));
  EXPECT_EQ(found.by_seen.Enough(1e-5), std::nullopt);
}

TEST_F(Verification, TheOrderOfTilesDoesNotMatter) {
  Open(kSees6);
  Predict(Tiles(64, 1));
  const VerifiedOutput a = Verify(Tiles(100, 12), 1), b = Verify(Tiles(100, 12), 2);
  EXPECT_EQ(a.deviation.sum, b.deviation.sum);
  EXPECT_EQ(a.deviation.place, b.deviation.place);
  EXPECT_EQ(a.close_up->box, b.close_up->box);
}

TEST_F(Verification, ATurnedValueIsExcusedOnlyWhereWhatStandsBeforeTheThresholdIsCloseToIt) {
  Open(kSees6);
  Predict(Tiles(64, 6));
  const std::vector<float> smooth(result_.values<float>().begin(), result_.values<float>().end());
  const float threshold = smooth[7777];
  Open(kSees6, {spec::Binarize{{threshold}, ""}, spec::EnsureDtype{DType::kU8}});
  Predict(Tiles(64, 6));
  const auto turn = [&](std::size_t at) {
    std::uint8_t& value = result_.values<std::uint8_t>()[at];
    value = static_cast<std::uint8_t>(1 - value);
  };
  turn(7777);  // lies at the threshold
  EXPECT_EQ(Verify(Tiles(kWhole, 6), 1, 0).deviation.beyond, 0);
  EXPECT_EQ(Verify(Tiles(kWhole, 6), 1, 0).deviation.at_steps, 1);
  const auto far = static_cast<std::size_t>(std::max_element(smooth.begin(), smooth.end()) - smooth.begin());
  turn(far);
  const Deviation found = Verify(Tiles(kWhole, 6), 1, 0).deviation;
  EXPECT_EQ(found.beyond, 1);
  EXPECT_EQ(found.largest, 1);
  EXPECT_EQ(found.place.at[GridAxis::kY] * 190 + found.place.at[GridAxis::kX], static_cast<std::int64_t>(far));
  Predict(Tiles(64, 0));
  EXPECT_THAT(Verify(Tiles(100, 12), 1, 0).deviation.beyond, Gt(10));
}

}  // namespace
}  // namespace tegula::pipeline
