#include "tegula/cli/prediction_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/cli/commands.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

bool HasPassed(const app::ImagePrediction& prediction) {
  return std::all_of(prediction.verification.begin(), prediction.verification.end(), [](auto& r) { return r.passed; });
}

std::string VerdictText(const app::ImagePrediction& prediction) {
  std::string text;
  for (const outputs::VerificationRecord& r : prediction.verification)
    text +=
        fmt::format("  verification{} {}\n", prediction.verification.size() > 1 ? " of " + r.output : "", r.verdict);
  return text;
}

// A small region is not 0.0 megapixels.
std::string MegapixelsText(double megapixels) {
  return megapixels < 0.1 ? fmt::format("{:.2g}", megapixels) : fmt::format("{:.1f}", megapixels);
}

}  // namespace

std::string PredictionsText(const std::vector<app::ImagePrediction>& predictions) {
  if (predictions.size() == 1) {
    const app::ImagePrediction& p = predictions.front();
    return (p.was_done
                ? fmt::format("{}: done before\n", p.image)
                : fmt::format("{}: {} megapixels in {}{}\n", p.image, MegapixelsText(p.megapixels),
                              HumanSeconds(p.seconds), p.objects > 0 ? fmt::format(", {} objects", p.objects) : "")) +
           VerdictText(p) + fmt::format("  report: {}\n", p.report);
  }
  std::vector<std::vector<std::string>> rows = {
      {"image", "result", "megapixels", "time", "objects", "report or reason"}};
  for (const app::ImagePrediction& p : predictions) {
    const std::string how = p.was_done ? "done before" : "done";
    const std::string verdict = p.verification.empty() ? "" : HasPassed(p) ? ", verified" : ", depends on its tiles";
    rows.push_back({p.image, p.error.empty() ? how + verdict : "failed",
                    p.error.empty() && !p.was_done ? MegapixelsText(p.megapixels) : "",
                    p.error.empty() ? HumanSeconds(p.seconds) : "", p.objects > 0 ? fmt::format("{}", p.objects) : "",
                    p.error.empty() ? p.report : p.error});
  }
  return Table(rows);
}

std::string PredictionsJson(const std::vector<app::ImagePrediction>& predictions) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const app::ImagePrediction& p : predictions) {
    nlohmann::ordered_json verification = nlohmann::ordered_json::array();
    for (const outputs::VerificationRecord& r : p.verification)
      verification.push_back(nlohmann::ordered_json::parse(outputs::ToJson(r)));
    rows.push_back({{"image", p.image},
                    {"folder", p.folder.string()},
                    {"report", p.report},
                    {"objects", p.objects},
                    {"seconds", p.seconds},
                    {"megapixels", p.megapixels},
                    {"was_done", p.was_done},
                    {"verification", std::move(verification)},
                    {"error", p.error}});
  }
  return rows.dump(2) + "\n";
}

bool AllDone(const std::vector<app::ImagePrediction>& predictions) {
  return std::all_of(predictions.begin(), predictions.end(),
                     [](auto& prediction) { return prediction.error.empty() && HasPassed(prediction); });
}

}  // namespace tegula::cli
