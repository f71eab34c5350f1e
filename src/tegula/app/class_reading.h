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

namespace tegula::app {

/// What the user says about classes.
struct ClassRequest {
  /// "0=Background*,Nucleus=Tumor": channel, by name or index, and the class it means. Names that end in * are ignored,
  /// as in QuPath. Channels that are not named mean what they are called.
  std::string names;
  std::optional<double> threshold;  ///< not given: 0.5
  bool overlapping = false;         ///< each channel for itself, so that a pixel may have several classes
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
/// that do not say which channel they mean, kNotFound for a channel that is not there.
Result<ClassReading> ReadClassesOf(const std::vector<outputs::StoreChannel>& channels, const ClassRequest& request);

}  // namespace tegula::app
