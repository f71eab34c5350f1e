#include "tegula/outputs/model_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/outputs/html.h"
#include "tegula/spec/words.h"

namespace tegula::outputs {
namespace {

std::string Link(const std::string& address, std::string_view text) {
  const bool is_address = address.starts_with("https://") || address.starts_with("http://");
  if (!is_address) return EscapeHtml(text);
  return fmt::format("<a href=\"{}\">{}</a>", EscapeHtml(address), EscapeHtml(text));
}

std::string Row(std::string_view what, const std::string& html) {
  return html.empty() ? "" : fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", what, html);
}

std::string People(const std::vector<spec::Person>& people) {
  std::vector<std::string> all;
  for (const spec::Person& person : people) {
    std::string text =
        person.orcid.empty() ? EscapeHtml(person.name) : Link("https://orcid.org/" + person.orcid, person.name);
    if (!person.affiliation.empty())
      text += fmt::format(" <span class=\"small\">{}</span>", EscapeHtml(person.affiliation));
    all.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(all, "<br>"));
}

std::string Citations(const spec::Resource& resource) {
  std::string html;
  for (const spec::Citation& cite : resource.cite) {
    const std::string address = cite.doi.empty() ? cite.url : "https://doi.org/" + cite.doi;
    html += EscapeHtml(cite.text) +
            (address.empty() ? "" : " " + Link(address, cite.doi.empty() ? cite.url : cite.doi)) + "<br>";
  }
  return html;
}

// --- A tensor as sheets of paper: the first one in front, its axes at its sides ---

constexpr int kSheet = 92, kShift = 9, kLeft = 34, kTop = 6;

bool IsSingle(const spec::Axis& axis) {
  const auto* const fixed = std::get_if<spec::FixedSize>(&axis.size);
  return fixed != nullptr && fixed->size == 1;
}

// How many sheets lie behind the first: one per channel, at most three, or two for a depth of any size.
int SheetsBehind(const spec::TensorDescription& tensor) {
  constexpr int kMost = 3;
  int behind = 0;
  for (const spec::Axis& axis : tensor.axes) {
    if (axis.id == "x" || axis.id == "y" || axis.type == spec::AxisType::kBatch || IsSingle(axis)) continue;
    const bool is_channel = axis.type == spec::AxisType::kChannel && !axis.channel_names.empty();
    behind += is_channel ? static_cast<int>(axis.channel_names.size()) - 1 : 2;
  }
  return std::min(behind, kMost);
}

std::string Drawing(const spec::TensorDescription& tensor) {
  if (tensor.FindAxis("x") == nullptr || tensor.FindAxis("y") == nullptr) return "<p class=\"small\">not an image</p>";
  const int behind = SheetsBehind(tensor);
  const int width = kLeft + kSheet + behind * kShift + 4, height = kTop + kSheet + behind * kShift + 22;
  std::string svg = fmt::format(
      "<svg class=\"sheet\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\">", width, height);
  for (int sheet = behind; sheet >= 0; --sheet)
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"var(--panel)\" stroke=\"var(--accent)\"/>",
        kLeft + sheet * kShift, kTop + (behind - sheet) * kShift, kSheet, kSheet);
  const int bottom = kTop + behind * kShift + kSheet;
  svg += fmt::format(
      "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">x</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\">y</text>",
      kLeft + kSheet / 2, bottom + 16, kLeft - 8, bottom - kSheet / 2 + 4);
  return svg + "</svg>";
}

std::string Tensor(std::string_view role, const spec::TensorDescription& tensor) {
  std::string html = fmt::format("<div class=\"tensor\"><div>{}</div><div><h3>{} {}</h3>", Drawing(tensor), role,
                                 EscapeHtml(tensor.id));
  if (!tensor.description.empty()) html += fmt::format("<p>{}</p>", EscapeHtml(tensor.description));
  html += "<table>" + Row("values", EscapeHtml(spec::InWords(tensor.data)));
  for (const spec::Axis& axis : tensor.axes)
    if (axis.type != spec::AxisType::kBatch)
      html += Row(EscapeHtml(axis.id), EscapeHtml(spec::InWords(axis, std::string::npos)));
  std::vector<std::string> ops;
  for (const spec::OpDescription& op : tensor.ops) ops.push_back(EscapeHtml(spec::InWords(op)));
  html += Row(role == "Input" ? "before the network" : "after the network", fmt::format("{}", fmt::join(ops, "<br>")));
  return html + "</table></div></div>\n";
}

std::string Verdict(const ModelPage& page) {
  if (page.applies) return "<p class=\"exact\">It runs here and can be applied to images.</p>";
  const std::string_view what =
      page.runs ? "It is tested here, but cannot be applied to images" : "It does not run here";
  return fmt::format("<div class=\"warnings\"><strong>{}:</strong> {}.</div>", what, EscapeHtml(page.reason));
}

std::string Weights(const ModelPage& page) {
  if (page.weights.empty()) return {};
  std::string html = "<section><h2>Weights</h2><table><tr><th>Format</th><th>File</th><th>Runs here</th></tr>\n";
  for (const WeightsRow& row : page.weights)
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", EscapeHtml(row.format), EscapeHtml(row.file),
                        row.engine.empty() ? "no: " + EscapeHtml(row.reason) : "with " + EscapeHtml(row.engine));
  return html + "</table></section>\n";
}

constexpr std::string_view kStyle =
    "<style>.tensor{display:grid;grid-template-columns:170px 1fr;gap:1.5rem;margin:1.6rem 0}.tensor "
    "h3{margin-top:0}.sheet text{fill:var(--soft);font-size:13px}.about th{width:9rem}.tensor th{width:11rem;"
    "vertical-align:top}.cover{max-width:100%;max-height:22rem;border:1px solid var(--line)}a{color:var(--accent)}"
    "@media(max-width:40rem){.tensor{grid-template-columns:1fr}}</style>\n";

}  // namespace

std::string RenderModelPage(const ModelPage& page) {
  const spec::ModelDescription& model = page.model;
  std::string html = PageHead(model.name) + std::string(kStyle);
  html += fmt::format("<header><p class=\"kicker\">{} {}</p><h1>{} {}</h1><p class=\"lead\">{}</p></header>\n",
                      EscapeHtml(model.type), EscapeHtml(model.format_version), EscapeHtml(model.name),
                      EscapeHtml(model.id_emoji), EscapeHtml(model.description));
  html += Verdict(page);
  if (!page.covers.empty()) {
    html += "<section class=\"pictures\">";
    for (const std::string& cover : page.covers)
      html += fmt::format("<figure><img class=\"cover\" src=\"{}\" alt=\"cover\"></figure>", EscapeHtml(cover));
    html += "</section>\n";
  }
  html += "<section><h2>What goes in, what comes out</h2>\n";
  for (const spec::TensorDescription& tensor : model.inputs) html += Tensor("Input", tensor);
  for (const spec::TensorDescription& tensor : model.outputs) html += Tensor("Output", tensor);
  html += "<table class=\"about\">";
  for (const SizesRow& row : page.tile_sizes) html += Row("tile sizes in " + row.axis, EscapeHtml(row.sizes));
  html += "</table></section>\n" + Weights(page);
  std::vector<std::string> tags;
  for (const std::string& tag : model.tags) tags.push_back(EscapeHtml(tag));
  html += "<section><h2>About</h2><table class=\"about\">" + Row("authors", People(model.authors)) +
          Row("cite", Citations(model)) + Row("licence", EscapeHtml(model.license)) +
          Row("version", EscapeHtml(model.version)) + Row("id", EscapeHtml(model.id)) +
          Row("tags", fmt::format("{}", fmt::join(tags, ", "))) + Row("source", Link(model.git_repo, model.git_repo)) +
          Row("documentation", Link(model.documentation, model.documentation)) +
          Row("package", EscapeHtml(page.package)) + "</table></section>\n";
  return html + "</body></html>\n";
}

}  // namespace tegula::outputs
