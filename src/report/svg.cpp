#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fmnist/core/text.h"
#include "report/page.h"

namespace fmnist {
namespace {

/// The smallest round step with which at most `most` of them cover `width`.
double round_step(double width, int most) {
  const double least = width / most;
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1.0 - 1e-9)) return factor * power;
  return 10.0 * power;
}

/// The multiples of `step` from number `first` to number `last`.
std::vector<double> multiples(double step, double first, double last) {
  std::vector<double> values;
  for (double number = first; number <= last; ++number) values.push_back(number * step);
  return values;
}

}  // namespace

std::vector<double> axis_ticks(double low, double high, int most) {
  if (!(high > low)) {
    const double around = std::max(std::abs(low) * 0.1, 0.01);
    return axis_ticks(low - around, low + around, most);
  }
  // The first and last tick may lie outside, so that more than `most` steps may be needed.
  for (double width = high - low;; width *= 1.2) {
    const double step = round_step(width, most);
    const double first = std::floor(low / step + 1e-9);
    const double last = std::ceil(high / step - 1e-9);
    if (last - first <= most) return multiples(step, first, last);
  }
}

std::vector<double> inner_ticks(double low, double high, int most, double least_step) {
  const double step = std::max(least_step, high > low ? round_step(high - low, most) : 1.0);
  return multiples(step, std::ceil(low / step - 1e-9), std::floor(high / step + 1e-9));
}

std::vector<double> log_ticks(double low, double high, int most) {
  std::vector<double> ticks;
  std::vector<double> powers;
  const double first = std::floor(std::log10(low));
  for (double exponent = first; std::pow(10.0, exponent) <= high; ++exponent) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10.0, exponent);
      if (tick < low * (1.0 - 1e-9) || tick > high * (1.0 + 1e-9)) continue;
      ticks.push_back(tick);
      if (factor == 1.0) powers.push_back(tick);
    }
  }
  return ticks.size() <= static_cast<std::size_t>(most) ? ticks : powers;
}

int decimals_of(const std::vector<double>& ticks) {
  if (ticks.size() < 2) return 0;
  return std::max(0, static_cast<int>(std::ceil(-std::log10(ticks[1] - ticks[0]) - 1e-9)));
}

std::string coordinate(double value) {
  std::string text = fixed(value, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string svg_line(double x1, double y1, double x2, double y2, std::string_view css_class) {
  return fmt::format(R"(<path class="{}" d="M{} {}L{} {}"></path>)", css_class, coordinate(x1),
                     coordinate(y1), coordinate(x2), coordinate(y2));
}

std::string svg_text(double x, double y, std::string_view text, std::string_view anchor,
                     std::string_view css_class) {
  return fmt::format(R"(<text x="{}" y="{}" text-anchor="{}" class="{}">{}</text>)", coordinate(x),
                     coordinate(y), anchor, css_class, escape(text));
}

std::string svg_upright_text(double x, double y, std::string_view text) {
  return fmt::format(
      R"-(<text transform="translate({} {}) rotate(-90)" text-anchor="middle" class="{}">{}</text>)-",
      coordinate(x), coordinate(y), "axis-name", escape(text));
}

std::string svg_drawing(double width, double height, std::string_view label,
                        std::string_view content) {
  return fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>)",
                     coordinate(width), coordinate(height), escape(label), content);
}

std::string draw(const Axes& axes) {
  std::string svg;
  for (const auto& [value, text] : axes.y_ticks) {
    svg += svg_line(kAxesLeft, axes.y(value), axes.right, axes.y(value), "grid");
    svg += svg_text(kAxesLeft - 6, axes.y(value) + 3.5, text, "end", "tick");
  }
  for (const auto& [value, text] : axes.x_ticks)
    svg += svg_text(axes.x(value), axes.bottom + 16, text, "middle", "tick");
  svg += svg_line(kAxesLeft, axes.bottom, axes.right, axes.bottom, "axis");
  svg +=
      svg_text((kAxesLeft + axes.right) / 2, axes.bottom + 34, axes.x_name, "middle", "axis-name");
  return svg + svg_upright_text(9, (axes.y.at_low + axes.y.at_high) / 2, axes.y_name);
}

}  // namespace fmnist
