#include "tegula/outputs/csv.h"

namespace tegula::outputs {

Result<CsvFile> CsvFile::Create(const Path& path, const std::vector<std::string>& columns) {
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  CsvFile table(std::move(file));
  TEGULA_TRY(table.Add(columns));
  return table;
}

Status CsvFile::Add(const std::vector<std::string>& cells) {
  line_.clear();
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line_ += ',';
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      line_ += cell;
      continue;
    }
    line_ += '"';
    for (const char c : cell) line_ += c == '"' ? std::string("\"\"") : std::string(1, c);
    line_ += '"';
  }
  line_ += '\n';
  return file_.Write(line_);
}

}  // namespace tegula::outputs
