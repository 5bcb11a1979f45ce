#pragma once

#include <string>

#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/shifts.h"

namespace fmnist {

/// The evaluation as text for people: metrics, classes, confusion, most confused pairs, most
/// confident mistakes. At most 80 columns.
std::string evaluation_table(const Evaluation& evaluation);

/// The grid as text for people, in percent.
std::string shifts_table(const ShiftGrid& grid);

}  // namespace fmnist
