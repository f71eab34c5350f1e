#include "tegula/spec/rdf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tegula::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A description of 0.5 with one input and one output, parts of which a test replaces.
struct Description05 {
  std::string version = "0.5.7";
  std::string root = "";
  std::string input_axes =
      "[{type: batch}, {type: channel, channel_names: [a, b]}, {type: space, id: y, size: {min: 64, step: 16}}, {type: "
      "space, size: 32}]";
  std::string input = "";
  std::string pre = "[]";
  std::string output_axes =
      "[{type: batch}, {type: channel, channel_names: [p]}, {type: space, id: y, size: {tensor_id: raw, axis_id: y}, "
      "halo: 8}, {type: space, size: 32}]";
  std::string output = "";
  std::string post = "[]";
  std::string weights = "{onnx: {source: w.onnx, opset_version: 15}}";

  std::string Text() const {
    return "format_version: " + version + "\ntype: model\nname: made for a test\n" + root +
           "\ninputs:\n- id: raw\n  axes: " + input_axes + "\n  preprocessing: " + pre + "\n  " + input +
           "\noutputs:\n- id: out\n  axes: " + output_axes + "\n  postprocessing: " + post + "\n  " + output +
           "\nweights: " + weights + "\n";
  }
};

// The same for 0.4.
struct Description04 {
  std::string root = "";
  std::string axes = "bcyx";
  std::string input_shape = "{min: [1, 3, 64, 64], step: [0, 0, 16, 16]}";
  std::string input_type = "uint8";
  std::string pre = "[]";
  std::string output_shape = "{reference_tensor: raw, scale: [1, 1, 1, 1], offset: [0, 0, 0, 0]}";
  std::string output_axes = "bcyx";
  std::string output = "halo: [0, 0, 16, 16]";
  std::string post = "[]";
  std::string weights = "{torchscript: {source: w.pt}}";

  std::string Text() const {
    return "format_version: 0.4.10\ntype: model\nname: made for a test\ndescription: of nothing\n"
           "authors: [{name: nobody}]\nlicense: MIT\ndocumentation: README.md\ntimestamp: 2024-01-01T00:00:00Z\n" +
           root + "\ntest_inputs: [in.npy]\ntest_outputs: [out.npy]\ninputs:\n- name: raw\n  axes: " + axes +
           "\n  data_type: " + input_type + "\n  shape: " + input_shape + "\n  preprocessing: " + pre +
           "\noutputs:\n- name: out\n  axes: " + output_axes + "\n  data_type: float32\n  shape: " + output_shape +
           "\n  postprocessing: " + post + "\n  " + output + "\nweights: " + weights + "\n";
  }
};

template <class Description>
ModelDescription Accepted(const Description& description) {
  const ReadDescription read = ReadRdf(description.Text()).value();
  EXPECT_FALSE(HasErrors(read.findings)) << JoinErrors(read.findings);
  return read.model;
}

// What is found wrong; must be something.
template <class Description>
std::string Errors(const Description& description) {
  const ReadDescription read = ReadRdf(description.Text()).value();
  EXPECT_TRUE(HasErrors(read.findings));
  return JoinErrors(read.findings);
}

template <class Op, class Description>
Op First(const Description& description) {
  const ModelDescription model = Accepted(description);
  for (const OpDescription& op : model.inputs[0].ops)
    if (const Op* found = std::get_if<Op>(&op)) return *found;
  for (const OpDescription& op : model.outputs[0].ops)
    if (const Op* found = std::get_if<Op>(&op)) return *found;
  ADD_FAILURE() << "no such op";
  return {};
}

std::string Ids(const std::vector<OpDescription>& ops) {
  std::string all;
  for (const OpDescription& op : ops) {
    all += (all.empty() ? "" : " ") + std::string(OpId(op));
    if (const auto* cast = std::get_if<EnsureDtype>(&op)) all += ":" + std::string(DTypeName(cast->dtype));
  }
  return all;
}

TEST(ReadRdf, FindsEverythingThatIsWrongWithItsPlace) {
  const ReadDescription read = ReadRdf(R"(format_version: 0.5.4
type: model
name: Broken
inputs:
- id: a
  axes:
  - {type: space, id: y, size: -3}
  - {type: spice, id: x, size: 8}
  preprocesing: []
  preprocessing:
  - {id: sharpen}
outputs:
- id: b
  axes: [{type: space, id: y, size: {tensor_id: nobody, axis_id: y}}]
weights: {onnx: {source: w.onnx, opset_version: 15}}
)")
                                   .value();
  std::vector<std::string> found;
  for (const Finding& finding : read.findings)
    if (finding.severity == Severity::kError) found.push_back(ToString(finding));
  EXPECT_THAT(
      found,
      ElementsAre(
          "line 9: inputs[0].preprocesing: is not a field of the format (did you mean 'preprocessing'?)",
          "line 7: inputs[0].axes[0].size: must be from 1 to 2147483648, is '-3'",
          "line 8: inputs[0].axes[1].type: must be one of batch, channel, index, time, space, is 'spice'",
          "line 11: inputs[0].preprocessing[0].id: 'sharpen' is not an operation of the format for preprocessing",
          "line 14: outputs[0].axes[0].size: refers to the tensor 'nobody', which does not exist"));
  EXPECT_EQ(read.findings[1].column, 32);
  EXPECT_THAT(CheckRunnable(ReadRdf("{format_version: 0.5.4, type: model}").value()).error().what,
              HasSubstr("inputs: is missing"));
}

TEST(ReadRdf, WhatIsNotAModelOfAKnownVersionIsNamed) {
  const auto error = [](std::string_view text) { return CheckRunnable(ReadRdf(text).value()).error(); };
  EXPECT_THAT(error("{type: dataset, format_version: 0.3.0}").what, HasSubstr("describes a dataset"));
  EXPECT_EQ(error("{type: dataset, format_version: 0.3.0}").code, Code::kUnsupported);
  EXPECT_THAT(error("{type: model, format_version: 0.2.2}").what, HasSubstr("models of format 0.2.2 are not read"));
  EXPECT_THAT(error("{format_version: 0.1.0}").what, HasSubstr("type: is missing"));
  EXPECT_THAT(error("{type: model, format_version: 1.0.0}").what, HasSubstr("1.0.0"));
  EXPECT_THAT(error("{type: model, format_version: 0.5}").what, HasSubstr("must be text"));
  EXPECT_THAT(error("{type: model, format_version: v0.5}").what, HasSubstr("three numbers"));
  EXPECT_EQ(error("{type: model}").code, Code::kInvalid);
  EXPECT_EQ(ReadRdf("just text").error().code, Code::kCorrupt);
  EXPECT_EQ(ReadRdf("[1, 2]").error().code, Code::kCorrupt);
}

TEST(ReadRdf, WhatDoesNotDecideAboutResultsDoesNotKeepAModelFromRunning) {
  const ReadDescription read = ReadRdf(Description05{.root = "cite: [{text: a, doi: nonsense}]"}.Text()).value();
  EXPECT_TRUE(HasErrors(read.findings));
  EXPECT_TRUE(CheckRunnable(read).ok());
  EXPECT_FALSE(CheckRunnable(ReadRdf(Description05{.pre = "[{id: sharpen}]"}.Text()).value()).ok());
}

TEST(ReadRdf, WithoutATypeAModelIsStillShown) {
  const ReadDescription read =
      ReadRdf("{format_version: 0.3.0, name: old, inputs: [{name: a}], outputs: [{name: b}]}").value();
  EXPECT_EQ(read.type, "");
  EXPECT_EQ(read.model.name, "old");
  EXPECT_EQ(JoinErrors(read.findings), "line 1: type: is missing");
}

TEST(ReadRdf, ANewerPatchVersionIsReadWithAWarning) {
  const ReadDescription read = ReadRdf(Description05{.version = "0.5.99"}.Text()).value();
  EXPECT_FALSE(HasErrors(read.findings));
  EXPECT_THAT(read.findings.at(0).sentence, HasSubstr("newer than 0.5.14"));
}

TEST(ReadRdf, HopelessTextGivesABoundedList) {
  std::string text = "{format_version: 0.5.4, type: model";
  for (int i = 0; i < 50'000; ++i) text += ", k" + std::to_string(i) + ": 1";
  const ReadDescription read = ReadRdf(text + "}").value();
  EXPECT_LE(read.findings.size(), 500u);
  EXPECT_THAT(JoinErrors(read.findings), HasSubstr("; and 492 more"));
}

TEST(Format05, AxesTakeTheirDefaults) {
  const ModelDescription model = Accepted(Description05());
  const std::vector<Axis>& axes = model.inputs[0].axes;
  EXPECT_EQ(axes[0].id, "batch");
  EXPECT_TRUE(std::holds_alternative<AnySize>(axes[0].size));
  EXPECT_EQ(axes[1].id, "channel");
  EXPECT_EQ(std::get<FixedSize>(axes[1].size).size, 2);
  EXPECT_EQ(std::get<ParameterizedSize>(axes[2].size).step, 16);
  EXPECT_EQ(axes[3].id, "x");
  EXPECT_EQ(axes[3].scale, 1.0);
  EXPECT_EQ(model.outputs[0].axes[2].halo, 8);
  EXPECT_EQ(model.inputs[0].pad.mode, PadMode::kSymmetric);
}

TEST(Format05, ScalesOfTwoAxesGiveAnExactRatio) {
  const auto ratio = [](const char* in, const char* out) {
    Description05 d;
    d.input_axes = std::string("[{type: space, id: y, size: {min: 60, step: 6}, scale: ") + in + "}]";
    d.output_axes = std::string("[{type: space, id: y, size: {tensor_id: raw, axis_id: y}, scale: ") + out + "}]";
    return std::get<SizeReference>(Accepted(d).outputs[0].axes[0].size).scale;
  };
  EXPECT_EQ(ratio("0.499", "0.499"), (Rational{1, 1}));
  EXPECT_EQ(ratio("0.1", "0.3"), (Rational{1, 3}));
  EXPECT_EQ(ratio("1", "0.25"), (Rational{4, 1}));
}

TEST(Format05, AHaloMustBeWholePixelsOfTheInputAndLeaveSomething) {
  Description05 d;
  d.output_axes = "[{type: space, id: y, size: {tensor_id: raw, axis_id: y}, halo: 3, scale: 0.5}]";
  EXPECT_THAT(Errors(d), HasSubstr("outputs[0].axes[0].halo: a halo of 3 is not a whole number of pixels of 'raw'"));
  d.output_axes = "[{type: space, id: y, size: {tensor_id: raw, axis_id: y}, halo: 32}]";
  EXPECT_THAT(Errors(d), HasSubstr("a halo of 32 leaves nothing of axis y, which can be as small as 64"));
  d.output_axes = "[{type: space, id: y, size: 64, halo: 4}]";
  EXPECT_THAT(Errors(d), HasSubstr("must refer to another axis, as this axis has a halo"));
  d.output_axes = "[{type: space, id: y, size: {tensor_id: raw, axis_id: y, offset: -64}}]";
  EXPECT_THAT(Errors(d), HasSubstr("axis y can be as small as 0"));
}

TEST(Format05, SizesRefersOnlyToSizesThatStandOnTheirOwn) {
  Description05 d;
  d.output_axes = "[{type: batch}, {type: space, id: y, size: {tensor_id: raw, axis_id: batch}}]";
  EXPECT_THAT(Errors(d), HasSubstr("must not refer to a batch axis"));
  d.output_axes = "[{type: space, id: y, size: {tensor_id: raw, axis_id: z}}]";
  EXPECT_THAT(Errors(d), HasSubstr("refers to the axis 'z' of 'raw', which does not exist"));
  d.output_axes = "[{type: space, id: y, size: {tensor_id: out, axis_id: y}}]";
  EXPECT_THAT(Errors(d), HasSubstr("must refer to an axis whose size is a number"));
  d.output_axes = "[{type: space, id: y, unit: micrometer, size: {tensor_id: raw, axis_id: y}}]";
  EXPECT_THAT(Errors(d), HasSubstr("both axes need the same unit"));
  d.output_axes = "[{type: space, id: y, size: {min: 1, step: 2}}]";
  EXPECT_THAT(Errors(d), HasSubstr("which only inputs have"));
  d.output_axes = "[{type: space, id: y, size: {min: 1}}]";
  EXPECT_THAT(Errors(d), HasSubstr("only axes of type index"));
}

TEST(Format05, DataDependentSizesAreReadOnIndexAxes) {
  Description05 d;
  d.output_axes = "[{type: index, size: {min: 2, max: 9}}, {type: channel, channel_names: [y, x]}]";
  const ModelDescription model = Accepted(d);
  EXPECT_EQ(std::get<DataDependentSize>(model.outputs[0].axes[0].size).max, 9);
  EXPECT_EQ(model.outputs[0].axes[0].id, "index");
}

TEST(Format05, IdsAreUnique) {
  Description05 d;
  d.input_axes = "[{type: space, size: 4}, {type: space, size: 4}]";
  d.output_axes = d.input_axes;
  EXPECT_THAT(Errors(d), HasSubstr("the axis id 'x' is used twice"));
  d = {};
  d.output = "id2: 1";
  EXPECT_THAT(Errors(d), HasSubstr("outputs[0].id2: is not a field of the format"));
}

TEST(Format05, AxesAndTensorsBeyondWhatIsReadAreFindings) {
  Description05 d;
  d.input_axes = "[";
  for (int i = 0; i < 9; ++i) d.input_axes += "{type: space, id: a" + std::to_string(i) + ", size: 1},";
  d.input_axes += "]";
  d.output_axes = "[{type: space, size: 4}]";
  EXPECT_THAT(Errors(d), HasSubstr("has 9 axes, more than the 8 that are read"));
}

TEST(Format05, CastsAreInsertedAsTheFormatSays) {
  const auto ids = [](const char* pre, const char* post) {
    const ModelDescription model = Accepted(
        Description05{.input = "data: {type: uint8}", .pre = pre, .output = "data: {type: float64}", .post = post});
    return Ids(model.inputs[0].ops) + " | " + Ids(model.outputs[0].ops);
  };
  EXPECT_EQ(ids("[]", "[]"), "ensure_dtype:uint8 | ensure_dtype:float64");
  EXPECT_EQ(ids("[{id: sigmoid}]", "[{id: sigmoid}]"),
            "ensure_dtype:uint8 sigmoid ensure_dtype:uint8 | sigmoid ensure_dtype:float64");
  EXPECT_EQ(ids("[{id: binarize, kwargs: {threshold: 1}}]", "[{id: binarize, kwargs: {threshold: 1}}]"),
            "ensure_dtype:uint8 binarize | binarize");
  EXPECT_EQ(ids("[{id: ensure_dtype, kwargs: {dtype: float32}}, {id: sigmoid}]",
                "[{id: ensure_dtype, kwargs: {dtype: int8}}]"),
            "ensure_dtype:float32 sigmoid ensure_dtype:uint8 | ensure_dtype:int8");
}

TEST(Format05, OperationsTakeTheirArgumentsAndDefaults) {
  const auto range = First<ScaleRange>(Description05{.pre = "[{id: scale_range}]"});
  EXPECT_EQ(range.axes, std::nullopt);
  EXPECT_EQ(range.max_percentile, 100);
  EXPECT_EQ(
      First<ScaleRange>(Description05{.pre = "[{id: scale_range, kwargs: {axes: [c, y, x], max_percentile: 99.8}}]"})
          .axes,
      (StatisticAxes{{"channel", "y", "x"}}));
  const auto fixed = First<FixedZeroMeanUnitVariance>(Description05{
      .pre = "[{id: fixed_zero_mean_unit_variance, kwargs: {mean: [1, 2], std: [3, 4], axis: channel}}]"});
  EXPECT_THAT(fixed.std, ElementsAre(3, 4));
  EXPECT_EQ(fixed.axis, "channel");
  EXPECT_EQ(
      First<ScaleLinear>(Description05{.pre = "[{id: scale_linear, kwargs: {gain: [1, 2], axis: channel}}]"}).offset,
      std::vector<double>{0});
  EXPECT_EQ(First<ScaleMeanVariance>(
                Description05{.post = "[{id: scale_mean_variance, kwargs: {reference_tensor: raw, eps: 1e-10}}]"})
                .eps,
            1e-10);
  EXPECT_EQ(First<Clip>(Description05{.pre = "[{id: clip, kwargs: {min_percentile: 1}}]"}).min_percentile, 1);
  EXPECT_EQ(First<Softmax>(Description05{.post = "[{id: softmax}]"}).axis, "channel");
  EXPECT_EQ(First<Binarize>(Description05{.pre = "[{id: binarize, kwargs: {threshold: [1, 2], axis: channel}}]"}).axis,
            "channel");
  EXPECT_EQ(First<UnsupportedOp>(Description05{.post = "[{id: custom, source: op.py, callable: Op}]"}).id, "custom");
}

TEST(Format05, ArgumentsThatCannotWorkAreFindings) {
  const auto errors = [](const char* op) { return Errors(Description05{.pre = std::string("[{id: ") + op + "}]"}); };
  EXPECT_THAT(errors("scale_range, kwargs: {min_percentile: 60, max_percentile: 40}"),
              HasSubstr("60 must be less than max_percentile 40"));
  EXPECT_THAT(errors("scale_range, kwargs: {max_percentile: 0.998}"), HasSubstr("must be greater than 1"));
  EXPECT_THAT(errors("scale_range, kwargs: {axes: [z]}"), HasSubstr("'z' is not an axis of this tensor"));
  EXPECT_THAT(errors("scale_range, kwargs: {reference_tensor: out}"), HasSubstr("'out' is not an input of this model"));
  EXPECT_THAT(errors("scale_range, kwargs: {mode: per_sample}"), HasSubstr("kwargs.mode: is not a field"));
  EXPECT_THAT(errors("clip, kwargs: {}"), HasSubstr("needs at least one of min"));
  EXPECT_THAT(errors("clip, kwargs: {min: 1, min_percentile: 1}"), HasSubstr("both min and min_percentile"));
  EXPECT_THAT(errors("clip, kwargs: {min: 2, max: 1}"), HasSubstr("min 2 must be less than max 1"));
  EXPECT_THAT(errors("clip"), HasSubstr("preprocessing[0].kwargs: needs"));
  EXPECT_THAT(errors("binarize, kwargs: {threshold: [1, 2]}"), HasSubstr("a list needs the axis"));
  EXPECT_THAT(errors("binarize, kwargs: {threshold: 1, axis: channel}"), HasSubstr("only for lists"));
  EXPECT_THAT(errors("binarize, kwargs: {threshold: .nan}"), HasSubstr("must be a number, is '.nan'"));
  EXPECT_THAT(errors("ensure_dtype, kwargs: {dtype: float16}"), HasSubstr("'float16' is not a data type"));
  EXPECT_THAT(errors("fixed_zero_mean_unit_variance, kwargs: {mean: [1, 2], std: [3], axis: channel}"),
              HasSubstr("2 means and 1 stds"));
  EXPECT_THAT(errors("fixed_zero_mean_unit_variance, kwargs: {mean: 1, std: 0}"), HasSubstr("at least 1e-6"));
  EXPECT_THAT(errors("scale_linear, kwargs: {gain: 1}"), HasSubstr("does nothing"));
  EXPECT_THAT(errors("zero_mean_unit_variance, kwargs: {eps: 0}"), HasSubstr("must be greater than 0"));
  EXPECT_THAT(errors("softmax, kwargs: {axis: z}"), HasSubstr("'z' is not an axis"));
  EXPECT_THAT(errors("scale_mean_variance, kwargs: {reference_tensor: raw}"),
              HasSubstr("not an operation of the format for preprocessing"));
}

TEST(Format05, WeightsStateWhatTheyNeed) {
  const auto errors = [](const char* weights) { return Errors(Description05{.weights = weights}); };
  EXPECT_THAT(errors("{}"), HasSubstr("needs at least one entry"));
  EXPECT_THAT(errors("{onnx: {source: w.onnx}}"), HasSubstr("weights.onnx.opset_version: is missing"));
  EXPECT_THAT(errors("{torchscript: {source: w.pt}}"), HasSubstr("pytorch_version: is missing"));
  EXPECT_THAT(errors("{pickle: {source: w}}"), HasSubstr("weights.pickle: is not a weights format"));
  EXPECT_THAT(errors("{onnx: {source: w.onnx, opset_version: 15, sha256: abc}}"), HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(errors("{onnx: {source: w.onnx, opset_version: 15, parent: torchscript}}"),
              HasSubstr("'torchscript' is not among the weights"));
  EXPECT_THAT(errors("{onnx: {source: w.onnx, opset_version: 15, parent: onnx}}"), HasSubstr("another weights format"));
  const ModelDescription model =
      Accepted(Description05{.weights = "{pytorch_state_dict: {source: w.pt, pytorch_version: 2.10, architecture: "
                                        "{source: net.py, callable: Net}}}"});
  EXPECT_EQ(model.weights[0].framework_version, "2.10");
  EXPECT_EQ(model.weights[0].architecture->file.source, "net.py");
  EXPECT_EQ(model.weights[0].architecture->callable, "Net");
  EXPECT_EQ(model.weights[0].architecture->kwargs, "{}");
  const ModelDescription imported = Accepted(Description05{
      .weights = "{pytorch_state_dict: {source: w.pt, pytorch_version: 2.10, strict: false, architecture: "
                 "{import_from: torch.nn, callable: Conv2d, kwargs: {out: 2, sizes: [1, 2.5e0, .inf], "
                 "mode: \"same \\\"a\\\"\", bias: true, day: 2020-01-01, none: null, on: yes}}}}"});
  EXPECT_EQ(imported.weights[0].architecture->import_from, "torch.nn");
  EXPECT_EQ(imported.weights[0].architecture->kwargs,
            R"({"out": 2, "sizes": [1, 2.5, Infinity], "mode": "same \"a\"", "bias": true, "day": "2020-01-01", )"
            R"("none": null, "on": "yes"})");
  EXPECT_FALSE(imported.weights[0].is_strict);
}

TEST(Format05, ToleranceRulesComeInTheirOrder) {
  const ModelDescription model = Accepted(
      Description05{.root = "config: {bioimageio: {reproducibility_tolerance: [{relative_tolerance: 0.01, output_ids: "
                            "[out], weights_formats: [onnx]}], test_kwargs: {onnx: {decimal: 3}}}}"});
  EXPECT_EQ(model.ToleranceFor("out", WeightsFormat::kOnnx).relative, 0.01);
  EXPECT_EQ(model.ToleranceFor("out", WeightsFormat::kOnnx).mismatched_per_million, 100);
  EXPECT_DOUBLE_EQ(model.ToleranceFor("other", WeightsFormat::kOnnx).absolute, 1.5e-3);
  EXPECT_EQ(model.ToleranceFor("other", WeightsFormat::kOnnx).relative, 0);
  EXPECT_EQ(model.ToleranceFor("other", WeightsFormat::kTorchscript).absolute, 1e-3);
  EXPECT_EQ(model.ToleranceFor("other", WeightsFormat::kTorchscript).mismatched_per_million, 100);
}

TEST(Format05, ValuesOfTheDataAreRead) {
  const ModelDescription model =
      Accepted(Description05{.input = "data: [{type: uint16, range: [0, .inf]}, {type: uint16}]",
                             .output = "data: {type: uint8, values: [0, 1, 2]}"});
  EXPECT_EQ(model.inputs[0].data.dtype, DType::kU16);
  EXPECT_EQ(model.inputs[0].data.min, 0);
  EXPECT_EQ(model.inputs[0].data.max, std::nullopt);
  EXPECT_THAT(model.outputs[0].data.values, ElementsAre("0", "1", "2"));
  EXPECT_THAT(Errors(Description05{.input = "data: [{type: uint16}]"}), HasSubstr("1 descriptions for 2 channels"));
}

TEST(Format04, LettersBecomeAxes) {
  const ModelDescription model = Accepted(Description04());
  const std::vector<Axis>& in = model.inputs[0].axes;
  EXPECT_EQ(in[0].id, "batch");
  EXPECT_EQ(std::get<FixedSize>(in[0].size).size, 1);
  EXPECT_THAT(in[1].channel_names, ElementsAre("channel0", "channel1", "channel2"));
  EXPECT_EQ(std::get<ParameterizedSize>(in[2].size).min, 64);
  const std::vector<Axis>& out = model.outputs[0].axes;
  EXPECT_EQ(std::get<SizeReference>(out[2].size).axis_id, "y");
  EXPECT_EQ(out[2].halo, 16);
  EXPECT_EQ(std::get<FixedSize>(out[1].size).size, 3) << "the channels of the input are known";
  EXPECT_EQ(out[1].channel_names.size(), 3u);
  EXPECT_EQ(model.inputs[0].test_tensor->source, "in.npy");
}

TEST(Format04, OutputSizesAreScaledAndOffsetTwice) {
  const ModelDescription model = Accepted(
      Description04{.output_shape = "{reference_tensor: raw, scale: [1, null, 1, 0.5, 2], offset: [0, 1, -1, -3.5, 0]}",
                    .output_axes = "bzcyx",
                    .output = ""});
  const std::vector<Axis>& out = model.outputs[0].axes;
  EXPECT_EQ(std::get<FixedSize>(out[1].size).size, 2);
  EXPECT_EQ(std::get<FixedSize>(out[2].size).size, 1);
  EXPECT_EQ(std::get<SizeReference>(out[3].size).offset, -7);
  EXPECT_EQ(std::get<SizeReference>(out[3].size).scale, (Rational{1, 2}));
  EXPECT_EQ(std::get<SizeReference>(out[4].size).scale, (Rational{2, 1}));
}

TEST(Format04, AReferenceIsToATensor) {
  EXPECT_THAT(
      Errors(Description04{.output_shape = "{reference_tensor: raw.x, scale: [1, 1, 1, 1], offset: [0, 0, 0, 0]}"}),
      HasSubstr("must be a lower-case identifier"));
}

TEST(Format04, CastsStandAroundTheOperationsIfThereAreAny) {
  EXPECT_EQ(Ids(Accepted(Description04()).inputs[0].ops), "ensure_dtype:float32");
  const ModelDescription model = Accepted(Description04{.pre = "[{name: sigmoid}]", .post = "[{name: sigmoid}]"});
  EXPECT_EQ(Ids(model.inputs[0].ops), "ensure_dtype:uint8 sigmoid ensure_dtype:float32");
  EXPECT_EQ(Ids(model.outputs[0].ops), "ensure_dtype:float32 sigmoid ensure_dtype:float32");
}

TEST(Format04, ModesAndLettersSayOverWhatStatisticsAreTaken) {
  const auto axes = [](const char* op) { return First<ScaleRange>(Description04{.pre = op}).axes.value(); };
  EXPECT_THAT(axes("[{name: scale_range, kwargs: {mode: per_sample, axes: xy}}]"), ElementsAre("y", "x"));
  EXPECT_THAT(axes("[{name: scale_range, kwargs: {mode: per_dataset, axes: cyx}}]"),
              ElementsAre("batch", "channel", "y", "x"));
  const char* const post = "[{name: scale_mean_variance, kwargs: {mode: per_sample, reference_tensor: raw, axes: yx}}]";
  EXPECT_THAT(First<ScaleMeanVariance>(Description04{.post = post}).axes.value(), ElementsAre("y", "x"));
}

TEST(Format04, ListsRunAlongTheAxisThatIsNotShared) {
  const auto fixed = First<FixedZeroMeanUnitVariance>(
      Description04{.pre = "[{name: zero_mean_unit_variance, kwargs: {mean: [1, 2, 3], std: [1, 1, 1], axes: yx}}]"});
  EXPECT_EQ(fixed.axis, "channel");
  const auto alone = First<FixedZeroMeanUnitVariance>(
      Description04{.pre = "[{name: zero_mean_unit_variance, kwargs: {mode: fixed, mean: 1, std: 2, axes: cyx}}]"});
  EXPECT_EQ(alone.axis, "");
  EXPECT_EQ(
      First<ScaleLinear>(Description04{.pre = "[{name: scale_linear, kwargs: {gain: [1, 2, 3], axes: xy}}]"}).axis,
      "channel");
  EXPECT_THAT(Errors(Description04{.pre = "[{name: scale_linear, kwargs: {gain: [1, 2, 3], axes: x}}]"}),
              HasSubstr("leaves out 2"));
}

TEST(Format04, WhatTheFormatForbidsIsFound) {
  EXPECT_THAT(Errors(Description04{.input_shape = "[2, 3, 64, 64]"}), HasSubstr("must be 1 along b"));
  EXPECT_THAT(Errors(Description04{.input_shape = "[1, 3, 64]"}), HasSubstr("has 3 sizes for the 4 axes 'bcyx'"));
  EXPECT_THAT(Errors(Description04{.axes = "bcyq"}), HasSubstr("some of the letters bitczyx, each once, is 'bcyq'"));
  EXPECT_THAT(Errors(Description04{.input_type = "int64"}), HasSubstr("must be one of float32, uint8, uint16"));
  EXPECT_THAT(Errors(Description04{.output = "halo: [0, 0, 32, 0]"}),
              HasSubstr("a halo of 32 leaves nothing of axis y"));
  EXPECT_THAT(Errors(Description04{.output = "halo: [0, 0]"}), HasSubstr("has 2 numbers for 4 axes"));
  EXPECT_THAT(
      Errors(Description04{.output_shape = "{reference_tensor: out, scale: [1, 1, 1, 1], offset: [0, 0, 0, 0]}"}),
      HasSubstr("'out', which is not an input"));
  EXPECT_THAT(
      Errors(Description04{.output_shape = "{reference_tensor: raw, scale: [1, 1, 1, null], offset: [0, 0, 0, 0]}"}),
      HasSubstr("the offset must be positive"));
  EXPECT_THAT(
      Errors(Description04{.output_shape = "{reference_tensor: raw, scale: [1, 1, 1, null], offset: [0, 0, 0, 8]}"}),
      HasSubstr("has 3 scales for the 4 axes of 'raw'"));
  EXPECT_THAT(
      Errors(Description04{.output_shape = "{reference_tensor: raw, scale: [1, 1, 1, 1], offset: [0, 0, 0, 0.3]}"}),
      HasSubstr("multiple of 0.5"));
  EXPECT_THAT(Errors(Description04{.pre = "[{name: softmax}]"}),
              HasSubstr("'softmax' is not an operation of the format"));
  EXPECT_THAT(Errors(Description04{.pre = "[{name: zero_mean_unit_variance, kwargs: {mode: per_sample, axes: zyx}}]"}),
              HasSubstr("'z' is not an axis"));
  EXPECT_THAT(
      Errors(Description04{.pre = "[{name: zero_mean_unit_variance, kwargs: {mode: per_sample, mean: 1, axes: yx}}]"}),
      HasSubstr("only for mode fixed"));
  EXPECT_THAT(Errors(Description04{.pre = "[{name: scale_range, kwargs: {mode: per_image, axes: yx}}]"}),
              HasSubstr("one of per_sample, per_dataset"));
  EXPECT_THAT(Errors(Description04{.weights = "{keras_v3: {source: w.keras}}"}),
              HasSubstr("not a weights format of 0.4"));
}

TEST(Format04, TolerancesAllowNoOutliersUnlessTheyAreStated) {
  const ModelDescription model =
      Accepted(Description04{.root = "config: {bioimageio: {test_kwargs: {torchscript: {absolute_tolerance: 0.1}}}}"});
  EXPECT_EQ(model.ToleranceFor("out", WeightsFormat::kTorchscript).absolute, 0.1);
  EXPECT_EQ(model.ToleranceFor("out", WeightsFormat::kTorchscript).mismatched_per_million, 0);
  EXPECT_EQ(model.ToleranceFor("out", WeightsFormat::kOnnx).mismatched_per_million, 0);
}

TEST(Format04, MissingFrameworkVersionsAreAlerts) {
  const ReadDescription read = ReadRdf(Description04().Text()).value();
  const Finding& last = read.findings.back();
  EXPECT_EQ(last.severity, Severity::kAlert);
  EXPECT_EQ(last.path, "weights.torchscript.pytorch_version");
}

}  // namespace
}  // namespace tegula::spec
