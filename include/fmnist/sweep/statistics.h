#pragma once

#include <optional>
#include <span>
#include <vector>

namespace fmnist {

/// Mean and sample standard deviation (n - 1); the latter not of fewer than two values.
struct Spread {
  double mean = 0.0;
  std::optional<double> sd;
};

/// Mean and standard deviation of `values`, which must not be empty.
Spread spread_of(std::span<const double> values);

/// The probability that Student's t with `degrees` of freedom is farther from 0 than `t`.
double student_t_p(double t, double degrees);

/// How much larger one of two paired quantities is, and whether that may be chance.
struct PairedDifference {
  double mean = 0.0;
  double standard_error = 0.0;
  double p = 1.0;  // two-sided paired t test
};

/// The difference of pairs that differ by `differences`, at least two of them.
PairedDifference paired_difference(std::span<const double> differences);

/// The p values corrected for their number (Holm, "A simple sequentially rejective multiple test
/// procedure", Scandinavian Journal of Statistics 6, 1979), in the order given.
std::vector<double> holm(std::span<const double> p);

}  // namespace fmnist
