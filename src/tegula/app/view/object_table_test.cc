#include "tegula/app/view/object_table.h"

#include <gtest/gtest.h>

#include "tegula/app/testing/object_files.h"

namespace tegula::app {
namespace {

objects::PointRing Square(double y, double x, double size) {
  return {{y, x}, {y, x + size}, {y + size, x + size}, {y + size, x}};
}

// Squares with areas of 1, 4, 9, ... in a row, 100 pixels apart.
std::shared_ptr<const ObjectSet> Squares() {
  std::vector<std::string> features;
  const char* const values[] = {R"("v":3)", R"("v":1)", "", R"("v":2)", R"("v":3)", R"("w":9)"};
  for (int i = 0; i < 6; ++i)
    features.push_back(FeatureText({Square(0, 100 * i, i + 1)}, i % 2 == 0 ? "even" : "odd", values[i]));
  features.push_back(FeatureText({Square(1, 501, 2)}, "within", ""));
  return *ReadObjects(features);
}

using Numbers = std::vector<std::int64_t>;

TEST(ObjectTable, FiltersByClassAreaPlaceAndNumber) {
  const auto set = Squares();
  EXPECT_EQ(*Matching(*set, {}), (Numbers{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(*Matching(*set, {.classes = {1}}), (Numbers{1, 3, 5}));
  EXPECT_EQ(*Matching(*set, {.areas = {4, 16}}), (Numbers{1, 2, 3, 6}));
  EXPECT_EQ(*Matching(*set, {.within = ObjectBox{0, 150, 10, 350}}), (Numbers{2, 3}));
  EXPECT_EQ(*Matching(*set, {.within = ObjectBox{0, 101.5, 10, 350}}), (Numbers{2, 3}));  // the middle decides
  EXPECT_EQ(*Matching(*set, {.classes = {0}, .only = Numbers{4, 4, 3, 0}}), (Numbers{0, 4}));
  EXPECT_EQ(Matching(*set, {.classes = {3}}).error().code, Code::kInvalid);
  EXPECT_EQ(Matching(*set, {.only = Numbers{7}}).error().code, Code::kInvalid);
}

TEST(ObjectTable, SortsWithWhatHasNoValueLast) {
  const auto set = Squares();
  const auto sorted = [&](const std::string& name, bool is_descending) {
    Numbers all = *Matching(*set, {});
    SortObjects(*set, *OrderBy(*set, name, is_descending), all);
    return all;
  };
  EXPECT_EQ(sorted("v", false), (Numbers{1, 3, 0, 4, 2, 5, 6}));
  EXPECT_EQ(sorted("v", true), (Numbers{0, 4, 3, 1, 2, 5, 6}));
  EXPECT_EQ(sorted("area", true), (Numbers{5, 4, 3, 2, 1, 6, 0}));
  EXPECT_EQ(sorted("class", false), (Numbers{0, 2, 4, 1, 3, 5, 6}));
  EXPECT_EQ(sorted("place", true), (Numbers{6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(OrderBy(*set, "nothing", false).error().code, Code::kNotFound);
}

TEST(ObjectTable, FindsTheSmallestObjectAtAPoint) {
  const auto set = Squares();
  EXPECT_EQ(**ObjectAt(*set, {2, 502}, {}), 6);
  EXPECT_EQ(**ObjectAt(*set, {5, 505}, {}), 5);
  EXPECT_EQ(**ObjectAt(*set, {2, 502}, {.classes = {1}}), 5);
  EXPECT_FALSE((*ObjectAt(*set, {2, 550}, {})).has_value());
}

TEST(ObjectTable, CountsEveryObjectInItsClassAndBin) {
  const auto set = Squares();
  const Numbers all = *Matching(*set, {});
  const ObjectHistogram histogram = HistogramOf(*set, 0, all, 4);
  EXPECT_EQ(histogram.min, 1);
  EXPECT_EQ(histogram.max, 3);
  EXPECT_EQ(histogram.of_class, (std::vector<Numbers>{{0, 0, 0, 2}, {1, 0, 1, 0}, {0, 0, 0, 0}}));
  EXPECT_EQ(histogram.without, (Numbers{1, 1, 1}));
  EXPECT_EQ(CountsOf(*set, all), (Numbers{3, 3, 1}));
  const ObjectHistogram none = HistogramOf(*set, 0, {2}, 4);
  EXPECT_EQ(none.min, 0);
  EXPECT_EQ(none.without[0], 1);
}

TEST(ObjectTable, IsSortedOnce) {
  const auto set = Squares();
  SortedObjects sorted;
  const ObjectOrder order = *OrderBy(*set, "v", false);
  const auto first = *sorted.Get(*set, {}, order);
  EXPECT_EQ(first, *sorted.Get(*set, {}, order));
  EXPECT_NE(first, *sorted.Get(*set, {.classes = {0}}, order));
  EXPECT_EQ((*sorted.Get(*set, {.classes = {0}}, order))->size(), 3U);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(sorted.Get(*set, {.areas = {0, 1.0 * i}}, order).ok());
  EXPECT_EQ(*first, **sorted.Get(*set, {}, order));
}

}  // namespace
}  // namespace tegula::app
