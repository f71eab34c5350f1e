#include "tegula/tensor/npy.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/tensor/kernels.h"

namespace tegula {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Descriptor {
  std::string_view text;
  DType dtype;
};
constexpr Descriptor kDescriptors[] = {
    {"|b1", DType::kBool}, {"|u1", DType::kU8},  {"|i1", DType::kI8},  {"<u2", DType::kU16},
    {"<i2", DType::kI16},  {"<u4", DType::kU32}, {"<i4", DType::kI32}, {"<u8", DType::kU64},
    {"<i8", DType::kI64},  {"<f4", DType::kF32}, {"<f8", DType::kF64}, {"<f2", DType::kF16},  // only written
};

// The text between `key': ` and the next `end`, or nothing.
std::optional<std::string_view> Field(std::string_view header, std::string_view key, std::string_view begin, char end) {
  std::size_t at = header.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return std::nullopt;
  at = header.find(':', at);
  if (at == std::string_view::npos) return std::nullopt;
  header = Trim(header.substr(at + 1));
  if (!header.starts_with(begin)) return std::nullopt;
  header.remove_prefix(begin.size());
  const std::size_t stop = header.find(end);
  if (stop == std::string_view::npos) return std::nullopt;
  return header.substr(0, stop);
}

Result<Shape> ParseShape(std::string_view text) {
  std::vector<std::int64_t> sizes;
  std::vector<std::string> parts = Split(text, ',');
  if (Trim(parts.back()).empty()) parts.pop_back();  // (3,) and ()
  for (const std::string& part : parts) {
    const std::optional<std::int64_t> size = ParseInt(Trim(part));
    if (!size || *size < 0) return CorruptError(fmt::format("'{}' is not the shape of an array", text));
    sizes.push_back(*size);
  }
  if (sizes.size() > kMaxRank)
    return UnsupportedError(fmt::format("an array of {} axes; at most {} are read", sizes.size(), kMaxRank));
  return Shape(std::span<const std::int64_t>(sizes));
}

}  // namespace

Result<NpyHeader> ParseNpyHeader(std::string_view start) {
  if (!start.starts_with(kMagic) || start.size() < 12) return CorruptError("it does not begin like an .npy file");
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(start[i])); };
  const std::uint32_t version = byte(6);
  if (version < 1 || version > 3) return UnsupportedError(fmt::format("version {} of the .npy format", version));
  const std::size_t begin = version == 1 ? 10 : 12;
  const std::size_t length =
      version == 1 ? byte(8) | byte(9) << 8 : byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24;
  if (start.size() < begin || length > start.size() - begin)
    return CorruptError("the .npy header is cut off or larger than allowed");
  const std::string_view header = start.substr(begin, length);

  const auto descr = Field(header, "descr", "'", '\'');
  const auto order = Field(header, "fortran_order", "", ',');
  const auto shape = Field(header, "shape", "(", ')');
  if (!descr || !order || !shape) return CorruptError("the .npy header lacks a plain descr, fortran_order or shape");
  const auto found = std::find_if(std::begin(kDescriptors), std::end(kDescriptors), [&](const Descriptor& d) {
    return d.text == *descr || (d.text[0] == '|' && descr->size() == 3 && d.text.substr(1) == descr->substr(1));
  });
  if (found == std::end(kDescriptors) || found->dtype == DType::kF16)
    return UnsupportedError(fmt::format("arrays of type '{}' are not read", *descr));
  if (Trim(*order) != "True" && Trim(*order) != "False")
    return CorruptError("fortran_order in the .npy header is neither True nor False");
  NpyHeader result;
  result.dtype = found->dtype;
  result.fortran_order = Trim(*order) == "True";
  result.data_offset = static_cast<std::int64_t>(begin + length);
  TEGULA_ASSIGN_OR_RETURN(result.shape, ParseShape(*shape));
  return result;
}

Result<Tensor> ReadNpy(const Path& path, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  std::string start(static_cast<std::size_t>(std::min<std::int64_t>(file.size(), 1 << 16)), '\0');
  TEGULA_TRY(file.Read(0, std::as_writable_bytes(std::span(start))));
  TEGULA_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(start).Context(path.string()));
  TEGULA_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(header.dtype, header.shape, limits).Context(path.string()));
  if (file.size() - header.data_offset < tensor.bytes())
    return CorruptError(
        fmt::format("{} ends before the {} elements that its header announces", path.string(), tensor.elements()));
  TEGULA_TRY(file.Read(header.data_offset, {tensor.view().data(), static_cast<std::size_t>(tensor.bytes())}));
  if (!header.fortran_order || header.shape.rank() < 2) return tensor;

  Shape strides = header.shape;
  std::int64_t stride = 1;
  for (int axis = 0; axis < strides.rank(); ++axis) {
    strides[axis] = stride;
    stride *= header.shape[axis];
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor ordered, Tensor::Allocate(header.dtype, header.shape, limits));
  const Tensor& raw = tensor;
  ConvertCopy(ConstView(raw.view().data(), header.dtype, header.shape, strides), ordered.view());
  return ordered;
}

std::string NpyStart(DType dtype, const Shape& shape) {
  const auto descr = std::find_if(std::begin(kDescriptors), std::end(kDescriptors),
                                  [&](const Descriptor& d) { return d.dtype == dtype; });
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr->text,
                                   fmt::join(shape.sizes(), ", "), shape.rank() == 1 ? "," : "");
  header.append(63 - (10 + header.size()) % 64, ' ');  // the data starts at a multiple of 64
  header += '\n';
  std::string start(kMagic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  return start + header;
}

Status WriteNpy(const Path& path, const ConstView& view) {
  TEGULA_ASSERT(view.is_contiguous());
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TEGULA_TRY(file.Write(NpyStart(view.dtype(), view.shape())));
  TEGULA_TRY(file.Write({reinterpret_cast<const char*>(view.data()),
                         static_cast<std::size_t>(view.elements() * DTypeSize(view.dtype()))}));
  return file.Commit();
}

}  // namespace tegula
