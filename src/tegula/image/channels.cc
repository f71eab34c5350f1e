#include "tegula/image/channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tegula/core/text.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr std::size_t kChannelsInMessage = 12;

std::vector<std::int64_t> AllOf(const ImageInfo& info) {
  std::vector<std::int64_t> all(info.channels.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<std::int64_t> Named(const ImageInfo& info, std::string_view name) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < info.channels.size(); ++i)
    if (info.channels[i].name == name) found.push_back(static_cast<std::int64_t>(i));
  return found;
}

Result<std::int64_t> FindChannel(const ImageInfo& info, const std::string& name) {
  const std::vector<std::int64_t> found = Named(info, name);
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    return InvalidError(
        fmt::format("the image has {} channels named '{}'; choose by index, from 0", found.size(), name));
  const std::optional<std::int64_t> index = ParseInt(name);
  if (index && *index >= 0 && *index < static_cast<std::int64_t>(info.channels.size())) return *index;
  return NotFoundError(fmt::format("there is no channel '{}': {}; {}", name, ChannelsText(info), HowToChoose(info)));
}

// What stands between the parentheses of "mean(...)", if the word is one.
std::optional<std::string_view> Inside(std::string_view word) {
  const std::size_t open = word.find('(');
  if (open == std::string_view::npos || !word.ends_with(')')) return std::nullopt;
  return word.substr(open + 1, word.size() - open - 2);
}

// The smallest float that holds the values of both.
DType Common(DType a, DType b) {
  if (a == b) return a;
  const auto is_small = [](DType type) { return type == DType::kF32 || DTypeSize(type) <= 2; };
  return is_small(a) && is_small(b) ? DType::kF32 : DType::kF64;
}

}  // namespace

std::string NamesText(const std::vector<std::string>& names) {
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kChannelsInMessage)));
  if (shown.size() < names.size()) shown.push_back(fmt::format("and {} more", names.size() - shown.size()));
  return Join(shown, ", ");
}

std::vector<std::string> NamesOf(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  for (const Channel& channel : channels) names.push_back(channel.name);
  return names;
}

std::string ChannelsText(const ImageInfo& info) {
  return fmt::format("the image has {} channel{} ({})", info.channels.size(), info.channels.size() == 1 ? "" : "s",
                     NamesText(NamesOf(info.channels)));
}

std::string HowToChoose(const ImageInfo& info) {
  return fmt::format("choose with --channels by name, by index from 0, or made of several, as mean, max(0,1){}",
                     info.is_rgb ? ", hematoxylin" : "");
}

ChannelMix ChannelMix::All(const ImageInfo& info, DType planes) {
  ChannelMix mix(StainSet::Hed(), planes);
  mix.sources_ = AllOf(info);
  mix.list_ = info.channels;
  return mix;
}

Result<ChannelMix> ChannelMix::Of(const ImageInfo& info, std::span<const std::string> words, const StainSet& stains,
                                  DType planes) {
  ChannelMix mix(stains, planes);
  std::optional<DType> common;
  for (const std::string& word : words) {
    TEGULA_ASSIGN_OR_RETURN(Recipe recipe, mix.Find(info, word));
    const DType type = mix.TypeOf(recipe, planes);
    common = Common(common.value_or(type), type);
    mix.is_plain_ = mix.is_plain_ && recipe.kind == Kind::kOne;
    if (recipe.kind == Kind::kOne)
      mix.list_.push_back(
          info.channels[static_cast<std::size_t>(mix.sources_[static_cast<std::size_t>(recipe.from[0])])]);
    else
      mix.list_.push_back({word, std::nullopt});
    mix.recipes_.push_back(std::move(recipe));
  }
  mix.dtype_ = common.value_or(planes);
  if (!mix.is_plain_) return mix;
  // Read straight to where they are wanted: one source for each, though an image's channel may come twice.
  std::vector<std::int64_t> direct;
  for (const Recipe& recipe : mix.recipes_) direct.push_back(mix.sources_[static_cast<std::size_t>(recipe.from[0])]);
  mix.sources_ = std::move(direct);
  return mix;
}

// Positions of the image's channels among those that are read.
std::vector<std::int64_t> ChannelMix::Use(std::span<const std::int64_t> channels) {
  std::vector<std::int64_t> positions;
  for (const std::int64_t channel : channels) {
    const auto at = std::find(sources_.begin(), sources_.end(), channel);
    positions.push_back(at - sources_.begin());
    if (at == sources_.end()) sources_.push_back(channel);
  }
  return positions;
}

Result<ChannelMix::Recipe> ChannelMix::Find(const ImageInfo& info, const std::string& word) {
  if (Named(info, word).empty()) {
    const std::optional<std::string_view> inside = Inside(word);
    if (const auto projection = ProjectionFromName(Trim(std::string_view(word).substr(0, word.find('('))));
        projection && (inside || word == ProjectionName(*projection))) {
      std::vector<std::int64_t> of;
      if (!inside) of = AllOf(info);
      if (inside) {
        for (const std::string& name : Split(*inside, ',')) {
          TEGULA_ASSIGN_OR_RETURN(const std::int64_t channel, FindChannel(info, std::string(Trim(name))));
          of.push_back(channel);
        }
      }
      return Recipe{.kind = Kind::kProjection, .projection = *projection, .from = Use(of)};
    }
    const auto& stains = stains_.stains();
    const auto stain =
        std::find_if(stains.begin(), stains.end(), [&](const Stain& known) { return known.name == word; });
    if (stain != stains.end()) {
      if (!info.is_rgb)
        return UnsupportedError(fmt::format("{} can be told apart in RGB images only: {}", word, ChannelsText(info)));
      TEGULA_ASSIGN_OR_RETURN(white_, WhiteOf(info.dtype));
      return Recipe{
          .kind = Kind::kStain, .stain = static_cast<std::size_t>(stain - stains.begin()), .from = Use(AllOf(info))};
    }
    for (const char* known : {"hematoxylin", "eosin", "dab", "residual"})
      if (word == known)
        return NotFoundError(
            fmt::format("{} is not among the stains {}; choose others with --stains hed, he, hdab, or their vectors",
                        word, stains_.ToText()));
  }
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t channel, FindChannel(info, word));
  return Recipe{.from = Use({&channel, 1})};
}

DType ChannelMix::TypeOf(const Recipe& recipe, DType planes) const noexcept {
  if (recipe.kind == Kind::kStain) return DType::kF32;
  return recipe.kind == Kind::kProjection ? ProjectedType(recipe.projection, planes) : planes;
}

bool ChannelMix::has_stains() const noexcept {
  return std::any_of(recipes_.begin(), recipes_.end(),
                     [](const Recipe& recipe) { return recipe.kind == Kind::kStain; });
}

Status ChannelMix::MakeOne(const Recipe& recipe, const ConstView& sources_cyx, const View& out_1yx) const {
  const auto source = [&](std::size_t i) { return sources_cyx.Slice(0, recipe.from[i], 1); };
  if (recipe.kind == Kind::kOne) {
    ConvertCopy(source(0), out_1yx);
    return Ok();
  }
  if (recipe.kind == Kind::kProjection) {
    TEGULA_ASSIGN_OR_RETURN(Projector projector,
                            Projector::Create(recipe.projection, sources_cyx.dtype(), out_1yx.shape()));
    for (std::size_t i = 0; i < recipe.from.size(); ++i) projector.Add(source(i));
    projector.Store(out_1yx);
    return Ok();
  }
  if (out_1yx.dtype() == DType::kF32) {
    SeparateStain(stains_, recipe.stain, white_, {source(0), source(1), source(2)}, out_1yx);
    return Ok();
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor amounts, Tensor::Allocate(DType::kF32, out_1yx.shape()));
  SeparateStain(stains_, recipe.stain, white_, {source(0), source(1), source(2)}, amounts.view());
  ConvertCopy(amounts.view(), out_1yx);
  return Ok();
}

Status ChannelMix::Make(const ConstView& sources_cyx, const View& out_cyx) const {
  if (is_plain_) {
    ConvertCopy(sources_cyx, out_cyx);
    return Ok();
  }
  for (std::size_t i = 0; i < recipes_.size(); ++i)
    TEGULA_TRY(MakeOne(recipes_[i], sources_cyx, out_cyx.Slice(0, static_cast<std::int64_t>(i), 1)));
  return Ok();
}

}  // namespace tegula::image
