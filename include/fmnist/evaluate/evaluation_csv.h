#pragma once

#include <string>

#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/shifts.h"

namespace fmnist {

/// CSV files, each with a header line; shares are fractions, numbers read back as the same ones.

/// A row per class: its name, then how many of its images were taken for each class.
std::string confusion_csv(const Evaluation& evaluation);

/// A row per class: support, predicted, correct, precision, recall, F1.
std::string classes_csv(const Evaluation& evaluation);

/// A row per image taken for another class, most confident first, with all probabilities.
std::string misclassified_csv(const Evaluation& evaluation);

/// A row per bin of the reliability diagram.
std::string reliability_csv(const Evaluation& evaluation);

/// A row per shift: dx, dy, accuracy.
std::string shifts_csv(const ShiftGrid& grid);

}  // namespace fmnist
