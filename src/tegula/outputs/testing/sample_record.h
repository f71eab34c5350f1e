// outputs/testing/sample_record.h — a run record with something in every field, as a whole-slide run leaves it.
#pragma once

#include <string>

#include "tegula/outputs/run_record.h"

namespace tegula::outputs::testing {

inline RunRecord SampleRecord() {
  RunRecord r;
  r.tegula_version = "0.1.0";
  r.command = {"tegula", "predict", "affable-shark", "CMU-1.svs", "--output", "CMU-1 <nuclei> & \"more\""};
  r.started = "2026-01-31T12:00:00Z";
  r.finished = "2026-01-31T12:05:12Z";
  r.machine = {"Some Processor 3.1 GHz", 2};
  r.model = {.name = "NucleiSegmentationBoundaryModel",
             .id = "affable-shark",
             .version = "1.2",
             .path = "models/affable-shark",
             .description_sha256 = std::string(64, '1'),
             .weights_format = "onnx",
             .weights_sha256 = std::string(64, 'a'),
             .license = "CC-BY-4.0",
             .cite = {"Ronneberger et al., U-Net (2015), doi 10.1007/978-3-319-24574-4_28", "training library"}};
  r.engine = {"OpenVINO", "2026.1.0", "float32", 2, "the fastest that reproduces the model's test tensors here"};
  r.image = {.path = "slides/CMU-1.svs",
             .format = "openslide (aperio)",
             .dtype = "uint8",
             .levels = {{32914, 46000, 1}, {8228, 11500, 4.00012}, {2057, 2875, 16.0003}},
             .pixel_size_y_um = 0.499,
             .pixel_size_x_um = 0.499,
             .channels = {"red", "green", "blue"}};
  r.region = {.asked = {"tissue", "core.geojson"},
              .area_px = 5.1e8,
              .area_um2 = 1.27e8,
              .share = 0.337,
              .tissue = {{.method = "Tissue is what absorbs light.",
                          .height = 1435,
                          .width = 2005,
                          .downsample = 22.94,
                          .thresholds = {{"optical density", 0.062, true}},
                          .share = 0.31}}};
  r.binding = {"Channels red, green and blue are averaged to the model's channel \"raw\".",
               "Level 0 is used as it is: 0.499 µm per pixel, the model wants 0.5 µm."};
  r.statistics = {{"input", "percentile", 99.8, {"y", "x"}, {241.0}}, {"input", "mean", 0, {"y", "x"}, {201.25}}};
  r.tiles = {{{"y", 32914, 32992, 1024, 56, 16, 38}, {"x", 46000, 46080, 1024, 56, 16, 52}}, "pad", 1412, 479};
  r.tests = {{"probability", 3.1e-6, 1e-4, 1e-3, true}};
  r.exactness =
      "Tiles see 56 pixels of context, the measured reach of the network, so the result equals that of the whole image "
      "at once.";
  r.stages = {{"statistics", 14.2, 26.1}, {"read", 31.0, 29.5}, {"preprocess", 6.1, 6.0}, {"infer", 243.7, 471.3},
              {"postprocess", 4.2, 4.2},  {"write", 9.8, 9.1},  {"pyramid", 6.4, 12.0},   {"objects", 8.9, 8.8}};
  r.wall_s = 312.4;
  r.cpu_s = 567.0;
  r.peak_memory_bytes = 1'612'000'000;
  r.allowed_memory_bytes = 6'000'000'000;
  r.estimated_memory_bytes = 1'700'000'000;
  r.stored = {{"probability", "uint8", "uint8", "cyx", {2, 32914, 46000}, 1.0 / 255, 0, {}, 17, 0}};
  r.objects = {{"nucleus", 48211, 9.1e6, 2.266e6}, {"mitosis", 312, 7.4e4, 1.84e4, 1}};
  r.verification = {{.output = "probability",
                     .asked = "8",
                     .against = "windows",
                     .windows = 8,
                     .of_windows = 2021,
                     .context_px = 56,
                     .verified_with_px = 112,
                     .pixels = 5'120'000,
                     .largest = 3.1e-3,
                     .mean = 1.2e-7,
                     .allowed = 1e-5,
                     .pixels_beyond = 1244,
                     .pixels_at_steps = 3,
                     .y = 1200.5,
                     .x = 804.5,
                     .z = 1,
                     .t = 2,
                     .channel = 1,
                     .from_seam_px = 12,
                     .enough = "--context 64",
                     .seam_distances = {0, 4, 8, 12},
                     .by_seam_distance = {3.1e-3, 1e-4, 2e-6, 0},
                     .wall_s = 8.1,
                     .passed = false,
                     .verdict = "failed: the tiles differ by up to 0.0031"}};
  r.outputs = {{"prediction", "CMU-1.nuclei/probability.ome.zarr", "ome-zarr", "blosc"},
               {"objects", "CMU-1.nuclei/objects.geojson", "geojson", ""}};
  r.placements = {{"probability", "probability.ome.zarr", 1.0, 1.0, 0.5, 0.0}};
  r.warnings = {
      "The slide's pixel size is taken from its resolution tag; compare it with the scanner's settings <before> you "
      "trust areas."};
  r.notes = {"The result was continued after 1204 of 1891 tiles.",
             "2 of 3 weights entries were not tried: no engine runs TensorFlow.js."};
  return r;
}

}  // namespace tegula::outputs::testing
