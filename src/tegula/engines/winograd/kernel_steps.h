// engines/winograd/kernel_steps.h — the three steps, for vectors of kLanes floats. Each kernel_*.cc compiles it with
// its processor's instructions; so nothing here may call what other files compile too, not even std::min.

namespace tegula::engines::winograd {
namespace {

using Vector = float __attribute__((vector_size(4 * kLanes)));
using InMemory = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

inline Vector Load(const float* from) { return *reinterpret_cast<const InMemory*>(from); }
inline void Store(float* to, Vector values) { *reinterpret_cast<InMemory*>(to) = values; }
inline int Less(int a, int b) { return a < b ? a : b; }
inline int More(int a, int b) { return a > b ? a : b; }

// One column of what a tile sees, by Bᵀ.
struct Column {
  Vector of[4];
};

inline Column ColumnAt(const float* const rows[4], long at) {
  const Vector a = Load(rows[0] + at), b = Load(rows[1] + at), c = Load(rows[2] + at), d = Load(rows[3] + at);
  return {{a - c, b + c, c - b, b - d}};
}

// Bᵀ d B of `count` tiles side by side, kLanes channels of them. `rows` begin where the first tile does, pixels are
// `pixel` floats apart, products `product`.
inline void TransformTiles(const float* const rows[4], long pixel, int count, float* to, long product) {
  Column a = ColumnAt(rows, 0), b = ColumnAt(rows, pixel);
  for (int tile = 0; tile < count; ++tile) {
    const Column c = ColumnAt(rows, (2 * tile + 2) * pixel), d = ColumnAt(rows, (2 * tile + 3) * pixel);
    float* const at = to + tile * kLanes;
    for (int i = 0; i < 4; ++i) {
      Store(at + (4 * i + 0) * product, a.of[i] - c.of[i]);
      Store(at + (4 * i + 1) * product, b.of[i] + c.of[i]);
      Store(at + (4 * i + 2) * product, c.of[i] - b.of[i]);
      Store(at + (4 * i + 3) * product, b.of[i] - d.of[i]);
    }
    a = c;
    b = d;
  }
}

// Sums over the input channels, for kAtOnce tiles and kWide vectors of outputs that stay in registers.
template <int kWide>
inline void Multiply(const float* tiles, const float* filters, long next_filters, int inputs, float* to) {
  Vector sums[kAtOnce][kWide];
  for (int tile = 0; tile < kAtOnce; ++tile)
    for (int wide = 0; wide < kWide; ++wide) sums[tile][wide] = Vector{};
  for (int group = 0; group < inputs; group += kLanes) {
#pragma GCC unroll 4
    for (int lane = 0; lane < kLanes; ++lane) {
      Vector filter[kWide];
      for (int wide = 0; wide < kWide; ++wide) filter[wide] = Load(filters + wide * next_filters);
      for (int tile = 0; tile < kAtOnce; ++tile)
        for (int wide = 0; wide < kWide; ++wide) sums[tile][wide] += tiles[tile * kLanes + lane] * filter[wide];
      filters += kChannelGroup;
    }
    tiles += kTiles * kLanes;
  }
  for (int tile = 0; tile < kAtOnce; ++tile)
    for (int wide = 0; wide < kWide; ++wide) Store(to + (tile * kWide + wide) * kLanes, sums[tile][wide]);
}

// Where one tile goes; null: outside the image, or not wanted.
struct Places {
  float* outputs[2][2];
  float* pooled;
};

inline Places operator+(Places places, int channels) {
  for (auto& row : places.outputs)
    for (float*& at : row) at = at == nullptr ? nullptr : at + channels;
  places.pooled = places.pooled == nullptr ? nullptr : places.pooled + channels;
  return places;
}

inline Places PlacesOf(const Task& task, int channels, long tile) {
  const long across = (task.out_width + 1) / 2, y = tile / across, x = tile % across;
  const bool is_right = 2 * x + 1 < task.out_width, is_below = 2 * y + 1 < task.out_height;
  float* const at = task.out + (2 * y * task.out_width + 2 * x) * channels;
  float* const below = at + static_cast<long>(task.out_width) * channels;
  const bool is_pooled = task.pooled != nullptr && is_right && is_below;
  return {{{at, is_right ? at + channels : nullptr},
           {is_below ? below : nullptr, is_right && is_below ? below + channels : nullptr}},
          is_pooled ? task.pooled + (y * (task.out_width / 2) + x) * channels : nullptr};
}

// The 2 x 2 outputs of one tile, kLanes of each.
struct Square {
  Vector of[2][2];
};

// Aᵀ m A of one tile.
inline Square SquareOf(const float* products, long product, Vector bias) {
  Vector sums[4][2];
  for (int i = 0; i < 4; ++i) {
    const float* const row = products + 4 * i * product;
    const Vector a = Load(row), b = Load(row + product), c = Load(row + 2 * product), d = Load(row + 3 * product);
    sums[i][0] = a + b + c;
    sums[i][1] = b - c - d;
  }
  Square square;
  for (int x = 0; x < 2; ++x) {
    square.of[0][x] = sums[0][x] + sums[1][x] + sums[2][x] + bias;
    square.of[1][x] = sums[1][x] - sums[2][x] - sums[3][x] + bias;
  }
  return square;
}

// 0, or NaN where an output is infinite or NaN.
inline Vector DoubtOf(const Square& square) {
  const Vector sum = square.of[0][0] + square.of[0][1] + square.of[1][0] + square.of[1][1];
  return sum - sum;
}

inline bool IsZero(Vector values) {
  bool is_zero = true;
  for (int lane = 0; lane < kLanes; ++lane) is_zero = is_zero && values[lane] == 0;
  return is_zero;
}

// NaN stays NaN, here and in the largest of others.
inline void Write(const Square& square, Vector least, const Places& to) {
  Vector largest = least;
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 2; ++x) {
      const Vector value = square.of[y][x] < least ? least : square.of[y][x];
      if (to.outputs[y][x] != nullptr) Store(to.outputs[y][x], value);
      largest = (value > largest) | (value != value) ? value : largest;
    }
  if (to.pooled != nullptr) Store(to.pooled, largest);
}

// The four rows that `count` tiles see, with zeros where the image ends, for one part.
inline void RowsOf(const Part& part, const Task& task, int y, int x, int count, float* copies, const float* zeros,
                   const float* rows[4]) {
  const int seen = 2 * count + 2;
  const int from = More(x, 0), to = Less(x + seen, task.width);
  for (int row = 0; row < 4; ++row) {
    rows[row] = zeros;
    if (y + row < 0 || y + row >= task.height || from >= to) continue;
    const float* const image = part.values + static_cast<long>(y + row) * task.width * part.channels;
    rows[row] = image + static_cast<long>(x) * part.channels;
    if (from == x && to == x + seen) continue;
    float* const copy = copies + static_cast<long>(row) * kSeen * part.channels;
    __builtin_memset(copy, 0,
                     sizeof(float) * static_cast<unsigned long>(seen) * static_cast<unsigned long>(part.channels));
    __builtin_memcpy(copy + static_cast<long>(from - x) * part.channels,
                     image + static_cast<long>(from) * part.channels,
                     sizeof(float) * static_cast<unsigned long>(to - from) * static_cast<unsigned long>(part.channels));
    rows[row] = copy;
  }
}

// Tiles of one row of them: `count` from the one at (y, x), which are the `first` ones of the chunk.
inline void TransformRun(const Layer& layer, const Task& task, int y, int x, int count, int first,
                         const Scratch& scratch) {
  const long product = static_cast<long>(layer.inputs) * kTiles;
  float* to = scratch.tiles + first * kLanes;
  for (int i = 0; i < task.part_count; ++i) {
    const Part& part = task.parts[i];
    const float* rows[4];
    RowsOf(part, task, 2 * y - task.above, 2 * x - task.left, count, scratch.rows, scratch.zeros, rows);
    for (int channel = 0; channel < part.channels; channel += kLanes) {
      TransformTiles(rows, part.channels, count, to, product);
      for (const float*& row : rows) row += kLanes;
      to += kTiles * kLanes;
    }
  }
}

// A 3 x 3 filter from its transformed one: G has 1, 1/2 and -1/2 in its columns.
inline void FilterOf(const float* transformed, long product, Vector filter[3][3]) {
  Vector rows[4][3];
  for (int y = 0; y < 4; ++y) {
    const float* const row = transformed + 4 * y * product;
    rows[y][0] = Load(row);
    rows[y][1] = Load(row + product) - Load(row + 2 * product);
    rows[y][2] = Load(row + 3 * product);
  }
  for (int x = 0; x < 3; ++x) {
    filter[0][x] = rows[0][x];
    filter[1][x] = rows[1][x] - rows[2][x];
    filter[2][x] = rows[3][x];
  }
}

// The usual sum of nine products for each input. The transformation takes differences of what a tile sees, and so
// carries an infinity or NaN, and what overflows, into outputs that do not see it.
__attribute__((noinline)) Square UsualSquareOf(const Layer& layer, const Task& task, long tile, const float* filters,
                                               Vector bias, const Scratch& scratch) {
  const long across = (task.out_width + 1) / 2, product = static_cast<long>(layer.inputs) * kChannelGroup;
  const int y = static_cast<int>(2 * (tile / across)) - task.above,
            x = static_cast<int>(2 * (tile % across)) - task.left;
  Square square = {{{bias, bias}, {bias, bias}}};
  for (int i = 0; i < task.part_count; ++i) {
    const Part& part = task.parts[i];
    const float* rows[4];
    RowsOf(part, task, y, x, 1, scratch.rows, scratch.zeros, rows);
    for (int channel = 0; channel < part.channels; ++channel, filters += kChannelGroup) {
      Vector filter[3][3];
      FilterOf(filters, product, filter);
      for (int at = 0; at < 4 * 9; ++at) {
        const int down = at / 18, right = at / 9 % 2, of_y = at % 9 / 3, of_x = at % 3;
        square.of[down][right] += filter[of_y][of_x] * rows[down + of_y][(right + of_x) * part.channels + channel];
      }
    }
  }
  return square;
}

template <int kWide>
inline void Outputs(const Layer& layer, const Task& task, long first, int count, int output, const Scratch& scratch) {
  const long group = static_cast<long>(kProducts) * layer.inputs * kChannelGroup;  // of filters
  const float* const filters = layer.filters + output / kChannelGroup * group;
  const long next_filters = kLanes == kChannelGroup ? group : kLanes;
  constexpr long kProduct = kTiles * kWide * kLanes;
  for (int product = 0; product < kProducts; ++product)
    for (int tile = 0; tile < count; tile += kAtOnce)
      Multiply<kWide>(scratch.tiles + (static_cast<long>(product) * layer.inputs * kTiles + tile * kLanes),
                      filters + static_cast<long>(product) * layer.inputs * kChannelGroup, next_filters, layer.inputs,
                      scratch.products + product * kProduct + tile * kWide * kLanes);
  const Vector least = Vector{} + layer.least;
  const auto square_of = [&](int tile, int wide) {
    return SquareOf(scratch.products + (tile * kWide + wide) * kLanes, kProduct,
                    Load(layer.biases + output + wide * kLanes));
  };
  Vector doubt = {};
  for (int tile = 0; tile < count; ++tile) {
    const Places places = PlacesOf(task, layer.outputs, first + tile) + output;
    for (int wide = 0; wide < kWide; ++wide) {
      const Square square = square_of(tile, wide);
      doubt += DoubtOf(square);
      Write(square, least, places + wide * kLanes);
    }
  }
  if (IsZero(doubt)) return;
  for (int tile = 0; tile < count; ++tile)
    for (int wide = 0; wide < kWide; ++wide) {
      if (IsZero(DoubtOf(square_of(tile, wide)))) continue;
      const int at = output + wide * kLanes;
      Write(UsualSquareOf(layer, task, first + tile, filters + wide * next_filters, Load(layer.biases + at), scratch),
            least, PlacesOf(task, layer.outputs, first + tile) + at);
    }
}

void RunTiles(const Layer& layer, const Task& task, std::int64_t first, std::int64_t last, const Scratch& scratch) {
  const long across = (task.out_width + 1) / 2;
  for (long tile = first; tile < last;) {
    const long y = tile / across, x = tile % across;
    const long count = last - tile < across - x ? last - tile : across - x;
    TransformRun(layer, task, static_cast<int>(y), static_cast<int>(x), static_cast<int>(count),
                 static_cast<int>(tile - first), scratch);
    tile += count;
  }
  constexpr int kBoth = 2 * kLanes;
  int output = 0;
  for (; output + kBoth <= layer.outputs; output += kBoth)
    Outputs<2>(layer, task, first, static_cast<int>(last - first), output, scratch);
  for (; output < layer.outputs; output += kLanes)
    Outputs<1>(layer, task, first, static_cast<int>(last - first), output, scratch);
}

}  // namespace
}  // namespace tegula::engines::winograd
