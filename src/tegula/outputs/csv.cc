#include "tegula/outputs/csv.h"

namespace tegula::outputs {

void AppendCsvRow(const std::vector<std::string>& cells, std::string& text) {
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) text += ',';
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      text += cell;
      continue;
    }
    text += '"';
    for (const char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    text += '"';
  }
  text += '\n';
}

Result<CsvFile> CsvFile::Create(const Path& path, const std::vector<std::string>& columns) {
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  CsvFile table(std::move(file));
  TEGULA_TRY(table.Add(columns));
  return table;
}

Status CsvFile::Add(const std::vector<std::string>& cells) {
  line_.clear();
  AppendCsvRow(cells, line_);
  return file_.Write(line_);
}

}  // namespace tegula::outputs
