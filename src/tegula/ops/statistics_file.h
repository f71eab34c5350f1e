// ops/statistics_file.h — statistics as JSON, in the form that bioimageio.core writes and reads (save_stat, load_stat),
// so that both programs can share what one of them computed: of another image, of a region, of a whole dataset.
//
// A list of {measure: {scope, name, member_id, axes, q, method}, value}, where the value is a number or {data, dims}.
// Source: bioimageio.core 0.11, io.py and stat_measures.py.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/ops/statistics.h"

namespace tegula::ops {

/// All statistics, one entry each, with the digits that give back the same doubles. NaN becomes null.
std::string StatisticsToJson(const Statistics& statistics);

/// The answers to these requests from a file's text. kCorrupt if it is not of this form, kNotFound with the name of the
/// first measure that is not in it, kInvalid for a value whose axes or sizes are not those of the request.
Result<Statistics> StatisticsFromJson(std::string_view text, const std::vector<StatisticRequest>& requests);

}  // namespace tegula::ops
