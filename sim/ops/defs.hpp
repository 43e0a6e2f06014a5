// The operators by name, one file each; registry.cpp lists them.
#pragma once

#include "sim/ops/registry.hpp"

namespace witin::ops {

// On the array.
extern const OpDef kLinear;
extern const OpDef kConv2d;
extern const OpDef kConvTranspose2d;
extern const OpDef kTdnn;
extern const OpDef kLstm;
extern const OpDef kGru;
extern const OpDef kGruSingle;
extern const OpDef kGru2Array;

// Between layers and digital.
extern const OpDef kRelu;

}  // namespace witin::ops
