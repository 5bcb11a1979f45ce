#include "fmnist/train/events.h"

namespace fmnist {

const char* to_string(RunStatus status) {
  switch (status) {
    case RunStatus::kFinished:
      return "finished";
    case RunStatus::kInterrupted:
      return "interrupted";
    case RunStatus::kDiverged:
      return "diverged";
    case RunStatus::kMaxTime:
      return "max_time";
  }
  return "finished";
}

}  // namespace fmnist
