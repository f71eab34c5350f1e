// app/run_values.h — the form in which each output's values are stored: what was asked for, and what is known of their
// range.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tegula/outputs/run_record.h"
#include "tegula/outputs/value_form.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// What is said of the values of an output, or of all of them; of several that speak of one the last counts.
struct ValuesRequest {
  std::string output;  ///< its id; empty: every output
  std::optional<outputs::Values> values;
  std::optional<outputs::ValueRange> range;
};

/// What of these is meant for an output.
outputs::ValueRequest ValuesFor(std::span<const ValuesRequest> requests, const std::string& output);

/// The form of an output whose values as the model gives them are stored like `own`. Where nothing is asked for,
/// integers that the description lists one by one are labels. Errors of ValueForm::Bind.
Result<outputs::ValueForm> FormOf(std::span<const ValuesRequest> requests, const spec::TensorDescription& output,
                                  const outputs::StoreOptions& own);

/// What of the requests can be refused by the description alone: a name that is no output, a form that one of `outputs`
/// (those that are made) cannot have. kNotFound with those there are; errors of FormOf.
Status CheckValues(std::span<const ValuesRequest> requests, const spec::ModelDescription& model,
                   std::span<const std::size_t> outputs);

/// The range of an output's values: that of the description, else what its last operations leave (sigmoid and softmax 0
/// to 1, clip its limits, binarize 0 and 1); nothing if neither tells both ends.
std::optional<outputs::ValueRange> KnownRange(const spec::TensorDescription& output);

/// What the run's record says of the stored values of an output, whose pixels lost `lost`.
outputs::StoredRecord DescribeValues(const std::string& output, const outputs::ValueForm& form,
                                     const outputs::ValueCounts& lost);
/// One sentence about the form; empty for values as the model gives them.
std::string NoteOf(const outputs::StoredRecord& stored);
/// Sentences about what was lost; none if nothing was.
std::vector<std::string> WarningsOf(const outputs::StoredRecord& stored);

}  // namespace tegula::app
