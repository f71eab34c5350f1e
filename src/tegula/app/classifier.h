// app/classifier.h — a model, what it is given of an image, and what its output means, under a name: made once, applied
// to any image, on any machine.
//
// QuPath calls this a pixel classifier. The file is JSON for people and programs. It holds everything that decides the
// answer but the image: the checksums of model and weights, the engine that was proven, its version, precision and
// threads. Where one of these is another, the answer could be another too, so it is refused with what differs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/predict.h"
#include "tegula/core/files.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

/// What the network is and how it is run. An answer is the same where all of it is.
struct ClassifierNetwork {
  std::string description_sha256, weights_format, weights_sha256;
  std::string engine, engine_version, precision, device;
  std::int64_t threads = 0;
};

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
  std::string tegula_version;
  std::string model;  ///< as OpenModel takes it
  ClassifierNetwork network;
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
  std::string output_type = "probability";  ///< or "multiclass": classes may overlap
  double threshold = -1;                    ///< -1: 0.5 for one channel, the largest channel for several
  std::vector<ClassifierClass> classes;
};

/// As JSON, and back. kCorrupt with the field that is wrong; kUnsupported for a later format.
std::string ToJson(const Classifier& classifier);
Result<Classifier> ClassifierFromJson(std::string_view text);

/// What is kept of a request and the network that was proven for it. The request's classes are those of `reading`, of
/// the output with this id. kUnsupported for what belongs to single images: statistics of regions and files, further
/// inputs.
Result<Classifier> ClassifierOf(const PredictRequest& request, const ProvenNetwork& proven,
                                const std::string& description_sha256, const std::string& output,
                                const ClassReading& reading);

/// Sets model, binding, windows, statistics, engine and outputs of a request as the classifier has them. Errors of
/// Parse.
Status Apply(const Classifier& classifier, PredictRequest& request);
/// How it reads classes.
ClassRequest ClassesOf(const Classifier& classifier);

/// What is not the same as when the classifier was made, as "the weights are A here and were B"; empty if nothing is.
std::vector<std::string> DifferencesTo(const Classifier& classifier, const ClassifierNetwork& here);
ClassifierNetwork NetworkOf(const ProvenNetwork& proven, const std::string& description_sha256,
                            const EngineRequest& engine);
/// That of a run that has been.
ClassifierNetwork NetworkOf(const outputs::RunRecord& record);

/// The classifiers of a user: files NAME.json in a folder. Names are letters, digits, spaces and "-_.", at most 100,
/// and begin with a letter or digit.
class ClassifierFolder {
 public:
  explicit ClassifierFolder(Path folder) : folder_(std::move(folder)) {}
  /// TEGULA_CLASSIFIERS, or "tegula/classifiers" in the user's folder for data. Empty without either.
  static Path OfUser();

  /// kInvalid for a name that is none, or one that is there unless `overwrite`; kIo.
  Status Save(const std::string& name, const Classifier& classifier, bool overwrite) const;
  /// By name, or from a file if `name` ends in ".json". kNotFound with the names there are; kCorrupt.
  Result<Classifier> Load(const std::string& name) const;
  /// Sorted; none if the folder is not there. kIo.
  Result<std::vector<std::string>> Names() const;
  Status Remove(const std::string& name) const;

 private:
  Result<Path> FileOf(const std::string& name) const;
  Path folder_;
};

}  // namespace tegula::app
