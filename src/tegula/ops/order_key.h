// ops/order_key.h — unsigned integers that sort as the values do, so that one radix selection serves all element
// types. For ops/ and, by rank_counter.h, pipeline/.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace tegula::ops {

template <std::size_t kSize>
using KeyOfSize = std::conditional_t<
    kSize == 1, std::uint8_t,
    std::conditional_t<kSize == 2, std::uint16_t, std::conditional_t<kSize == 4, std::uint32_t, std::uint64_t>>>;

/// The unsigned type as wide as T.
template <class T>
using KeyType = KeyOfSize<sizeof(T)>;

template <class T>
inline constexpr KeyType<T> kTopBit = static_cast<KeyType<T>>(KeyType<T>{1} << (sizeof(T) * 8 - 1));

/// Not for NaN; -0 has the key of 0.
template <class T>
constexpr KeyType<T> KeyOf(T value) noexcept {
  using Key = KeyType<T>;
  if constexpr (std::is_floating_point_v<T>) {
    const Key bits = std::bit_cast<Key>(value + T{0});
    return (bits & kTopBit<T>) != 0 ? ~bits : bits | kTopBit<T>;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(static_cast<Key>(value) ^ kTopBit<T>);
  } else {
    return static_cast<Key>(value);
  }
}

template <class T>
double ValueOf(KeyType<T> key) noexcept {
  using Key = KeyType<T>;
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(
        std::bit_cast<T>((key & kTopBit<T>) != 0 ? static_cast<Key>(key & ~kTopBit<T>) : static_cast<Key>(~key)));
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<double>(static_cast<T>(static_cast<Key>(key ^ kTopBit<T>)));
  } else {
    return static_cast<double>(key);
  }
}

}  // namespace tegula::ops
