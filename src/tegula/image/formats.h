// image/formats.h — inside the module: what each reader hands to the table in formats.cc.
#pragma once

#include <memory>
#include <string>

#include "tegula/image/open.h"

namespace tegula::image {

bool ProbeSynthetic(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenSynthetic(const std::string& name, const Access& access);

bool ProbeNpy(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenNpy(const std::string& name, const Access& access);

bool ProbePng(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenPng(const std::string& name, const Access& access);

bool ProbeAperio(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenAperio(const std::string& name, const Access& access);

bool ProbeSlide(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenSlide(const std::string& name, const Access& access);
Status SlidesAvailable();
std::string SlidesDetail();

bool ProbeJpeg(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenJpeg(const std::string& name, const Access& access);

bool ProbeTiff(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenTiff(const std::string& name, const Access& access);

/// A folder that holds metadata of Zarr.
bool ProbeZarr(const ProbeInput& input);
Result<std::unique_ptr<Source>> OpenZarr(const std::string& name, const Access& access);
/// The same at an address.
Result<std::unique_ptr<Source>> OpenWebZarr(const std::string& name, const Access& access);

}  // namespace tegula::image
