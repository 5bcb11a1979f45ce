#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include "fmnist/engine/select/select.h"

namespace fmnist {
namespace {

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// Whole CPUs in the quota of this process's control group (version 2), rounded up.
int quota_cpus(int unlimited) {
  std::ifstream file("/sys/fs/cgroup/cpu.max");  // "max 100000" or "150000 100000"
  double quota = 0.0;
  double period = 0.0;
  if (!(file >> quota >> period) || quota <= 0.0 || period <= 0.0) return unlimited;
  return static_cast<int>(std::ceil(quota / period));
}

}  // namespace

int available_cpus() {
  const int cpus = affinity_cpus();
  return std::clamp(quota_cpus(cpus), 1, cpus);
}

}  // namespace fmnist
