// outputs/objects_section.h — the part of a report that shows what was found: counts and areas of classes, how often
// each measurement has which value, where objects are dense, and some of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/outputs/run_record.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// A measurement of all objects; its name has the unit.
struct MeasuredValues {
  std::string name;
  std::vector<double> values = {};
};

/// Objects per area over the image.
struct DensityPicture {
  Tensor pixels_yxc;
  double highest = 0;  ///< has the last colour; the first stands for 0
  std::string unit;    ///< "objects per mm²"
};

struct ObjectPicture {
  std::string caption;
  Tensor pixels_yxc;
};

struct ObjectFigures {
  std::vector<MeasuredValues> measured = {};
  std::optional<DensityPicture> density = {};
  std::vector<ObjectPicture> gallery = {};
  std::string seams = {};  ///< what there is to say of straight edges along seams: a sentence
};

/// The section; nothing without records. `area_mm2` is that of what was looked at, 0 if unknown; `of` what it is
/// called: "image". Errors of EncodePng.
Result<std::string> ObjectsHtml(const std::vector<ObjectsRecord>& records, const ObjectFigures& figures,
                                double area_mm2, std::string_view of);

}  // namespace tegula::outputs
