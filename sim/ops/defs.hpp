// The operators by name, one file each; registry.cpp lists them.
#pragma once

#include "sim/ops/registry.hpp"

namespace witin::ops {

// On the array.
extern const OpDef kLinear;
extern const OpDef kConv2d;
extern const OpDef kConvTranspose2d;

// Between layers and digital.
extern const OpDef kRelu;

}  // namespace witin::ops
