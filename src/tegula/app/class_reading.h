// app/class_reading.h — how the channels of a prediction are read as classes: by their largest value, or each by a
// threshold of its own, under the names and colours that people know them by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/objects/classify.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// What the user says about classes.
struct ClassRequest {
  /// "0=Background*,Nucleus=Tumor#d55e00": channel, by name or index, the class it means and the colour it is shown in.
  /// Names that end in * are ignored, as in QuPath. Channels that are not named mean what they are called.
  std::string names;
  /// The same of every channel, in their order; empty: what `names` says.
  std::vector<outputs::StoreClass> each;
  std::optional<double> threshold;  ///< not given: 0.5
  bool overlapping = false;         ///< each channel for itself, so that a pixel may have several classes

  bool says_names() const noexcept { return !names.empty() || !each.empty(); }
};

/// One class per channel, in their order.
struct ClassReading {
  struct Class {
    std::string channel, name;
    outputs::Rgb colour;
    bool is_ignored = false;
  };
  std::vector<Class> classes;
  /// Whether every pixel has exactly one class (the largest channel), so that shares of classes add up.
  bool is_partition = false;
  /// As pipeline::CountClasses takes them: its columns are then `classes`, and all pixels.
  std::vector<objects::ClassRule> rules;
};

/// The largest of several channels wins unless there is a threshold or `overlapping` is asked for. kInvalid for names
/// that do not say which channel they mean, or for another number of classes than channels; kNotFound for a channel
/// that is not there.
Result<ClassReading> ReadClassesOf(const std::vector<outputs::StoreChannel>& channels, const ClassRequest& request);

/// Of an output of a model that is yet to be predicted, in the palette's colours. kUnsupported for numbers of objects;
/// errors of the above.
Result<ClassReading> ReadClassesOf(const spec::TensorDescription& output, const ClassRequest& request);

/// Of a store that holds the number of each pixel's class, as --values argmax makes it. kInvalid for a threshold or
/// overlapping classes, which cannot be had of it; errors of the above.
Result<ClassReading> ReadNumbersOf(const std::vector<outputs::StoreClass>& classes, const ClassRequest& request);

}  // namespace tegula::app
