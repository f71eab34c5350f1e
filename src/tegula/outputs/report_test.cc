#include "tegula/outputs/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tegula/outputs/charts.h"
#include "tegula/outputs/html.h"
#include "tegula/outputs/testing/sample_record.h"

namespace tegula::outputs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Html, EscapesWhatHasAMeaningInIt) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\" id='y'>&amp;"), "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
}

TEST(Html, NumbersAreReadable) {
  EXPECT_EQ(GroupedInteger(0), "0");
  EXPECT_EQ(GroupedInteger(999), "999");
  EXPECT_EQ(GroupedInteger(-123456), "-123\u202f456");
  EXPECT_EQ(GroupedInteger(1234567), "1\u202f234\u202f567");
  EXPECT_EQ(ReadableNumber(0.49912), "0.499");
  EXPECT_EQ(ReadableNumber(999.7), "1\u202f000");
  EXPECT_EQ(ReadableNumber(3.1e-6), "3.1e-06");
  EXPECT_EQ(ReadableNumber(std::numeric_limits<double>::infinity()), "infinite");
  EXPECT_EQ(ReadableNumber(std::nan("")), "NaN");
}

// RFC 4648, section 10.
TEST(Html, PicturesAreBase64) {
  EXPECT_EQ(PngDataUri(""), "data:image/png;base64,");
  EXPECT_EQ(PngDataUri("f"), "data:image/png;base64,Zg==");
  EXPECT_EQ(PngDataUri("fo"), "data:image/png;base64,Zm8=");
  EXPECT_EQ(PngDataUri("foobar"), "data:image/png;base64,Zm9vYmFy");
  EXPECT_EQ(PngDataUri("\xff\xff\xff"), "data:image/png;base64,////");
}

TEST(Histogram, CountsEveryValueOnce) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i * 0.1);
  values.push_back(1e9);
  const Histogram histogram = HistogramOf(values);
  std::int64_t total = 0;
  for (const std::int64_t count : histogram.counts) total += count;
  EXPECT_EQ(total, 1001);
  EXPECT_LE(histogram.counts.size(), 40U);
  EXPECT_EQ(histogram.bin_width, 5.0);
  EXPECT_EQ(histogram.counts[0], 50);
  EXPECT_EQ(histogram.above, 1);
  EXPECT_NEAR(histogram.median, 50, 0.11);
}

TEST(Histogram, HasNoBinsWithoutNumbers) {
  const std::vector<double> values = {std::nan(""), -1, std::numeric_limits<double>::infinity()};
  EXPECT_TRUE(HistogramOf(values).counts.empty());
  EXPECT_EQ(HistogramSvg(HistogramOf(values), "µm²"), "");
  const std::vector<double> zeros(5, 0.0);
  EXPECT_EQ(HistogramOf(zeros).counts[0], 5);
  const std::vector<double> equal(3, 7.0);
  EXPECT_THAT(HistogramSvg(HistogramOf(equal), "µm²"), HasSubstr("median 7"));
}

class Report : public ::testing::Test {
 protected:
  std::string Render() const {
    return RenderReport({.title = "CMU-1",
                         .record = record_,
                         .pictures = {{"Slide <thumbnail>", picture_.view()}},
                         .objects = &figures_})
        .value();
  }
  static Tensor MakePicture() {
    Tensor picture = Tensor::Allocate(DType::kU8, {4, 6, 3}).value();
    std::ranges::fill(picture.values<std::uint8_t>(), std::uint8_t{200});
    return picture;
  }
  RunRecord record_ = testing::SampleRecord();
  Tensor picture_ = MakePicture();
  ObjectFigures figures_{.measured = {{"Area µm^2", {10, 20, 30}}, {"DAPI: Mean <b>", {4, 5}}}};
};

TEST_F(Report, ShowsWhatDecidedTheResult) {
  const std::string html = Render();
  for (const char* text : {"NucleiSegmentationBoundaryModel", "46\u202f000 × 32\u202f914 pixels", "48\u202f523", "377",
                           "5 min 12 s", "1.63", "OpenVINO", "statistics", "measured reach", "resolution tag",
                           "1204 of 1891", "99.8", "data:image/png;base64,iVBOR", "Run record"})
    EXPECT_THAT(html, HasSubstr(text));
}

TEST_F(Report, CountsByWhatWasAskedFor) {
  std::string html = Render();
  for (const char* text : {"33.7 % of the image, 1\u202f412 of 1\u202f891 windows", "Per mm² of the region", ">379<",
                           "of the region, all stages", "Tissue is what absorbs light."})
    EXPECT_THAT(html, HasSubstr(text));
  record_.region.reset();
  html = Render();
  for (const char* text : {"Per mm² of the image", ">128<", "4.85", "of the whole image, all stages"})
    EXPECT_THAT(html, HasSubstr(text));
}

TEST_F(Report, EscapesEveryTextOfTheRecord) {
  const std::string hostile = "<script>alert('x')</script><img src=x onerror=\"y\">";
  for (std::string* text : {&record_.tegula_version,
                            &record_.started,
                            &record_.finished,
                            &record_.model.name,
                            &record_.model.version,
                            &record_.model.license,
                            &record_.engine.name,
                            &record_.engine.version,
                            &record_.engine.precision,
                            &record_.image.path,
                            &record_.image.format,
                            &record_.exactness,
                            &record_.objects[0].class_name,
                            &record_.stages[0].name,
                            &record_.tests[0].output,
                            &record_.warnings[0],
                            &record_.notes[0],
                            &record_.binding[0],
                            &record_.region->asked[0],
                            &record_.region->tissue->method,
                            &record_.region->tissue->thresholds[0].channel,
                            &record_.statistics[0].tensor,
                            &record_.command[0],
                            &record_.image.channels[0],
                            &record_.outputs[0].path,
                            &record_.verification[0].output,
                            &record_.verification[0].against,
                            &record_.verification[0].enough,
                            &record_.verification[0].verdict})
    *text = hostile;
  record_.verification.push_back(record_.verification[0]);
  record_.tests[0].passed = false;
  const std::string html =
      RenderReport(
          {.title = hostile, .record = record_, .pictures = {{hostile, picture_.view()}}, .objects = &figures_})
          .value();
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)"));
}

TEST_F(Report, AsksForNothingFromElsewhere) {
  const std::string html = Render();
  for (const char* text : {"http:", "https:", "<link", "@import", "url("}) EXPECT_THAT(html, Not(HasSubstr(text)));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST_F(Report, WarnsOfWhatTheRecordShows) {
  record_.warnings.clear();
  EXPECT_THAT(Render(), Not(HasSubstr("Before you rely on this")));
  record_.finished.clear();
  EXPECT_THAT(Render(), HasSubstr("The run was not finished"));
  record_.tests[0].passed = false;
  EXPECT_THAT(Render(), HasSubstr("does not reproduce its own test output &quot;probability&quot;"));
  record_.tests.clear();
  EXPECT_THAT(Render(), HasSubstr("was not run on its own test tensors"));
}

TEST_F(Report, ShowsWhatWasFound) {
  figures_.density = {MakePicture(), 4567, "objects per mm²"};
  figures_.gallery.push_back({"nucleus <1>", MakePicture()});
  figures_.gallery.push_back({"nucleus 2", MakePicture()});
  figures_.seams = "Straight edges along seams: none.";
  const std::string html = Render();
  for (const char* text : {">Area µm²<", ">DAPI: Mean &lt;b&gt;<", "Where they are", "4\u202f567 objects per mm²",
                           "nucleus &lt;1&gt;</figcaption>", "nucleus 2</figcaption>", "along seams: none",
                           "Share of the region", "48\u202f211", "µm²"})
    EXPECT_THAT(html, HasSubstr(text));
  record_.objects.clear();
  EXPECT_THAT(Render(), Not(HasSubstr("Where they are")));
}

TEST_F(Report, SaysWhetherTilesAreTheWhole) {
  const Tensor cells = Tensor::Allocate(DType::kF32, {4, 6}).value();
  const VerificationFigures figures{{{"All <over>", cells.view(), {2}, {}}}, {}};
  const std::string html =
      RenderReport({.title = "CMU-1", .record = record_, .pictures = {}, .verification = {figures}}).value();
  for (const char* text : {"Are tiles the whole?", "the tiles differ by up to 0.0031", "8 of 2\u202f021",
                           "56 and 112 px", "1\u202f244 (0.0243 %)", "Others that lie at a threshold", "1200, 804",
                           "12 px", "<polyline", "allowed: 1e-05", "All &lt;over&gt;", "from seam, px"})
    EXPECT_THAT(html, HasSubstr(text));
  record_.verification.clear();
  EXPECT_THAT(Render(), Not(HasSubstr("Are tiles the whole?")));
}

TEST_F(Report, OfARunThatIsVerifiedLaterKeepsWhatOnlyTheRunCouldShow) {
  const std::vector<VerificationRecord> verification = record_.verification;
  record_.verification.clear();
  const std::string before = Render();
  record_.verification = verification;
  record_.warnings.emplace_back("verification failed");
  const ReportInput again{.title = "CMU-1", .record = record_, .pictures = {}};
  EXPECT_EQ(RenderReportAgain(again, before).value(), Render());
  EXPECT_EQ(RenderReportAgain(again, Render()).value(), Render()) << "as often as one likes";
  for (const char* other : {"", "<html></html>", "<!-- until here -->\n<!-- what the run shows -->\n"})
    EXPECT_EQ(RenderReportAgain(again, other).error().code, Code::kCorrupt);
}

TEST(DeviationChart, ReachesFromNothingToTheLargest) {
  const std::vector<std::int64_t> distances = {0, 4, 8};
  const std::vector<double> values = {3e-3, 1e-6, 0};
  const std::string svg = DeviationSvg(distances, values, 1e-5, "pixels");
  for (const char* text : {">0<", ">1e-2<", "allowed: 1e-05", "pixels"}) EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_EQ(DeviationSvg({}, {}, 1e-5, "pixels"), "");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& odd : {std::vector<double>{0, 0, 0}, {kInfinity, 0, 0}, {255, 1, 0}})
    for (const double allowed : {0.0, 1e-5}) {
      EXPECT_THAT(DeviationSvg(distances, odd, allowed, "pixels"), Not(HasSubstr("nan")));
      EXPECT_THAT(DeviationSvg(distances, odd, allowed, "pixels"), Not(HasSubstr("inf,")));
    }
}

TEST_F(Report, OfAnEmptyRecordIsAPage) {
  record_ = {};
  figures_ = {};
  EXPECT_THAT(Render(), ::testing::EndsWith("</body></html>\n"));
}

TEST_F(Report, IsWrittenWholeOrNamesThePictureItCannotShow) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula-test").value();
  const Path path = folder.path() / "report.html";
  const Tensor no_picture = Tensor::Allocate(DType::kF32, {2, 2}).value();
  const Status status =
      WriteReport({.title = "", .record = record_, .pictures = {{"Outlines", no_picture.view()}}}, path);
  EXPECT_THAT(ToString(status.error()), ::testing::StartsWith("Outlines: "));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  ASSERT_TRUE(WriteReport({.title = "CMU-1",
                           .record = record_,
                           .pictures = {{"Slide <thumbnail>", picture_.view()}},
                           .objects = &figures_},
                          path)
                  .ok());
  EXPECT_EQ(ReadFile(path, 1 << 20).value(), Render());
}

}  // namespace
}  // namespace tegula::outputs
