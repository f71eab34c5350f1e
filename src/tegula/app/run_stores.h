// app/run_stores.h — what the stores of a prediction look like: axes, pixel size and place, channels and colours.
#pragma once

#include "tegula/app/class_reading.h"
#include "tegula/app/feeds.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// An output whose channels are called and shown as these classes, if there are any.
pipeline::OutputInfo NamedBy(const std::vector<ClassReading::Class>& classes, pipeline::OutputInfo output);

/// The store of an output of the prediction of `feeds`. Planes that the model takes one by one lie along t and z.
outputs::StoreOptions StoreOptionsOf(const spec::TensorDescription& description, const pipeline::OutputInfo& output,
                                     const Feeds& feeds);

}  // namespace tegula::app
