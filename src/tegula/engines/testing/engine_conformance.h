// engines/testing/engine_conformance.h — what every Engine must do, whatever library is behind it. A new engine adds
// one row to the table in engine_conformance_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/engines/registry.h"

namespace tegula::engines::testing {

/// One engine, a network of one input and one output, and what it makes of a shape.
struct Case {
  std::string engine;
  spec::WeightsFormat format = spec::WeightsFormat::kOnnx;
  Path file;
  std::vector<Shape> shapes;                             ///< of the input; more than one, so that sessions differ
  std::function<Shape(const Shape& input)> output = {};  ///< shape of the output
};

inline Tensor Ramp(const Shape& shape) {
  Tensor tensor = Tensor::Allocate(DType::kF32, shape).value();
  float value = 0;
  for (float& x : tensor.values<float>()) x = value = value > 0.9F ? value - 0.87F : value + 0.07F;
  return tensor;
}

inline bool SameBits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.view().data(), b.view().data(), static_cast<std::size_t>(a.bytes())) == 0;
}

/// Loads the case's file and runs it. Every step must succeed.
class Fixture {
 public:
  Fixture(Registry& registry, const Case& test) {
    weights_.format = test.format;
    weights_.file.source = test.file.filename().string();
    engine_ = registry.Find(test.engine).value();
    network_ = engine_->Load(weights_, test.file, {.threads = 2}).value();
  }
  const Engine& engine() const { return *engine_; }
  const Network& network() const { return *network_; }
  const spec::WeightsEntry& weights() const { return weights_; }

  std::unique_ptr<Session> NewSession(const Shape& shape) const {
    const DType dtype = DType::kF32;
    return network_->NewSession({&shape, 1}, {&dtype, 1}).value();
  }
  static Tensor Run(Session& session, const Tensor& input) {
    const ConstView view = input.view();
    std::vector<Tensor> outputs = session.Run({&view, 1}).value();
    EXPECT_EQ(outputs.size(), 1u);
    return std::move(outputs.front());
  }

 private:
  spec::WeightsEntry weights_;
  const Engine* engine_ = nullptr;
  std::unique_ptr<Network> network_;
};

inline void CheckItSaysWhatItIs(const Fixture& f) {
  EXPECT_FALSE(f.engine().version().empty());
  EXPECT_TRUE(f.engine().CanRun(f.weights()).ok());
  spec::WeightsEntry other = f.weights();
  other.format = spec::WeightsFormat::kKerasHdf5;
  other.file.source = "weights.h5";
  const Status refused = f.engine().CanRun(other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  ASSERT_EQ(f.network().inputs().size(), 1u);
  EXPECT_FALSE(f.network().inputs().front().name.empty());
}

inline void CheckRunsAreRepeatable(const Fixture& f, const Case& test) {
  for (const Shape& shape : test.shapes) {
    const Tensor input = Ramp(shape), before = Ramp(shape);
    const auto session = f.NewSession(shape);
    const Tensor first = Fixture::Run(*session, input);
    EXPECT_EQ(first.dtype(), DType::kF32);
    EXPECT_EQ(first.shape(), test.output(shape));
    EXPECT_TRUE(SameBits(input, before)) << "the input was altered";
    EXPECT_TRUE(SameBits(first, Fixture::Run(*session, input))) << "a second run differs";
    EXPECT_TRUE(SameBits(first, Fixture::Run(*f.NewSession(shape), input))) << "another session differs";
  }
}

inline void CheckSessionsRunSideBySide(const Fixture& f, const Case& test) {
  std::vector<Tensor> alone, together(test.shapes.size());
  for (const Shape& shape : test.shapes) alone.push_back(Fixture::Run(*f.NewSession(shape), Ramp(shape)));
  const auto executor = NewThreadExecutor(static_cast<int>(test.shapes.size()));
  executor->ForEach(static_cast<std::int64_t>(test.shapes.size()), [&](std::int64_t item, int) {
    const auto i = static_cast<std::size_t>(item);
    together[i] = Fixture::Run(*f.NewSession(test.shapes[i]), Ramp(test.shapes[i]));
  });
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(SameBits(alone[i], together[i]));
}

inline void CheckWrongInputsAreRefused(const Fixture& f, const Case& test) {
  const std::vector<Shape> two(2, test.shapes.front());
  const std::vector<DType> dtypes(2, DType::kF32);
  const auto refused = f.network().NewSession(two, dtypes);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);

  const auto session = f.NewSession(test.shapes.front());
  const Tensor other = Ramp(test.shapes.back());
  const Tensor whole = Tensor::Allocate(DType::kI32, test.shapes.front()).value();
  for (const Tensor* wrong : {&other, &whole}) {
    const ConstView view = std::as_const(*wrong).view();
    EXPECT_FALSE(session->Run({&view, 1}).ok());
  }
  EXPECT_FALSE(session->Run({}).ok());
  Fixture::Run(*session, Ramp(test.shapes.front()));  // a refusal does not spoil the session
}

/// Stopped before or while it runs: kCancelled or, if it was done by then, the whole result; the session lives on.
inline void CheckItCanBeStopped(const Fixture& f, const Case& test) {
  const auto session = f.NewSession(test.shapes.front());
  const Tensor input = Ramp(test.shapes.front());
  const ConstView view = input.view();
  const Tensor whole = Fixture::Run(*session, input);
  std::stop_source stopped;
  stopped.request_stop();
  const auto refused = session->Run({&view, 1}, stopped.get_token());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCancelled);
  const auto executor = NewThreadExecutor(2);
  for (int delay_us = 0; delay_us < 2000; delay_us += 200) {
    std::stop_source source;
    Result<std::vector<Tensor>> outputs = InternalError("not run");
    executor->ForEach(2, [&](std::int64_t item, int) {
      if (item == 0) {
        outputs = session->Run({&view, 1}, source.get_token());
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
        source.request_stop();
      }
    });
    if (outputs.ok())
      EXPECT_TRUE(SameBits(outputs->front(), whole));
    else
      EXPECT_EQ(outputs.error().code, Code::kCancelled) << outputs.error().what;
  }
  EXPECT_TRUE(SameBits(Fixture::Run(*session, input), whole));
}

/// What cannot be had is refused, never replaced: a device that is not there, a precision that it does not compute in.
inline void CheckNothingIsReplaced(const Fixture& f, const Case& test) {
  const auto nowhere = f.engine().Load(f.weights(), test.file, {.threads = 2, .device = "abacus"});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_TRUE(nowhere.error().code == Code::kNotFound || nowhere.error().code == Code::kUnsupported);
  const Tensor input = Ramp(test.shapes.front());
  const Tensor exact = Fixture::Run(*f.NewSession(test.shapes.front()), input);
  for (const Precision precision : {Precision::kBf16, Precision::kF16}) {
    const auto network = f.engine().Load(f.weights(), test.file, {.threads = 2, .precision = precision});
    if (!network.ok()) {
      EXPECT_EQ(network.error().code, Code::kUnsupported);
      continue;
    }
    const DType dtype = DType::kF32;
    const auto session = (*network)->NewSession({&test.shapes.front(), 1}, {&dtype, 1});
    if (!session.ok()) {
      EXPECT_EQ(session.error().code, Code::kUnsupported);
      continue;
    }
    const Tensor less = Fixture::Run(**session, input);
    EXPECT_FALSE(SameBits(less, exact)) << PrecisionName(precision) << " was asked for and float32 was taken";
    for (std::size_t i = 0; i < less.values<float>().size(); ++i)
      ASSERT_NEAR(less.values<float>()[i], exact.values<float>()[i], 0.1) << PrecisionName(precision);
  }
}

/// Files that are not networks: kCorrupt, one line, no crash.
inline void CheckOtherFilesAreRefused(const Fixture& f, const Case& test) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula_engine").value();
  const std::string whole = ReadFile(test.file, 1 << 20).value();
  std::string flipped = whole;
  for (std::size_t i = 0; i < flipped.size(); i += 5) flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
  const Path file = folder.path() / test.file.filename();
  for (const std::string& content : {std::string(), std::string("not a network\n"), whole.substr(0, whole.size() / 2),
                                     std::string(4096, '\0'), flipped}) {
    ASSERT_TRUE(WriteFileWhole(file, content).ok());
    const auto network = f.engine().Load(f.weights(), file, {});
    ASSERT_FALSE(network.ok()) << content.size() << " bytes were taken for a network";
    EXPECT_EQ(network.error().code, Code::kCorrupt) << network.error().what;
    EXPECT_EQ(network.error().what.find('\n'), std::string::npos) << network.error().what;
  }
  EXPECT_FALSE(f.engine().Load(f.weights(), folder.path() / "missing", {}).ok());
}

}  // namespace tegula::engines::testing
