// app/classifier.h — a model, what it is given of an image, and what its output means, under a name: made once, applied
// to any image, on any machine.
//
// QuPath calls this a pixel classifier. The file is JSON for people and programs. It holds everything that decides the
// answer but the image: the checksums of model and weights, the engine that was proven, its version, precision and
// threads. Where one of these is another, the answer could be another too, so it is refused with what differs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/network_identity.h"
#include "tegula/app/predict.h"
#include "tegula/app/version.h"

namespace tegula::app {

/// One per channel of the output, in their order.
struct ClassifierClass {
  std::string channel, name;  ///< a name that ends in * is ignored where areas and shares are measured
  std::int64_t red = 0, green = 0, blue = 0;
};

/// Along an axis of the model's windows, in pixels; 0 for what is left to Tegula.
struct ClassifierAxis {
  std::string axis;
  std::int64_t tile = 0, context = 0, stride = 0;
};

struct Classifier {
  std::string name;  ///< by which it was made
  std::string tegula_version;
  std::int64_t answers = kAnswers;  ///< of that version
  std::string model;                ///< as OpenModel takes it
  std::string model_name, model_id, model_version;
  NetworkIdentity network;
  // What the model is given; empty, 0 and -1 for what follows from model and image.
  std::vector<std::string> channels;
  std::string stains, z, t, z_projection;
  std::int64_t level = -1;
  double pixel_size_um = 0, downsample = 0;
  std::string border = "auto";
  std::string statistics_from = "image";
  std::vector<ClassifierAxis> axes;
  // What its output means.
  std::string output;                       ///< id
  std::string output_type = "probability";  ///< see OutputTypes
  double threshold = -1;                    ///< -1: 0.5 for one channel, the largest channel for several
  std::vector<ClassifierClass> classes;
};

/// What the output of a classifier means, in QuPath's words.
struct OutputType {
  std::string_view name, description;
};
/// probability: the values of all channels, of which the largest is the class (of one: 0.5 or more); multiclass: each
/// channel for itself, so that classes may overlap; classification: only the number of the class.
std::span<const OutputType> OutputTypes();
/// kInvalid for a type that classes of so many channels cannot have.
Status CheckOutputType(std::string_view type, std::size_t channels);
inline constexpr const char* kDefaultOutputType = "probability";
inline constexpr const char* kMulticlass = "multiclass";

/// As JSON, and back. kCorrupt with the field that is wrong; kUnsupported for a later format.
std::string ToJson(const Classifier& classifier);
Result<Classifier> ClassifierFromJson(std::string_view text);

/// What is kept of a request, the model and the network that was proven for it. The classes are those of `reading`, of
/// the output with this id. kUnsupported for what belongs to single images: statistics of regions and files, further
/// inputs. kInvalid for an output type that the reading cannot have.
Result<Classifier> ClassifierOf(const PredictRequest& request, const ProvenNetwork& proven,
                                const spec::Package& package, const std::string& output, const std::string& output_type,
                                const ClassReading& reading);

/// Sets all of a request that the classifier decides: model, binding, windows, statistics, engine, outputs, values,
/// classes, and the network that it must be. What it leaves to single images stays: planes along z and t, statistics of
/// a region or a file. kInvalid if this version of Tegula answers otherwise; errors of Parse.
Status Apply(const Classifier& classifier, PredictRequest& request);

/// How it reads classes.
ClassRequest ClassesOf(const Classifier& classifier);
/// From which values on pixels belong to objects of its classes; empty: the largest channel wins.
std::vector<ClassThreshold> ThresholdsOf(const Classifier& classifier);

/// Whether a run that has been gave what this classifier gives. kInvalid with what differs in the network or in what it
/// was given.
Status CheckMadeAs(const Classifier& classifier, const outputs::RunRecord& record);

/// What a classifier that was asked for by this name is called in sentences.
std::string TitleOf(const Classifier& classifier);

}  // namespace tegula::app
