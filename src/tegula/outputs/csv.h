// outputs/csv.h — tables that spreadsheets, R and pandas open: RFC 4180 in UTF-8, a heading, one row a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::outputs {

/// Appends a row with its line break. Cells with commas, quotes or line breaks are quoted.
void AppendCsvRow(const std::vector<std::string>& cells, std::string& text);

/// The file appears on Commit. One thread at a time.
class CsvFile {
 public:
  /// kIo.
  static Result<CsvFile> Create(const Path& path, const std::vector<std::string>& columns);
  /// As many cells as there are columns, which the caller sees to. kIo or kExhausted, as Commit.
  Status Add(const std::vector<std::string>& cells);
  /// Rows that AppendCsvRow has made.
  Status AddRows(std::string_view rows) { return file_.Write(rows); }
  Status Commit() { return file_.Commit(); }

 private:
  explicit CsvFile(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
  std::string line_;
};

}  // namespace tegula::outputs
