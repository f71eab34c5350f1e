// app/stopwatch.h — wall and CPU time of the stages of a run.
#pragma once

#include <string>

#include "tegula/core/platform.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

/// Takes wall and CPU time between its calls. One thread at a time.
class Stopwatch {
 public:
  outputs::StageRecord Lap(std::string name) {
    const double wall = MonotonicSeconds(), cpu = CpuSeconds();
    outputs::StageRecord lap{std::move(name), wall - wall_, cpu - cpu_};
    wall_ = wall, cpu_ = cpu;
    return lap;
  }

 private:
  double wall_ = MonotonicSeconds(), cpu_ = CpuSeconds();
};

}  // namespace tegula::app
