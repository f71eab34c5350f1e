// outputs/report.h — a result on one page that can be shown to a colleague: a single HTML file without scripts and
// without anything from elsewhere, so that it can be mailed, archived and opened anywhere.
//
// Everything in it comes from the run record and from pictures the caller made; all text is escaped, and the page
// forbids itself scripts and requests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/outputs/objects_section.h"
#include "tegula/outputs/run_record.h"
#include "tegula/outputs/verification_section.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// Pixels as EncodePng takes them. About 600 pixels wide is enough.
struct ReportPicture {
  std::string caption;
  ConstView pixels_yxc;
};

/// Borrows all it refers to.
struct ReportInput {
  std::string title;                                   ///< usually the name of the image
  const RunRecord& record;                             ///< classes have the palette's colour of their channel
  std::vector<ReportPicture> pictures;                 ///< shown side by side in this order
  const ObjectFigures* objects = nullptr;              ///< of the record's objects
  std::vector<VerificationFigures> verification = {};  ///< to the record's verifications, one each
};

/// The page. Errors of EncodePng.
Result<std::string> RenderReport(const ReportInput& input);

/// The page of a run that was verified later: everything that follows from the record is made anew, and what only the
/// run could show (pictures, objects) is taken from its `page`. kCorrupt if RenderReport did not make that.
Result<std::string> RenderReportAgain(const ReportInput& input, std::string_view page);

/// Renders and writes it, whole or not at all.
Status WriteReport(const ReportInput& input, const Path& path);

}  // namespace tegula::outputs
