// app/test_page.h — the outcome of a test as a table, as Markdown, and as a page with pictures.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/test.h"

namespace tegula::app {

struct TestTable {
  std::vector<std::string> heading;
  std::vector<std::vector<std::string>> rows;  ///< one per output of a check
  std::vector<std::string> remarks;            ///< why something failed or was not run; what else was tried
};
TestTable TableOf(const std::vector<WeightsCheck>& checks);

std::string TestMarkdown(const TestReport& report);

/// One HTML file without scripts and without anything from elsewhere: the table, and for each check input, target,
/// prediction and difference of every tensor and channel, with the range of values, a histogram of the differences and
/// the worst pixel. Pictures are there if the report has tensors. Errors of EncodePng.
Result<std::string> TestPage(const TestReport& report);

}  // namespace tegula::app
