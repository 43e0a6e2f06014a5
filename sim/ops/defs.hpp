// The operators by name, one file each; registry.cpp lists them.
#pragma once

#include "sim/ops/registry.hpp"

namespace witin::ops {

extern const OpDef kRelu;

}  // namespace witin::ops
