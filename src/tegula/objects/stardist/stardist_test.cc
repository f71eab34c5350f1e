#include "tegula/objects/stardist/stardist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <random>
#include <string>

#include "tegula/core/files.h"
#include "tegula/core/testing/shared_data.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/objects/stardist/star_picture.h"
#include "tegula/objects/testing/halves.h"
#include "tegula/tensor/npy.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

StarDistOptions Options(std::size_t axes, std::int64_t n_rays, double prob_threshold = 0.5,
                        double nms_threshold = 0.4) {
  StarDistOptions options;
  options.n_rays = n_rays;
  options.prob_threshold = prob_threshold;
  options.nms_threshold = nms_threshold;
  options.grid.assign(axes, 1);
  options.border.assign(axes, {0, 0});
  if (axes == 3) options.anisotropy.assign(axes, 1);
  return options;
}

// Noisy round objects that every pixel near their middles proposes; scores are different, or drawn from `few`.
Tensor RandomOutput(const Shape& pixels, std::int64_t n_rays, std::uint32_t seed, int few = 0) {
  std::mt19937 random(seed);
  const auto uniform = [&](double from, double to) { return std::uniform_real_distribution<double>(from, to)(random); };
  std::vector<std::int64_t> sizes(pixels.sizes().begin(), pixels.sizes().end());
  sizes.push_back(1 + n_rays);
  Tensor output = Tensor::Allocate(DType::kF32, Shape(std::span<const std::int64_t>(sizes))).value();
  const std::span<float> values = output.values<float>();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % static_cast<std::size_t>(1 + n_rays) != 0 ? uniform(3, 5)
                                   : few > 0                                     ? std::floor(uniform(0, few)) / few
                                                                                 : uniform(0, 1));
  return output;
}

std::vector<std::int32_t> LabelsOf(const StarDistOptions& options, const ConstView& output,
                                   const Executor& executor = SerialExecutor{}) {
  const Result<Tensor> labels = StarDist::Create(options).value().Label(output, executor);
  EXPECT_TRUE(labels.ok()) << ToString(labels.error());
  const std::span<const std::int32_t> values = labels->values<std::int32_t>();
  return {values.begin(), values.end()};
}

// How well objects are found again: the smallest intersection over union of an object of `expected` with the one of
// `found` that covers most of it; 0 if there are not as many.
double WorstMatch(std::span<const std::int32_t> found, std::span<const std::int32_t> expected) {
  std::map<std::int32_t, std::int64_t> found_area, expected_area;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> common;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (found[i] != 0) ++found_area[found[i]];
    if (expected[i] != 0) ++expected_area[expected[i]];
    if (found[i] != 0 && expected[i] != 0) ++common[{expected[i], found[i]}];
  }
  if (found_area.size() != expected_area.size()) return 0;
  std::map<std::int32_t, double> best;
  for (const auto& [pair, pixels] : common) {
    const double both = static_cast<double>(expected_area[pair.first] + found_area[pair.second] - pixels);
    best[pair.first] = std::max(best[pair.first], static_cast<double>(pixels) / both);
  }
  double worst = best.size() == expected_area.size() ? 1 : 0;
  for (const auto& [label, match] : best) worst = std::min(worst, match);
  return worst;
}

// What a golden case can be held to: a good half have several candidates with the largest score, whose order the
// reference leaves to the processor; and rays that end exactly in the middle of a voxel, where it leaves that to
// rounding.
enum class Agreement { kEqual, kEqualButForCorners, kSameObjects };

struct Golden {
  const char* name;
  StarDistOptions options;
  Agreement agreement;
};

std::vector<Golden> GoldenCases() {
  const auto with = [](StarDistOptions options, std::vector<std::int64_t> grid, std::array<std::int64_t, 2> border) {
    options.border.assign(grid.size(), border);
    options.grid = std::move(grid);
    if (options.grid.size() == 3) options.anisotropy = {2, 1, 1};
    return options;
  };
  StarDistOptions pairs = Options(2, 8);
  pairs.border = {{8, 0}, {0, 8}};
  StarDistOptions overlap = with(Options(3, 16, 0.4, 0.7), {1, 2, 2}, {1, 1});
  overlap.overlap_label = 500;
  return {{"stardist_2d_border_pairs", pairs, Agreement::kEqual},
          {"stardist_2d_dense", with(Options(2, 16, 0.5, 0.3), {1, 1}, {2, 2}), Agreement::kSameObjects},
          {"stardist_2d_grid1", with(Options(2, 16), {1, 1}, {2, 2}), Agreement::kEqual},
          {"stardist_2d_grid2", with(Options(2, 32), {2, 2}, {2, 2}), Agreement::kSameObjects},
          {"stardist_2d_nms_high", with(Options(2, 16, 0.25, 0.8), {1, 1}, {2, 2}), Agreement::kSameObjects},
          {"stardist_2d_none", with(Options(2, 8, 1.5), {1, 1}, {2, 2}), Agreement::kEqual},
          {"stardist_3d", with(Options(3, 16, 0.4, 0.3), {1, 2, 2}, {1, 1}), Agreement::kEqualButForCorners},
          {"stardist_3d_overlap_positive", overlap, Agreement::kSameObjects}};
}

TEST(StarDist, GivesTheLabelsOfTheReference) {
  const Path folder = tegula::testing::SharedData("golden/ops");
  if (folder.empty()) GTEST_SKIP() << tegula::testing::NoSharedData("golden/ops");
  for (const Golden& golden : GoldenCases()) {
    SCOPED_TRACE(golden.name);
    const Tensor output = ReadNpy(folder / (std::string(golden.name) + ".net.npy")).value();
    const Tensor labels = ReadNpy(folder / (std::string(golden.name) + ".labels.npy")).value();
    const Shape pixels(output.shape().sizes().subspan(1));
    const auto found = LabelsOf(golden.options, ConstView(output.view().data(), DType::kF32, pixels));
    const std::span<const std::int32_t> expected = labels.values<std::int32_t>();
    ASSERT_EQ(found.size(), expected.size());
    EXPECT_GE(WorstMatch(found, expected), 0.9);
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < found.size(); ++i) wrong += found[i] != expected[i] ? 1 : 0;
    const std::int64_t poles = 2 * *std::max_element(expected.begin(), expected.end());
    const std::map<Agreement, std::int64_t> most{{Agreement::kEqual, 0}, {Agreement::kEqualButForCorners, poles}};
    EXPECT_LE(wrong, most.contains(golden.agreement) ? most.at(golden.agreement) : wrong);
  }
}

TEST(StarDist, GivesTheTestOutputOfItsModel) {
  const Path model = "data/models_made/stardist_like2d", folder = tegula::testing::SharedData(model);
  if (folder.empty()) GTEST_SKIP() << tegula::testing::NoSharedData(model);
  const Result<Tensor> output = testing::ReadHalves(folder / "network_output.npy", {104, 112, 33});
  ASSERT_TRUE(output.ok()) << ToString(output.error());
  StarDistOptions options = Options(2, 32, 0.4, 0.4);
  options.grid = {2, 2};
  options.border = {{2, 2}, {2, 2}};
  const Tensor expected = ReadNpy(folder / "test_output.npy").value();
  EXPECT_GE(WorstMatch(LabelsOf(options, output.value().view()), expected.values<std::int32_t>()), 0.99);
}

TEST(StarDist, DependsNeitherOnTheOrderOfCandidatesNorOnWorkers) {
  for (const std::size_t axes : {2U, 3U}) {
    const StarDist stardist = StarDist::Create(Options(axes, 8, 0.8)).value();
    const Shape pixels = axes == 2 ? Shape{60, 70} : Shape{10, 20, 20};
    const Tensor output = RandomOutput(pixels, 8, 1, 20);
    const StarDistPart part{std::vector<std::int64_t>(axes, 0), {pixels.sizes().begin(), pixels.sizes().end()}};
    Stars candidates, shuffled;
    ASSERT_TRUE(stardist.AddCandidates(output.view(), part, candidates).ok());
    ASSERT_GT(candidates.size(), 300);
    std::vector<std::size_t> order(candidates.centres.size());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), std::mt19937(2));
    for (const std::size_t i : order) {
      shuffled.centres.push_back(candidates.centres[i]);
      shuffled.scores.push_back(candidates.scores[i]);
      for (std::size_t ray = 0; ray < 8; ++ray) shuffled.distances.push_back(candidates.distances[8 * i + ray]);
    }
    const Stars a = stardist.Suppress(candidates, SerialExecutor{}).value();
    const Stars b = stardist.Suppress(shuffled, tegula::testing::ShuffledExecutor(3, 4)).value();
    EXPECT_GT(a.size(), 10);
    EXPECT_LT(a.size(), candidates.size() / 2);
    EXPECT_EQ(a.centres, b.centres);
    EXPECT_EQ(a.distances, b.distances);
    EXPECT_TRUE(std::is_sorted(a.scores.rbegin(), a.scores.rend()));
  }
}

TEST(StarDist, GivesForPartsWhatItGivesForTheWhole) {
  for (const std::size_t axes : {2U, 3U}) {
    StarDistOptions options = Options(axes, 8, 0.9);
    options.grid.back() = 2;
    options.border.back() = {3, 1};
    const StarDist stardist = StarDist::Create(options).value();
    const Shape pixels = axes == 2 ? Shape{40, 30} : Shape{8, 16, 12};
    const Tensor output = RandomOutput(pixels, 8, 5);
    const StarDistPart whole{std::vector<std::int64_t>(axes, 0), {pixels.sizes().begin(), pixels.sizes().end()}};
    Stars at_once, by_parts;
    ASSERT_TRUE(stardist.AddCandidates(output.view(), whole, at_once).ok());
    const int last = static_cast<int>(axes) - 1;
    for (std::int64_t x = pixels[last] - 5; x > -5; x -= 5) {
      StarDistPart part = whole;
      part.origin.back() = std::max<std::int64_t>(x, 0);
      const ConstView view = output.view().Slice(last, part.origin.back(), 5 + std::min<std::int64_t>(x, 0));
      ASSERT_TRUE(stardist.AddCandidates(view, part, by_parts).ok());
    }
    const Stars kept = stardist.Suppress(at_once, SerialExecutor{}).value();
    EXPECT_EQ(kept.centres, stardist.Suppress(by_parts, SerialExecutor{}).value().centres);

    Shape size = pixels;
    size[last] *= 2;
    Tensor labels = Tensor::Allocate(DType::kI32, size).value(), pieces = Tensor::Allocate(DType::kI32, size).value();
    const StarPicture picture(stardist, kept);
    ASSERT_TRUE(picture.Render(whole.origin, labels.view()).ok());
    for (std::int64_t x = 0; x < size[last]; x += 4) {
      StarDistPart part = whole;
      part.origin.back() = x;
      ASSERT_TRUE(picture.Render(part.origin, pieces.view().Slice(last, x, 4)).ok());
    }
    EXPECT_TRUE(std::ranges::equal(labels.values<std::int32_t>(), pieces.values<std::int32_t>()));
  }
}

TEST(StarDist, GivesZerosWhereNothingIsLikely) {
  const Tensor plane = RandomOutput({12, 14}, 8, 1), volume = RandomOutput({4, 5, 6}, 8, 1);
  EXPECT_THAT(LabelsOf(Options(2, 8, 2), plane.view()), ::testing::Each(0));
  EXPECT_THAT(LabelsOf(Options(3, 8, 2), volume.view()), ::testing::Each(0));
  EXPECT_THAT(LabelsOf(Options(2, 8, 0.1), plane.view().Slice(0, 0, 0)), ::testing::IsEmpty());
}

// One object with its centre at (2, 3): four rays of length 2 right, down, left and up.
Tensor Diamond(float probability) {
  Tensor output = Tensor::Allocate(DType::kF32, {5, 7, 5}).value();
  std::ranges::fill(output.values<float>(), 0.F);
  std::ranges::fill(output.values<float>().subspan((2 * 7 + 3) * 5, 5), 2.F);
  output.values<float>()[(2 * 7 + 3) * 5] = probability;
  return output;
}

TEST(StarDist, PaintsPixelsWhoseMiddlesAreInsideOrOnTheEdge) {
  EXPECT_THAT(LabelsOf(Options(2, 4), Diamond(1).view()), ElementsAre(0, 0, 0, 1, 0, 0, 0,  //
                                                                      0, 0, 1, 1, 1, 0, 0,  //
                                                                      0, 1, 1, 1, 1, 1, 0,  //
                                                                      0, 0, 1, 1, 1, 0, 0,  //
                                                                      0, 0, 0, 1, 0, 0, 0));
}

TEST(StarDist, TakesOnlyProbabilitiesAboveTheThreshold) {
  EXPECT_THAT(LabelsOf(Options(2, 4, 0.1), Diamond(0.1F).view()), ::testing::Each(0));
  EXPECT_THAT(LabelsOf(Options(2, 4, 0.1), Diamond(std::nextafter(0.1F, 1.F)).view()), ::testing::Contains(1));
}

TEST(StarDist, TakesNoCentresInTheBorder) {
  for (const auto& [border, is_there] : std::map<std::array<std::int64_t, 2>, bool>{
           {{2, 2}, true}, {{3, 0}, false}, {{0, 3}, false}, {{-1, -1}, true}, {{0, 1LL << 60}, false}}) {
    StarDistOptions options = Options(2, 4);
    options.border[0] = border;
    EXPECT_EQ(std::ranges::count(LabelsOf(options, Diamond(1).view()), 1) > 0, is_there) << border[0];
  }
}

TEST(StarDist, TakesTheDeepestOfCandidatesWithTheSameScore) {
  const StarDist stardist = StarDist::Create(Options(2, 4)).value();
  const Stars stars{{{0, 20, 20}, {0, 20, 21}, {0, 21, 20}}, {1, 1, 1}, {8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 7}};
  EXPECT_THAT(stardist.Suppress(stars, SerialExecutor{}).value().centres,
              ElementsAre(std::array<std::int32_t, 3>{0, 20, 21}));
}

TEST(StarDist, MarksVoxelsOfSeveralObjectsAndRenumbers) {
  StarDistOptions options = Options(3, 16);
  options.overlap_label = 70;
  const StarDist stardist = StarDist::Create(options).value();
  Tensor output = Tensor::Allocate(DType::kF32, {17, 17, 19, 17}).value();
  std::ranges::fill(output.values<float>(), 0.F);
  Stars stars;
  for (const auto& [x, score] : {std::pair(6, 1.F), std::pair(12, 0.9F)}) {
    const auto pixel = output.values<float>().subspan(static_cast<std::size_t>(((8 * 17 + 8) * 19 + x) * 17), 17);
    std::ranges::fill(pixel, 5.F);
    pixel[0] = score;
    stars.centres.push_back({8, 8, x});
    stars.scores.push_back(score);
    stars.distances.insert(stars.distances.end(), 16, 5.F);
  }
  Tensor painted = Tensor::Allocate(DType::kI32, {17, 17, 19}).value();
  ASSERT_TRUE(StarPicture(stardist, stars).Render({0, 0, 0}, painted.view()).ok());
  const auto along_x = [](std::span<const std::int32_t> values) {
    const auto at = [&](std::size_t x) { return values[(8 * 17 + 8) * 19 + x]; };
    return std::vector{at(0), at(3), at(9), at(15)};
  };
  EXPECT_THAT(along_x(painted.values<std::int32_t>()), ElementsAre(0, 1, 70, 2));
  EXPECT_THAT(along_x(LabelsOf(options, std::as_const(output).view())), ElementsAre(0, 1, 3, 2));
  for (const auto& [overlap, common] : {std::pair(2, 2), std::pair(0, 0), std::pair(1, 1)}) {
    options.overlap_label = overlap;
    EXPECT_THAT(along_x(LabelsOf(options, std::as_const(output).view())), ElementsAre(0, 1, common, 2));
  }
}

TEST(StarDist, RefusesWhatCannotBe) {
  const auto error = [](const auto& result) { return result.ok() ? std::string() : ToString(result.error()); };
  StarDistOptions options = Options(2, 4);
  options.grid = {1, 0};
  EXPECT_THAT(error(StarDist::Create(options)), HasSubstr("grid"));
  EXPECT_THAT(error(StarDist::Create(Options(2, 2))), HasSubstr("n_rays"));
  EXPECT_THAT(error(StarDist::Create(Options(3, 1 << 30))), HasSubstr("n_rays"));
  EXPECT_THAT(error(StarDist::Create(Options(2, 4, 0.5, -1))), HasSubstr("nms_threshold"));
  options = Options(3, 8);
  options.overlap_label = -1;
  EXPECT_THAT(error(StarDist::Create(options)), HasSubstr("overlap_label"));
  options = Options(2, 4);
  options.grid = {1 << 22, 1};
  const SerialExecutor serial;
  EXPECT_THAT(error(StarDist::Create(options)->Label(Diamond(1).view(), serial)), HasSubstr("along y"));
  const StarDist stardist = StarDist::Create(Options(2, 4)).value();
  EXPECT_THAT(error(stardist.Label(RandomOutput({4, 4}, 5, 1).view(), serial)), HasSubstr("channels"));
  for (const float hostile : {1e30F, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Tensor output = Diamond(1);
    output.values<float>()[(2 * 7 + 3) * 5 + 2] = hostile;
    EXPECT_THAT(error(stardist.Label(output.view(), serial)), HasSubstr("ray 1 of the output pixel z=0 y=2 x=3"));
  }
  EXPECT_THAT(error(stardist.Suppress({{{0, 1, 1}}, {1}, {1, 1, 1}}, serial)), HasSubstr("3 distances"));
  const StarDist volume = StarDist::Create(Options(3, 4)).value();
  EXPECT_THAT(error(volume.Suppress({{{1, 1, 1}}, {1}, {1, 1, 0, 1}}, serial)), HasSubstr("length 0"));
}

TEST(StarDist, SurvivesDistancesOfAnySign) {
  Tensor output = RandomOutput({30, 30}, 8, 9);
  std::mt19937 random(1);
  for (float& value : output.values<float>()) value *= std::array{1.F, -1.F, 1e-30F, 1e6F}[random() % 4];
  EXPECT_THAT(LabelsOf(Options(2, 8, 0.5), output.view()), ::testing::Contains(1));
}

}  // namespace
}  // namespace tegula::objects
