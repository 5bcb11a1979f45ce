#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace fmnist {

/// The names of an enumeration's values, from 0 on, as they are typed, printed and written to
/// files; specialised beside each enumeration that has names.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kEnumNames{};

/// An enumeration with names.
template <class Enum>
concept Named = std::is_enum_v<Enum> && !kEnumNames<Enum>.empty();

/// The one text form of `value`.
template <Named Enum>
constexpr std::string_view to_string(Enum value) {
  return kEnumNames<Enum>[static_cast<std::size_t>(value)];
}

/// The value called `name`, if any.
template <Named Enum>
constexpr std::optional<Enum> from_string(std::string_view name) {
  for (std::size_t i = 0; i < kEnumNames<Enum>.size(); ++i)
    if (kEnumNames<Enum>[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace fmnist
