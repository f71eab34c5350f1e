// Candidates that come part by part leave the objects that all of them at once leave.

#include "tegula/objects/stardist/star_suppression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tegula/core/testing/shuffled_executor.h"

namespace tegula::objects {
namespace {

constexpr std::int64_t kRays = 8;

StarDist New(std::size_t axes, double nms_threshold) {
  StarDistOptions options;
  options.n_rays = kRays;
  options.nms_threshold = nms_threshold;
  options.grid.assign(axes, 1);
  options.border.assign(axes, {0, 0});
  if (axes == 3) options.anisotropy.assign(axes, 1);
  return StarDist::Create(options).value();
}

struct Field {
  std::size_t axes;
  std::int32_t size;
  std::int64_t candidates;
  double radius;
  double large_share;  // of candidates that are eight times as large
  int scores;          // so many different ones; 0: all are
};

// No two candidates at one place.
Stars RandomStars(const Field& field, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto uniform = [&](double from, double to) { return std::uniform_real_distribution<double>(from, to)(random); };
  std::uniform_int_distribution<std::int32_t> place(0, field.size - 1);
  std::map<std::array<std::int32_t, 3>, float> places;
  while (static_cast<std::int64_t>(places.size()) < field.candidates) {
    const double score = uniform(0, 1);
    places[{field.axes == 3 ? place(random) : 0, place(random), place(random)}] =
        static_cast<float>(field.scores > 0 ? std::floor(score * field.scores) / field.scores : score);
  }
  Stars stars;
  for (const auto& [centre, score] : places) {
    stars.centres.push_back(centre);
    stars.scores.push_back(score);
    const double radius = field.radius * (uniform(0, 1) < field.large_share ? 8 : 1);
    for (std::int64_t ray = 0; ray < kRays; ++ray)
      stars.distances.push_back(static_cast<float>(radius * uniform(0.7, 1.3)));
  }
  return stars;
}

// Those of each tile of so many pixels.
std::vector<Stars> Cut(const Stars& stars, std::int32_t tile) {
  std::map<std::array<std::int32_t, 3>, Stars> parts;
  for (std::size_t i = 0; i < stars.centres.size(); ++i) {
    const auto& centre = stars.centres[i];
    Stars& part = parts[{centre[0] / tile, centre[1] / tile, centre[2] / tile}];
    part.centres.push_back(centre);
    part.scores.push_back(stars.scores[i]);
    const auto first = stars.distances.begin() + static_cast<std::ptrdiff_t>(i * kRays);
    part.distances.insert(part.distances.end(), first, first + kRays);
  }
  std::vector<Stars> list;
  for (auto& [at, part] : parts) list.push_back(std::move(part));
  return list;
}

struct ByParts {
  Stars kept;
  std::int64_t most_bytes = 0;
};

ByParts SuppressByParts(const StarDist& stardist, const std::vector<Stars>& parts, const Executor& executor) {
  std::vector<StarReach> reaches;
  for (const Stars& part : parts) reaches.push_back(ReachOf(stardist, part));
  StarSuppression suppression(stardist, std::move(reaches));
  ByParts result;
  for (std::int64_t i = 0; i < std::ssize(parts); ++i) {
    suppression.Add({&i, 1}, parts[static_cast<std::size_t>(i)], executor);
    result.most_bytes = std::max(result.most_bytes, suppression.working_bytes());
  }
  result.kept = std::move(suppression).Take().value();
  return result;
}

void ExpectSame(const Stars& a, const Stars& b) {
  EXPECT_EQ(a.centres, b.centres);
  EXPECT_EQ(a.scores, b.scores);
  EXPECT_EQ(a.distances, b.distances);
}

TEST(StarSuppression, LeavesTheSameWhateverThePartsTheirOrderAndTheWorkers) {
  const Field fields[] = {{2, 100, 800, 6, 0, 0},     // dense
                          {2, 100, 800, 6, 0.02, 0},  // and some that span many parts
                          {2, 80, 1000, 5, 0.01, 5},  // ties
                          {2, 600, 500, 6, 0, 0},     // sparse
                          {2, 150, 250, 40, 0, 0},    // each meets most others
                          {3, 30, 400, 4, 0.02, 0},  {3, 20, 250, 4, 0, 4}};
  for (const Field& field : fields)
    for (const double threshold : {0.1, 0.4, 0.8}) {
      SCOPED_TRACE(::testing::PrintToString(field.size) + " " + ::testing::PrintToString(threshold));
      const StarDist stardist = New(field.axes, threshold);
      const Stars stars = RandomStars(field, 7);
      const Stars whole = stardist.Suppress(stars, SerialExecutor{}).value();
      ASSERT_GT(whole.size(), 1);
      for (const std::int32_t tile : {13, 64, 257}) {
        std::vector<Stars> parts = Cut(stars, tile);
        ExpectSame(SuppressByParts(stardist, parts, SerialExecutor{}).kept, whole);
        std::shuffle(parts.begin(), parts.end(), std::mt19937(static_cast<std::uint32_t>(tile)));
        ExpectSame(SuppressByParts(stardist, parts, testing::ShuffledExecutor(5, 8)).kept, whole);
      }
    }
}

TEST(StarSuppression, HoldsOnlyWhatIsNearToWhatIsYetToCome) {
  const StarDist stardist = New(2, 0.4);
  const Stars stars = RandomStars({2, 1000, 30'000, 5, 0, 0}, 3);
  const ByParts by_parts = SuppressByParts(stardist, Cut(stars, 50), SerialExecutor{});
  EXPECT_LT(by_parts.most_bytes, stars.size() * stardist.bytes_per_star() / 10);
  ExpectSame(by_parts.kept, stardist.Suppress(stars, SerialExecutor{}).value());
}

// Each of a row of candidates would suppress the next worse one, so none is decided before the best one comes last.
TEST(StarSuppression, WaitsForAsLongAsAChainOfDecisionsIsOpen) {
  const StarDist stardist = New(2, 0.1);
  Stars stars;
  for (std::int32_t i = 0; i < 200; ++i) {
    stars.centres.push_back({0, 20, 10 * i});
    stars.scores.push_back(static_cast<float>(i));
    stars.distances.insert(stars.distances.end(), kRays, 8);
  }
  const ByParts by_parts = SuppressByParts(stardist, Cut(stars, 40), SerialExecutor{});
  EXPECT_EQ(by_parts.kept.size(), 100);
  EXPECT_GT(by_parts.most_bytes, 90 * stardist.bytes_per_star());
  ExpectSame(by_parts.kept, stardist.Suppress(stars, SerialExecutor{}).value());
}

TEST(StarDist, FindsTheSameInWhatIsThinnedOut) {
  std::mt19937 random(4);
  Tensor output = Tensor::Allocate(DType::kF32, {30, 40, 1 + kRays}).value();
  for (float& value : output.values<float>()) value = std::uniform_real_distribution<float>(0, 1)(random);
  for (const double threshold : {0.7, -3.0}) {
    StarDistOptions options = New(2, 0.4).options();
    options.prob_threshold = threshold;
    const StarDist stardist = StarDist::Create(options).value();
    Tensor thin = output.Clone();
    ASSERT_TRUE(stardist.Thin(thin.view()).ok());
    const StarDistPart all{{0, 0}, {30, 40}};
    Stars expected, found;
    ASSERT_TRUE(stardist.AddCandidates(std::as_const(output).view(), all, expected).ok());
    ASSERT_TRUE(stardist.AddCandidates(std::as_const(thin).view(), all, found).ok());
    ExpectSame(found, expected);
    const auto zeros = std::ranges::count(thin.values<float>(), 0.F);
    EXPECT_EQ(zeros, kRays * (1200 - expected.size()));
  }
}

}  // namespace
}  // namespace tegula::objects
