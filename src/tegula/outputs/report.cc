#include "tegula/outputs/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tegula/core/text.h"
#include "tegula/outputs/charts.h"
#include "tegula/outputs/html.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/png.h"

namespace tegula::outputs {
namespace {

using Json = nlohmann::ordered_json;

std::string FileName(const std::string& path) { return Path(path).filename().string(); }

std::string SizeText(const ImageRecord& image) {
  if (image.levels.empty()) return {};
  const LevelRecord& level = image.levels.front();
  return fmt::format("{} × {} pixels", GroupedInteger(level.width), GroupedInteger(level.height));
}

bool HasPixelSize(const ImageRecord& image) {
  return image.pixel_size_y_um > 0 && image.pixel_size_x_um > 0 && !image.levels.empty();
}

double Megapixels(const ImageRecord& image) {
  return image.levels.empty()
             ? 0
             : static_cast<double>(image.levels.front().height) * static_cast<double>(image.levels.front().width) / 1e6;
}

double ImageAreaMm2(const ImageRecord& image) {
  return Megapixels(image) * image.pixel_size_y_um * image.pixel_size_x_um;
}

// Of what was predicted, by area.
double AskedShare(const RunRecord& r) { return r.region ? r.region->share : 1; }

// --- The top of the page ---------------------------------------------------------------------------------------------

std::string Sentence(const RunRecord& r) {
  std::string text = fmt::format("The model <b>{}</b>", EscapeHtml(r.model.name));
  if (!r.model.version.empty()) text += fmt::format(" (version {})", EscapeHtml(r.model.version));
  if (!r.classifier.empty()) text += fmt::format(", as {} says,", EscapeHtml(r.classifier));
  text += fmt::format(" was applied to <b>{}</b>", EscapeHtml(FileName(r.image.path)));
  if (const std::string size = SizeText(r.image); !size.empty()) text += fmt::format(", {}", size);
  if (!r.engine.name.empty())
    text += fmt::format(", with {} {} in {} on {} {}", EscapeHtml(r.engine.name), EscapeHtml(r.engine.version),
                        EscapeHtml(r.engine.precision), r.engine.threads, r.engine.threads == 1 ? "thread" : "threads");
  return text + ".";
}

std::string Header(const ReportInput& input) {
  const RunRecord& r = input.record;
  const std::string date = r.started.substr(0, r.started.find('T'));
  return fmt::format("<header><p class=\"kicker\">Tegula {}{}{}</p><h1>{}</h1><p class=\"lead\">{}</p></header>\n",
                     EscapeHtml(r.tegula_version), date.empty() ? "" : " · ", EscapeHtml(date), EscapeHtml(input.title),
                     Sentence(r));
}

// What stands in the way of trusting the result, whether the caller said it or the record shows it.
std::string Warnings(const RunRecord& r) {
  std::vector<std::string> warnings = r.warnings;
  for (const TestRecord& test : r.tests)
    if (!test.passed)
      warnings.push_back(
          fmt::format("The model does not reproduce its own test output \"{}\" here: the largest difference is {}.",
                      test.output, ReadableNumber(test.max_abs_error)));
  if (r.tests.empty()) warnings.emplace_back("The model was not run on its own test tensors.");
  if (r.finished.empty()) warnings.emplace_back("The run was not finished when this report was written.");
  if (warnings.empty()) return {};
  std::string html = "<section class=\"warnings\"><strong>Before you rely on this</strong><ul>";
  for (const std::string& warning : warnings) html += fmt::format("<li>{}</li>", EscapeHtml(warning));
  return html + "</ul></section>\n";
}

// `value` and `detail` are HTML.
std::string Figure(std::string_view label, std::string_view value, std::string_view unit, std::string_view detail) {
  return fmt::format("<div><dt>{}</dt><dd class=\"value\">{} <small>{}</small></dd><dd class=\"detail\">{}</dd></div>",
                     label, value, unit, detail);
}

std::string ObjectsFigure(const RunRecord& r) {
  if (r.objects.empty()) return {};
  std::int64_t total = 0;
  std::vector<std::string> by_class;
  for (const ObjectsRecord& objects : r.objects) {
    total += objects.count;
    by_class.push_back(fmt::format("{} {}", GroupedInteger(objects.count), EscapeHtml(objects.class_name)));
  }
  return Figure("Objects", GroupedInteger(total), "", Join(by_class, " · "));
}

std::string TestFigure(const RunRecord& r) {
  if (r.tests.empty()) return {};
  const auto worst = std::ranges::max_element(r.tests, {}, &TestRecord::max_abs_error);
  const bool passed = std::ranges::all_of(r.tests, &TestRecord::passed);
  return Figure("Model's own test", passed ? "passed" : "failed", "",
                fmt::format("largest difference {}", ReadableNumber(worst->max_abs_error)));
}

std::string VerificationFigure(const RunRecord& r) {
  if (r.verification.empty()) return {};
  const auto worst = std::ranges::max_element(r.verification, {}, &VerificationRecord::largest);
  const bool passed = std::ranges::all_of(r.verification, &VerificationRecord::passed);
  return Figure("Verified", passed ? "passed" : "failed", "",
                fmt::format("largest difference {}", ReadableNumber(worst->largest)));
}

std::string RegionFigure(const RunRecord& r) {
  if (!r.region) return {};
  const bool in_mm2 = r.region->area_um2 > 0;
  const std::int64_t windows = r.tiles.windows + r.tiles.skipped;
  return Figure("Region", ReadableNumber(in_mm2 ? r.region->area_um2 / 1e6 : r.region->area_px / 1e6),
                in_mm2 ? "mm²" : "Mpx",
                fmt::format("{} % of the image, {} of {} windows", ReadableNumber(100 * r.region->share),
                            GroupedInteger(r.tiles.windows), GroupedInteger(windows)));
}

std::string KeyFigures(const RunRecord& r) {
  std::string html = "<dl class=\"figures\">" + ObjectsFigure(r);
  if (HasPixelSize(r.image)) {
    const LevelRecord& level = r.image.levels.front();
    html += Figure("Image", ReadableNumber(ImageAreaMm2(r.image)), "mm²",
                   fmt::format("{} × {} mm, {} µm per pixel",
                               ReadableNumber(static_cast<double>(level.width) * r.image.pixel_size_x_um / 1000),
                               ReadableNumber(static_cast<double>(level.height) * r.image.pixel_size_y_um / 1000),
                               ReadableNumber(r.image.pixel_size_x_um)));
  } else if (!r.image.levels.empty()) {
    html += Figure("Image", ReadableNumber(Megapixels(r.image)), "Mpx", "pixel size unknown");
  }
  html += RegionFigure(r);
  if (r.wall_s > 0) {
    html += Figure("Time", HumanSeconds(r.wall_s), "", r.cpu_s > 0 ? HumanSeconds(r.cpu_s) + " of CPU time" : "");
    if (Megapixels(r.image) > 0)
      html += Figure("Speed", ReadableNumber(Megapixels(r.image) * AskedShare(r) / r.wall_s), "Mpx/s",
                     r.region ? "of the region, all stages" : "of the whole image, all stages");
  }
  if (r.peak_memory_bytes > 0) html += Figure("Peak memory", HumanBytes(r.peak_memory_bytes), "", "");
  html += TestFigure(r) + VerificationFigure(r) + "</dl>\n";
  if (!r.exactness.empty()) html += fmt::format("<p class=\"exact\">{}</p>\n", EscapeHtml(r.exactness));
  return html;
}

// --- Pictures, objects, time -----------------------------------------------------------------------------------------

Status AppendPictures(const std::vector<ReportPicture>& pictures, std::string& html) {
  if (pictures.empty()) return Ok();
  std::size_t most = html.size();
  for (const ReportPicture& picture : pictures) most += static_cast<std::size_t>(2 * picture.pixels_yxc.elements());
  html.reserve(most);  // as growing would hold the page twice
  html += "<section class=\"pictures\">";
  for (const ReportPicture& picture : pictures) {
    TEGULA_ASSIGN_OR_RETURN(const std::string png, EncodePng(picture.pixels_yxc).Context(picture.caption));
    const std::string caption = EscapeHtml(picture.caption);
    html += "<figure><img src=\"";
    AppendDataUri("image/png", png, html);
    html += fmt::format("\" alt=\"{}\"><figcaption>{}</figcaption></figure>\n", caption, caption);
  }
  html += "</section>\n";
  return Ok();
}

Result<std::string> Objects(const ReportInput& input) {
  const RunRecord& r = input.record;
  const ObjectFigures none;
  return ObjectsHtml(r.objects, input.objects != nullptr ? *input.objects : none,
                     HasPixelSize(r.image) ? ImageAreaMm2(r.image) * AskedShare(r) : 0, r.region ? "region" : "image");
}

std::string Times(const RunRecord& r) {
  if (r.stages.empty()) return {};
  const bool has_cpu = std::ranges::any_of(r.stages, [](const StageRecord& s) { return s.cpu_s > 0; });
  const double longest = std::ranges::max(r.stages, {}, &StageRecord::wall_s).wall_s;
  std::string html = "<section><h2>Where the time went</h2><table><tr><th>Stage</th><th class=\"number\">Time</th>";
  html += fmt::format("{}<th></th></tr>", has_cpu ? "<th class=\"number\">CPU time</th>" : "");
  for (const StageRecord& stage : r.stages) {
    html +=
        fmt::format("<tr><td>{}</td><td class=\"number\">{}</td>", EscapeHtml(stage.name), HumanSeconds(stage.wall_s));
    if (has_cpu) html += fmt::format("<td class=\"number\">{}</td>", HumanSeconds(stage.cpu_s));
    html += fmt::format("<td class=\"wide\">{}</td></tr>", BarSvg(longest > 0 ? stage.wall_s / longest : 0));
  }
  html += "</table>";
  const double sum = std::accumulate(r.stages.begin(), r.stages.end(), 0.0,
                                     [](double total, const StageRecord& s) { return total + s.wall_s; });
  if (r.wall_s > 0 && sum > r.wall_s)
    html += fmt::format("<p class=\"small\">Stages overlap, so they add up to more than the {} of the run.</p>",
                        HumanSeconds(r.wall_s));
  return html + "</section>\n";
}

std::string Notes(const RunRecord& r) {
  if (r.notes.empty()) return {};
  std::string html = "<section><h2>Notes</h2>";
  for (const std::string& note : r.notes) html += fmt::format("<p>{}</p>", EscapeHtml(note));
  return html + "</section>\n";
}

// --- The run record --------------------------------------------------------------------------------------------------

// "peak_memory_bytes" becomes "peak memory, bytes".
std::string FieldLabel(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
      {"_um2", ", µm²"}, {"_um", ", µm"}, {"_px", ", px"}, {"_s", ", s"}, {"_bytes", ", bytes"}};
  for (const auto& [suffix, unit] : kUnits) {
    if (!name.ends_with(suffix)) continue;
    name.replace(name.size() - suffix.size(), suffix.size(), unit);
    break;
  }
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string RecordValue(const Json& json);

std::string RecordRows(const Json& object) {
  std::string html = "<table>";
  for (const auto& [name, value] : object.items())
    html += fmt::format("<tr><th>{}</th><td>{}</td></tr>", EscapeHtml(FieldLabel(name)), RecordValue(value));
  return html + "</table>";
}

constexpr std::size_t kMostColumns = 10;

// A list of objects as a table with a column per field.
std::string RecordColumns(const Json& objects) {
  std::string html = "<table class=\"columns\"><tr>";
  for (const auto& [name, value] : objects[0].items()) html += fmt::format("<th>{}</th>", EscapeHtml(FieldLabel(name)));
  html += "</tr>";
  for (const Json& object : objects) {
    html += "<tr>";
    for (const auto& [name, value] : object.items()) html += fmt::format("<td>{}</td>", RecordValue(value));
    html += "</tr>";
  }
  return html + "</table>";
}

std::string RecordValue(const Json& json) {
  if (json.is_object()) return RecordRows(json);
  if (json.is_array() && json.empty()) return "–";
  if (json.is_array() && json[0].is_object() && json[0].size() <= kMostColumns) return RecordColumns(json);
  if (json.is_array()) {
    std::vector<std::string> items;
    for (const Json& item : json) items.push_back(RecordValue(item));
    const bool has_sentences = json[0].is_object() || std::ranges::any_of(items, [](const std::string& item) {
                                 return item.size() > 60 || item.ends_with('.');
                               });
    return Join(items, has_sentences ? "<br>" : ", ");
  }
  if (json.is_null()) return "–";
  if (json.is_boolean()) return json.get<bool>() ? "yes" : "no";
  const std::string text = json.is_string() ? json.get<std::string>() : json.dump();
  return text.empty() ? "–" : EscapeHtml(text);
}

std::string Record(const RunRecord& r) {
  const Json json = Json::parse(ToJson(r), nullptr, /*allow_exceptions=*/false);
  return fmt::format(
      "<details class=\"record\"><summary>Run record: everything that decided this result</summary>{}</details>\n",
      RecordRows(json));
}

// Around what cannot be made anew from the record. No text of a record can hold them: it is escaped.
constexpr std::string_view kShownBegin = "<!-- what the run shows -->\n", kShownEnd = "<!-- until here -->\n";

// A page is made of one growing text, as its pictures are large: what the run shows stands between these two.
std::string PageUntilShown(const ReportInput& input) {
  std::string html = PageHead(input.title) + Header(input) + Warnings(input.record) + KeyFigures(input.record);
  html += kShownBegin;
  return html;
}

Result<std::string> PageAfterShown(const ReportInput& input, std::string html) {
  const RunRecord& r = input.record;
  html += kShownEnd;
  TEGULA_ASSIGN_OR_RETURN(const std::string verification, VerificationHtml(r.verification, input.verification));
  html += verification;
  html += Times(r) + Notes(r) + Record(r) + "</body></html>\n";
  return html;
}

}  // namespace

Result<std::string> RenderReport(const ReportInput& input) {
  std::string html = PageUntilShown(input);
  TEGULA_TRY(AppendPictures(input.pictures, html));
  TEGULA_ASSIGN_OR_RETURN(const std::string objects, Objects(input));
  html += objects;
  return PageAfterShown(input, std::move(html));
}

Result<std::string> RenderReportAgain(const ReportInput& input, std::string_view page) {
  const std::size_t begin = page.find(kShownBegin), end = page.rfind(kShownEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    return CorruptError("this is not the report of a run of this version");
  const std::size_t from = begin + kShownBegin.size();
  std::string html = PageUntilShown(input);
  html += page.substr(from, end - from);
  return PageAfterShown(input, std::move(html));
}

Status WriteReport(const ReportInput& input, const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(const std::string html, RenderReport(input));
  return WriteFileWhole(path, html);
}

}  // namespace tegula::outputs
