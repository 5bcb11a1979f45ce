#include "cli/commands/commands.h"

namespace fmnist {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {train_command(),   evaluate_command(),
                                                 predict_command(), report_command(),
                                                 sweep_command(),   verify_resume_command()};
  return kCommands;
}

}  // namespace fmnist
