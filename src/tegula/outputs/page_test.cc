#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/outputs/findings_page.h"
#include "tegula/outputs/html.h"
#include "tegula/outputs/model_page.h"

namespace tegula::outputs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ModelPage, EscapesEveryText) {
  constexpr const char* kHostile = "\"><script>x</script>";
  spec::ModelDescription model;
  model.type = model.format_version = model.name = model.id = model.id_emoji = model.version = kHostile;
  model.description = model.license = model.documentation = model.git_repo = kHostile;
  model.authors = {{kHostile, kHostile, kHostile, kHostile}};
  model.cite = {{kHostile, kHostile, kHostile}};
  model.tags = model.links = {kHostile};
  spec::TensorDescription tensor;
  tensor.id = tensor.description = kHostile;
  tensor.axes = {{.id = kHostile, .unit = kHostile},
                 {.id = "c", .type = spec::AxisType::kChannel, .channel_names = {kHostile}}};
  tensor.data.unit = kHostile;
  tensor.ops = {spec::UnsupportedOp{kHostile}, spec::ScaleMeanVariance{kHostile, std::nullopt, 1e-6}};
  model.inputs = model.outputs = {tensor};
  const std::string html = RenderModelPage({model,
                                            kHostile,
                                            {{kHostile, kHostile, kHostile, kHostile}},
                                            {{"y", kHostile}},
                                            {kHostile},
                                            kHostile,
                                            false,
                                            false});
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("\">\"")));
}

TEST(ModelPage, LinksOnlyToTheWeb) {
  spec::ModelDescription model;
  model.git_repo = "javascript:alert(1)";
  model.documentation = "https://a.org/doc.md";
  const std::string html = RenderModelPage({model, "", {}, {}, {}, "", true, true});
  EXPECT_THAT(html, Not(HasSubstr("href=\"javascript")));
  EXPECT_THAT(html, HasSubstr("href=\"https://a.org/doc.md\""));
}

TEST(FindingsPage, EscapesAndShowsPlaceAndHint) {
  const spec::Finding finding{spec::Severity::kError, "inputs[0].<b>", 12, 3, "is <i>wrong</i>", "did you mean 'a'?"};
  const std::string html = RenderFindingsPage("<name>", "failed", std::span(&finding, 1));
  EXPECT_THAT(html, Not(HasSubstr("<i>")));
  EXPECT_THAT(html, HasSubstr("inputs[0].<wbr>&lt;b&gt;"));
  EXPECT_THAT(html, HasSubstr(">12<"));
}

TEST(DataUri, IsBase64) {
  EXPECT_EQ(DataUri("image/gif", "a"), "data:image/gif;base64,YQ==");
  EXPECT_EQ(DataUri("image/gif", "abc"), "data:image/gif;base64,YWJj");
}

}  // namespace
}  // namespace tegula::outputs
