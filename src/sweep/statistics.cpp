#include "fmnist/sweep/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace fmnist {
namespace {

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's
/// method; converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = std::numeric_limits<double>::min();
  constexpr int kMostTerms = 1000;
  const auto apart_from_zero = [](double value) { return value == 0.0 ? kTiny : value; };
  double numerator = 1.0;
  double denominator = 1.0 / apart_from_zero(1.0 - (a + b) * x / (a + 1.0));
  double fraction = denominator;
  const auto take = [&](double coefficient) {
    denominator = 1.0 / apart_from_zero(1.0 + coefficient * denominator);
    numerator = apart_from_zero(1.0 + coefficient / numerator);
    fraction *= numerator * denominator;
    return std::abs(numerator * denominator - 1.0);
  };
  for (int term = 1; term <= kMostTerms; ++term) {
    const double m = term;
    take(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)));
    const double change = take(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)));
    if (change < std::numeric_limits<double>::epsilon()) break;
  }
  return fraction;
}

/// The regularised incomplete beta function I_x(a, b).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - incomplete_beta(b, a, 1.0 - x);
  const double logarithm =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(logarithm) * beta_fraction(a, b, x) / a;
}

}  // namespace

Spread spread_of(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  Spread spread{std::accumulate(values.begin(), values.end(), 0.0) / count, std::nullopt};
  if (values.size() < 2) return spread;
  double squares = 0.0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.sd = std::sqrt(squares / (count - 1.0));
  return spread;
}

double student_t_p(double t, double degrees) {
  if (std::isinf(t)) return 0.0;
  return incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t));
}

PairedDifference paired_difference(std::span<const double> differences) {
  const auto count = static_cast<double>(differences.size());
  const Spread spread = spread_of(differences);
  const double standard_error = *spread.sd / std::sqrt(count);
  if (spread.mean == 0.0) return {0.0, standard_error, 1.0};
  return {spread.mean, standard_error, student_t_p(spread.mean / standard_error, count - 1.0)};
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double largest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, static_cast<double>(p.size() - rank) * p[order[rank]]);
    corrected[order[rank]] = std::min(largest, 1.0);
  }
  return corrected;
}

}  // namespace fmnist
