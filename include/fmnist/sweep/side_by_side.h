#pragma once

#include <cstddef>
#include <functional>

namespace fmnist {

/// Calls `work` with 0 … `count` - 1 on `jobs` threads, lower numbers first. After one returned
/// false or threw, none is begun any more; the first exception is thrown again at the end. Returns
/// whether all were done.
bool run_side_by_side(std::size_t count, int jobs, const std::function<bool(std::size_t)>& work);

}  // namespace fmnist
