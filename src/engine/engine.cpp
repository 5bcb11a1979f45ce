#include "fmnist/engine/engine.h"

namespace fmnist {

Totals evaluate(Engine& engine, const Split& split) {
  return classification_totals(engine.logits(split.images), split.labels);
}

}  // namespace fmnist
