#include "tegula/outputs/qupath.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/outputs/import_objects.h"

namespace tegula::outputs {
namespace {

constexpr const char* kObjects = "objects.geojson";
constexpr const char* kClasses = "classes.json";
constexpr const char* kScript = "import_objects.groovy";
constexpr std::int64_t kPieceBytes = 4 << 20;

// Within quotes of either kind; what would end a line or a quote, or insert a value, does not.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\\' || c == '\'' || c == '"' || c == '$') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted;
}

// A backslash would begin an escape even in a comment.
std::string Comment(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\\'; }, ' ');
  return text;
}

Status CopyFile(const Path& from, const Path& to) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile source, RandomAccessFile::Open(from));
  TEGULA_ASSIGN_OR_RETURN(AtomicFile copy, AtomicFile::Create(to));
  std::string piece;
  for (std::int64_t at = 0; at < source.size(); at += kPieceBytes) {
    piece.resize(static_cast<std::size_t>(std::min(kPieceBytes, source.size() - at)));
    TEGULA_TRY(source.Read(at, std::as_writable_bytes(std::span(piece))));
    TEGULA_TRY(copy.Write(piece));
  }
  return copy.Commit();
}

}  // namespace

std::string QuPathClasses(std::span<const GeoJsonClass> classes) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const GeoJsonClass& one : classes) {
    const std::uint32_t argb = 0xFF00'0000U | (std::uint32_t{one.color.r} << 16) | (std::uint32_t{one.color.g} << 8) |
                               std::uint32_t{one.color.b};
    list.push_back({{"name", one.name}, {"color", static_cast<std::int32_t>(argb)}});
  }
  const nlohmann::ordered_json file = {{"pathClasses", std::move(list)}};
  return file.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string QuPathScript(const QuPathExport& objects) {
  std::string script(kImportObjects);  // @NAME@ stands for what is known of the image
  const auto put = [&](std::string_view name, const std::string& value) {
    for (std::size_t at = 0; (at = script.find(name, at)) != std::string::npos; at += value.size())
      script.replace(at, name.size(), value);
  };
  // What the image is called comes last, so that nothing is put into its name.
  put("@WIDTH@", std::to_string(objects.width));
  put("@HEIGHT@", std::to_string(objects.height));
  put("@COMMENT@", Comment(objects.image));
  put("@IMAGE@", Quoted(objects.image));
  return script;
}

Status WriteQuPathFolder(const Path& objects, const QuPathExport& description, const Path& folder) {
  TEGULA_TRY(MakeFolders(folder));
  TEGULA_TRY(CopyFile(objects, folder / kObjects));
  TEGULA_TRY(WriteFileWhole(folder / kClasses, QuPathClasses(description.classes)));
  return WriteFileWhole(folder / kScript, QuPathScript(description));
}

}  // namespace tegula::outputs
