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
extern const OpDef kRequantize;
extern const OpDef kLut;
extern const OpDef kPrelu;
extern const OpDef kAddWitin;
extern const OpDef kAddChip;
extern const OpDef kMulWitin;
extern const OpDef kMulChip;
extern const OpDef kDiv;
extern const OpDef kCat;
extern const OpDef kSqrt;
extern const OpDef kInvSqrt;
extern const OpDef kHypot;
extern const OpDef kMean;
extern const OpDef kBatchNorm;
extern const OpDef kClnBn;
extern const OpDef kMatmul;
extern const OpDef kScale;
extern const OpDef kShift;
extern const OpDef kScalar;
extern const OpDef kClearLowBits;
extern const OpDef kFloatScale;
extern const OpDef kAvgPool;
extern const OpDef kMaxPool;
extern const OpDef kGlobalAvgPool;
extern const OpDef kSlice;
extern const OpDef kReshape;
extern const OpDef kPermute;
extern const OpDef kConcat;
extern const OpDef kSoftmax;
extern const OpDef kSumNorm;
extern const OpDef kGroupNorm;
extern const OpDef kReduceMean;

}  // namespace witin::ops
