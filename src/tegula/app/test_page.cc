#include "tegula/app/test_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/outputs/html.h"
#include "tegula/outputs/tensor_picture.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

using outputs::ColourScale;
using outputs::EscapeHtml;
using outputs::TensorPlane;
using outputs::TensorPlanes;
using outputs::ValueRange;

constexpr std::size_t kMostPlanes = 8;  // of a tensor

std::string Milliseconds(const Cost& cost) { return cost.run_s > 0 ? fmt::format("{:.1f}", cost.run_s * 1e3) : ""; }
std::string Speed(const Cost& cost) {
  return cost.run_s > 0 ? fmt::format("{:.3g}", cost.megapixels / cost.run_s) : "";
}
std::string Memory(const Cost& cost) { return cost.memory_bytes > 0 ? fmt::format("{}", cost.memory_bytes >> 20) : ""; }

// " in bfloat16"; nothing for what is the rule.
std::string Less(engines::Precision precision) {
  return precision == engines::Precision::kF32 ? "" : fmt::format(" in {}", engines::PrecisionName(precision));
}

std::string SizesTried(const WeightsCheck& check) {
  if (check.sizes.empty()) return {};
  const auto passed =
      std::count_if(check.sizes.begin(), check.sizes.end(), [](const SizeCheck& size) { return size.passed(); });
  return fmt::format("{} of {} other batch and image sizes", passed, check.sizes.size());
}

// |prediction - target| as float32; NaN where one of them is and the other is not.
Result<Tensor> Differences(const Tensor& prediction, const Tensor& target) {
  TEGULA_ASSIGN_OR_RETURN(Tensor a, Tensor::Allocate(DType::kF32, prediction.shape()));
  TEGULA_ASSIGN_OR_RETURN(Tensor b, Tensor::Allocate(DType::kF32, target.shape()));
  ConvertCopy(prediction.view(), a.view());
  ConvertCopy(target.view(), b.view());
  const std::span<float> to = a.values<float>();
  const std::span<const float> from = std::as_const(b).values<float>();
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = to[i] == from[i] || (std::isnan(to[i]) && std::isnan(from[i])) ? 0 : std::abs(to[i] - from[i]);
  return a;
}

// "at y 17, x 3: 0.25 instead of 0.21".
std::string WorstPlace(const spec::TensorDescription& output, const Tensor& differences, const Tensor& prediction,
                       const Tensor& target) {
  const auto values = differences.values<float>();
  if (values.empty()) return {};
  const auto worse = [](float a, float b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  auto at = std::max_element(values.begin(), values.end(), worse) - values.begin();
  const auto number = [at](const Tensor& tensor) {
    double value = 0;
    const ConstView one(tensor.view().data() + at * DTypeSize(tensor.dtype()), tensor.dtype(), Shape{1});
    ConvertCopy(one, View(reinterpret_cast<std::byte*>(&value), DType::kF64, Shape{1}));
    return value;
  };
  const double predicted = number(prediction), wanted = number(target);
  if (predicted == wanted) return "no element differs";
  std::vector<std::string> place;
  for (int a = differences.shape().rank() - 1; a >= 0; --a) {
    const std::int64_t size = differences.shape()[a];
    if (size > 1)
      place.insert(place.begin(), fmt::format("{} {}", output.axes[static_cast<std::size_t>(a)].id, at % size));
    at /= size;
  }
  return fmt::format("the worst element, at {}: {:.6g} instead of {:.6g}", fmt::join(place, ", "), predicted, wanted);
}

Result<std::string> Figure(std::string_view caption, const TensorPlane& plane, ValueRange range, ColourScale scale) {
  TEGULA_ASSIGN_OR_RETURN(const std::string html, outputs::PlaneHtml(plane, range, scale));
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>", html, EscapeHtml(caption));
}

std::string LeftOut(const TensorPlanes& planes) {
  return planes.left_out == 0 ? "" : fmt::format("<p class=\"small\">{} more are not shown.</p>", planes.left_out);
}

Result<std::string> InputHtml(const spec::TensorDescription& input, const Tensor& values) {
  std::string html = fmt::format("<h3>Input {}</h3><p class=\"small\">{}, {}</p>", EscapeHtml(input.id),
                                 ToString(values.shape()), DTypeName(values.dtype()));
  const TensorPlanes planes = outputs::PlanesOf(input, values.view(), kMostPlanes);
  html += "<div class=\"four\">";
  for (const TensorPlane& plane : planes.planes) {
    TEGULA_ASSIGN_OR_RETURN(const std::string figure,
                            Figure(plane.caption, plane, outputs::RangeOf(plane.yx), ColourScale::kGrey));
    html += figure;
  }
  return html + "</div>" + LeftOut(planes);
}

// Target, prediction and difference side by side; the first two on one scale.
Result<std::string> OutputHtml(const spec::TensorDescription& output, const OutputCheck& check,
                               const Tensor& prediction, const Tensor& target) {
  std::string html =
      fmt::format("<h3>Output {}: {}</h3>", EscapeHtml(output.id), check.comparison.passed ? "passed" : "FAILED");
  if (!check.comparison.reason.empty()) html += fmt::format("<p>{}</p>", EscapeHtml(check.comparison.reason));
  if (prediction.shape() != target.shape()) return html;
  TEGULA_ASSIGN_OR_RETURN(const Tensor differences, Differences(prediction, target));
  html += fmt::format("<p class=\"small\">{}; largest difference {:.3g}, mean {:.3g}; {}</p>",
                      ToString(prediction.shape()), check.comparison.max_abs, check.comparison.mean_abs,
                      EscapeHtml(WorstPlace(output, differences, prediction, target)));
  const TensorPlanes targets = outputs::PlanesOf(output, target.view(), kMostPlanes);
  const TensorPlanes predictions = outputs::PlanesOf(output, prediction.view(), kMostPlanes);
  const TensorPlanes errors = outputs::PlanesOf(output, differences.view(), kMostPlanes);
  for (std::size_t i = 0; i < targets.planes.size(); ++i) {
    const std::string& caption = targets.planes[i].caption;
    const ValueRange range = outputs::RangeOf(targets.planes[i].yx);
    const ValueRange error{0, outputs::RangeOf(errors.planes[i].yx).high};
    TEGULA_ASSIGN_OR_RETURN(const std::string wanted,
                            Figure(caption + ": target", targets.planes[i], range, ColourScale::kGrey));
    TEGULA_ASSIGN_OR_RETURN(const std::string given,
                            Figure(caption + ": prediction", predictions.planes[i], range, ColourScale::kGrey));
    TEGULA_ASSIGN_OR_RETURN(const std::string wrong,
                            Figure(caption + ": difference", errors.planes[i], error, ColourScale::kHeat));
    html += fmt::format(
        "<div class=\"four\">{}{}{}<figure>{}<figcaption>how often which difference occurs (heights "
        "logarithmic)</figcaption></figure></div>",
        wanted, given, wrong, outputs::DifferenceHistogramSvg(errors.planes[i].yx));
  }
  if (targets.planes.empty()) html += outputs::DifferenceHistogramSvg(differences.view());
  return html + LeftOut(targets);
}

std::string TableHtml(const TestTable& table) {
  std::string html = "<div class=\"wide\"><table><tr>";
  for (const std::string& cell : table.heading) html += fmt::format("<th>{}</th>", EscapeHtml(cell));
  html += "</tr>\n";
  for (const std::vector<std::string>& row : table.rows) {
    html += "<tr>";
    for (const std::string& cell : row) html += fmt::format("<td>{}</td>", EscapeHtml(cell));
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

constexpr std::string_view kStyle =
    "<style>.four{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:1.2rem;margin:1rem 0}"
    ".four img{image-rendering:pixelated}.wide{overflow-x:auto}</style>\n";

}  // namespace

TestTable TableOf(const std::vector<WeightsCheck>& checks) {
  TestTable table;
  table.heading = {"weights",    "engine",           "result",     "output",       "max error",
                   "mean error", "out of tolerance", "ms per run", "megapixels/s", "memory MiB"};
  for (const WeightsCheck& check : checks) {
    const std::string weights(spec::WeightsFormatName(check.format));
    std::string engine = check.engine;
    if (!check.engine_version.empty()) engine += " " + check.engine_version;
    engine += std::string(check.is_converted ? " (converted)" : "") + Less(check.precision);
    if (check.outputs.empty())
      table.rows.push_back({weights, engine, std::string(StatusName(check.status)), "", "", "", "",
                            Milliseconds(check.cost), Speed(check.cost), Memory(check.cost)});
    for (const OutputCheck& output : check.outputs) {
      const Comparison& c = output.comparison;
      table.rows.push_back(
          {weights, engine, c.passed ? "passed" : "FAILED", output.output_id, fmt::format("{:.2e}", c.max_abs),
           fmt::format("{:.2e}", c.mean_abs),
           fmt::format("{:.4g} ppm of {:.4g}", c.mismatched_per_million, c.tolerance.mismatched_per_million),
           Milliseconds(check.cost), Speed(check.cost), Memory(check.cost)});
    }
    if (!check.reason.empty()) table.remarks.push_back(fmt::format("{}: {}", Title(check), check.reason));
    if (!check.sizes.empty())
      table.remarks.push_back(fmt::format("{}: {} give the shapes described", Title(check), SizesTried(check)));
    for (const std::string& note : check.notes) table.remarks.push_back(fmt::format("{}: {}", Title(check), note));
  }
  return table;
}

std::string TestMarkdown(const TestReport& report) {
  const TestTable table = TableOf(report.checks);
  const auto line = [](const std::vector<std::string>& cells, std::size_t columns) {
    std::string text = "|";
    for (std::size_t i = 0; i < columns; ++i) text += fmt::format(" {} |", i < cells.size() ? cells[i] : "");
    return text + "\n";
  };
  std::string text = fmt::format("# {}\n\n{}\n\n", report.model.name, report.verdict());
  text += line(table.heading, table.heading.size()) +
          line(std::vector<std::string>(table.heading.size(), "---"), table.heading.size());
  for (const std::vector<std::string>& row : table.rows) text += line(row, table.heading.size());
  text += "\n";
  for (const std::string& remark : table.remarks) text += "- " + remark + "\n";
  return text;
}

Result<std::string> TestPage(const TestReport& report) {
  const TestTable table = TableOf(report.checks);
  std::string html = outputs::PageHead("Test of " + report.model.name) + std::string(kStyle);
  html += fmt::format(
      "<header><p class=\"kicker\">Test on the model's own tensors</p><h1>{}</h1><p class=\"lead\">{}"
      "</p><p class=\"small\">{}</p></header>\n",
      EscapeHtml(report.model.name), EscapeHtml(report.verdict()), EscapeHtml(report.package));
  html += TableHtml(table);
  if (!table.remarks.empty()) {
    html += "<ul>";
    for (const std::string& remark : table.remarks) html += fmt::format("<li>{}</li>", EscapeHtml(remark));
    html += "</ul>\n";
  }
  html += "<section><h2>What the network is given</h2>\n";
  for (std::size_t i = 0; i < report.tests.inputs.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(const std::string input, InputHtml(report.model.inputs[i], report.tests.inputs[i]));
    html += input;
  }
  html += "</section>\n";
  for (std::size_t c = 0; c < report.checks.size(); ++c) {
    const WeightsCheck& check = report.checks[c];
    if (c >= report.results.size() || report.results[c].outputs.empty()) continue;
    html += fmt::format("<section><h2>{}</h2>\n", EscapeHtml(Title(check)));
    for (std::size_t i = 0; i < check.outputs.size(); ++i) {
      TEGULA_ASSIGN_OR_RETURN(
          const std::string output,
          OutputHtml(report.model.outputs[i], check.outputs[i], report.results[c].outputs[i], report.tests.outputs[i]));
      html += output;
    }
    html += "</section>\n";
  }
  return html + "</body></html>\n";
}

}  // namespace tegula::app
