// outputs/zarr_layout_formats.h — inside the module: the table of layouts.
#pragma once

#include "tegula/outputs/zarr_layout.h"

namespace tegula::outputs {

extern const ZarrLayout kZarr2;  // zarr2_layout.cc
extern const ZarrLayout kZarr3;  // zarr3_layout.cc

}  // namespace tegula::outputs
