// TorchScript modules of all kinds, made here, converted, and run in OpenVINO beside LibTorch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <torch/script.h>

#include <cmath>
#include <cstdlib>

#include "tegula/engines/registry.h"

namespace tegula::engines {
namespace {

using ::testing::HasSubstr;

Path Libraries() {
  const char* const folder = std::getenv("TEGULA_BUILD");
  return Path(folder != nullptr ? folder : ".") / "lib";
}

// Values between -1 and 1 that differ.
template <class T>
Tensor Wave(const Shape& shape, DType dtype) {
  Tensor tensor = Tensor::Allocate(dtype, shape).value();
  int i = 0;
  for (T& value : tensor.values<T>()) value = static_cast<T>(std::is_integral_v<T> ? i++ % 7 : std::sin(0.7 * i++));
  return tensor;
}
Tensor Floats(const Shape& shape) { return Wave<float>(shape, DType::kF32); }

class Conversion : public ::testing::Test {
 protected:
  Conversion() : registry_(Libraries()), folder_(TemporaryFolder::Create("tegula-converter-test").value()) {}

  // A module with a convolution of as many dimensions, whose forward has this text.
  Path Save(const std::string& code, int dimensions = 2) {
    torch::jit::Module module("Net");
    module.register_parameter(
        "w",
        torch::sin(torch::arange(4 * 2 * (dimensions == 2 ? 9 : 27)).to(torch::kFloat))
                .reshape(dimensions == 2 ? at::IntArrayRef({4, 2, 3, 3}) : at::IntArrayRef({4, 2, 3, 3, 3})) *
            0.2,
        false);
    module.define(code + "\n");
    const Path file = folder_.path() / "net.pt";
    module.save(file.string());
    return file;
  }

  Status Convert(const Path& file, const std::vector<Tensor>& inputs) {
    std::vector<ConstView> views;
    for (const Tensor& input : inputs) views.push_back(input.view());
    return registry_.FindConverter("torchscript").value()->Convert(file, views, Xml());
  }
  Path Xml() const { return folder_.path() / "net.xml"; }

  Result<std::vector<Tensor>> Run(const char* engine, const Path& file, const std::vector<Tensor>& inputs) {
    spec::WeightsEntry weights;
    weights.format = spec::WeightsFormat::kTorchscript;
    weights.file.source = file.filename().string();
    TEGULA_ASSIGN_OR_RETURN(const Engine* const found, registry_.Find(engine));
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, found->Load(weights, file, {}));
    std::vector<Shape> shapes;
    std::vector<DType> dtypes;
    std::vector<ConstView> views;
    for (const Tensor& input : inputs)
      shapes.push_back(input.shape()), dtypes.push_back(input.dtype()), views.push_back(input.view());
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, network->NewSession(shapes, dtypes));
    return session->Run(views);
  }

  // Converted with `inputs`, it gives what LibTorch gives, for them and for `others`.
  void CheckAgrees(const std::string& code, const std::vector<Tensor>& inputs, const std::vector<Tensor>& others,
                   std::size_t outputs, int dimensions = 2) {
    const Path file = Save(code, dimensions);
    const Status converted = Convert(file, inputs);
    ASSERT_TRUE(converted.ok()) << ToString(converted.error());
    for (const std::vector<Tensor>* example : {&inputs, &others}) {
      const auto expected = Run("libtorch", file, *example), given = Run("openvino", Xml(), *example);
      ASSERT_TRUE(expected.ok()) << ToString(expected.error());
      ASSERT_TRUE(given.ok()) << ToString(given.error());
      ASSERT_EQ(expected->size(), outputs);
      ASSERT_EQ(given->size(), outputs);
      for (std::size_t i = 0; i < outputs; ++i) {
        const Tensor &a = (*given)[i], &b = (*expected)[i];
        ASSERT_EQ(a.shape(), b.shape());
        ASSERT_EQ(a.dtype(), b.dtype());
        if (b.dtype() == DType::kF32) {
          for (std::int64_t k = 0; k < b.elements(); ++k)
            ASSERT_NEAR(a.values<float>()[static_cast<std::size_t>(k)], b.values<float>()[static_cast<std::size_t>(k)],
                        1e-5);
        } else {
          ASSERT_EQ(std::memcmp(a.view().data(), b.view().data(), static_cast<std::size_t>(a.bytes())), 0);
        }
      }
    }
  }

  template <class... T>
  static std::vector<Tensor> All(T... tensors) {
    std::vector<Tensor> all;
    (all.push_back(std::move(tensors)), ...);
    return all;
  }

  void CheckOneInput(const std::string& code, std::size_t outputs) {
    SCOPED_TRACE(code);
    CheckAgrees(code, All(Floats({1, 2, 12, 16})), All(Floats({1, 2, 20, 9})), outputs);
  }

  Registry registry_;
  TemporaryFolder folder_;
};

TEST_F(Conversion, KeepsHeightAndWidthFree) {
  CheckOneInput("def forward(self, x):\n  return torch.relu(torch.conv2d(x, self.w, None, [1, 1], [1, 1]))", 1);
}

TEST_F(Conversion, TakesSeveralInputs) {
  CheckAgrees("def forward(self, x, y):\n  return torch.conv2d(x, self.w) * y.mean() + x[:, :1, 1:-1, 1:-1]",
              All(Floats({1, 2, 12, 16}), Floats({1, 3, 4, 4})), All(Floats({1, 2, 7, 8}), Floats({1, 3, 9, 4})), 1);
}

TEST_F(Conversion, GivesTheTensorsOfTuplesListsAndDictionariesInOrder) {
  CheckOneInput("def forward(self, x):\n  return x + 1, (x * 2, x - 3)", 3);
  CheckOneInput("def forward(self, x):\n  return [x + 1, x * 2]", 2);
  CheckOneInput("def forward(self, x):\n  return {'b': x + 1, 'a': x * 2}", 2);
  CheckOneInput("def forward(self, x):\n  return {'b': (x + 1, x), 'a': (x * 2, x - 1)}", 4);
}

TEST_F(Conversion, FollowsOperatorsThatChangeTheirInput) {
  CheckOneInput("def forward(self, x):\n  y = x + 1\n  y += x\n  y.relu_()\n  return y.mul_(0.5)", 1);
}

TEST_F(Conversion, KnowsIntegersAndBooleans) {
  const std::string code = "def forward(self, x):\n  return x > 2, x * 3, (x * 0.5)";
  CheckAgrees(code, All(Wave<std::int64_t>({1, 2, 3, 4}, DType::kI64)),
              All(Wave<std::int64_t>({1, 2, 5, 2}, DType::kI64)), 3);
}

TEST_F(Conversion, WorksInThreeDimensions) {
  CheckAgrees(
      "def forward(self, x):\n  y = torch.conv3d(x, self.w, None, [1, 1, 1], [1, 1, 1])\n  return torch.max_pool3d(y, "
      "[2, 2, 2])",
      All(Floats({1, 2, 6, 8, 10})), All(Floats({1, 2, 8, 6, 4})), 1, 3);
}

TEST_F(Conversion, FollowsLoopsAndBranches) {
  CheckOneInput(
      "def forward(self, x):\n  y = x\n  for i in range(3):\n    if i % 2 == 0:\n      y = y * 2 + x\n    else:\n      "
      "y = torch.relu(y)\n  return y",
      1);
}

TEST_F(Conversion, AttentionAndNormalisationAreConverted) {
  CheckOneInput(
      "def forward(self, x):\n  y = x.flatten(2).transpose(1, 2)\n  return torch.scaled_dot_product_attention(y, y, y)",
      1);
  CheckOneInput(
      "def forward(self, x):\n  return torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False)", 1);
}

// Whoever converts has to try another size, as a trace holds what the network decided for this one.
TEST_F(Conversion, MakesConstantsOfWhatTheNetworkDecidesByItsInput) {
  const Path file = Save("def forward(self, x):\n  if x.size(2) > 14:\n    return x * 2\n  return x + 1");
  ASSERT_TRUE(Convert(file, All(Floats({1, 2, 12, 16}))).ok());
  const auto expected = Run("libtorch", file, All(Floats({1, 2, 20, 16})));
  const auto given = Run("openvino", Xml(), All(Floats({1, 2, 20, 16})));
  ASSERT_TRUE(expected.ok() && given.ok());
  EXPECT_NE(given->front().values<float>()[1], expected->front().values<float>()[1]);
}

TEST_F(Conversion, NamesTheOperatorThatItCannotConvert) {
  const Path file = Save("def forward(self, x):\n  return torch.linalg_svdvals(x)");
  const Status converted = Convert(file, All(Floats({1, 2, 4, 4})));
  ASSERT_FALSE(converted.ok());
  EXPECT_EQ(converted.error().code, Code::kUnsupported);
  EXPECT_THAT(converted.error().what, HasSubstr("aten::linalg_svdvals"));
}

TEST_F(Conversion, RefusesWhatIsNoTensorsAndWrongInputs) {
  const Status number = Convert(Save("def forward(self, x):\n  return x.size(2)"), All(Floats({1, 2, 4, 4})));
  ASSERT_FALSE(number.ok());
  EXPECT_EQ(number.error().code, Code::kUnsupported);
  const Status wrong =
      Convert(Save("def forward(self, x):\n  return torch.conv2d(x, self.w)"), All(Floats({1, 5, 4, 4})));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, Code::kInvalid);
}

TEST_F(Conversion, RefusesFilesThatAreNotNetworks) {
  for (const char* content : {"", "not a network", "PK\x03\x04 nor this"}) {
    const Path file = folder_.path() / "other.pt";
    ASSERT_TRUE(WriteFileWhole(file, content).ok());
    const Status converted = Convert(file, All(Floats({1, 2, 4, 4})));
    ASSERT_FALSE(converted.ok());
    EXPECT_EQ(converted.error().code, Code::kCorrupt);
  }
}

TEST_F(Conversion, LibTorchRunsWithoutInputsThatMayBeLeftOut) {
  const Path file =
      Save("def forward(self, x, y: Optional[Tensor] = None):\n  if y is not None:\n    return x + y\n  return x * 2");
  const auto one = Run("libtorch", file, All(Floats({1, 2, 3, 4})));
  ASSERT_TRUE(one.ok()) << ToString(one.error());
  EXPECT_EQ(one->front().values<float>()[1], 2 * Floats({1, 2, 3, 4}).values<float>()[1]);
  EXPECT_FALSE(Run("libtorch", file, {}).ok());
}

}  // namespace
}  // namespace tegula::engines
