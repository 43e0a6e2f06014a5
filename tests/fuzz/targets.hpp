// What is fuzzed: one function a target, and how its inputs are changed.
//
// A target takes any bytes. It does with them what the program does with a file, and returns; it throws a Finding where
// a promise does not hold (check.hpp). Crashes, sanitizers, the limits on memory and time find the rest.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace witin::fuzz {

using Bytes = std::span<const std::byte>;

void run_package(Bytes bytes);   // a .wpkg, prepared and run
void run_npy(Bytes bytes);       // an .npy as input frames
void run_manifest(Bytes bytes);  // manifest.json, trace.json
void run_trace(Bytes bytes);     // .wtrace, .npz, .npy, and .npz of noise draws
void run_mapper(Bytes bytes);    // a folder of the vendor's mapper (bundle.hpp)
void run_capture(Bytes bytes);   // a capture of the hardware (bundle.hpp)
void run_noise(Bytes bytes);     // a custom noise model, and a network run with it
void run_diff(Bytes bytes);      // two sides compared (bundle.hpp)
void run_kernels(Bytes bytes);   // a matrix product on every instruction set against its definition

// The form of a target's inputs, which its mutator keeps.
enum class Form { kBlind, kNpy, kJson, kZip, kBundle };

struct Target {
  std::string_view name;
  void (*run)(Bytes bytes);
  Form form;
};

inline constexpr std::array<Target, 9> kTargets{{{"package", run_package, Form::kZip},
                                                 {"npy", run_npy, Form::kNpy},
                                                 {"manifest", run_manifest, Form::kJson},
                                                 {"trace", run_trace, Form::kZip},
                                                 {"mapper", run_mapper, Form::kBundle},
                                                 {"capture", run_capture, Form::kBundle},
                                                 {"noise", run_noise, Form::kJson},
                                                 {"diff", run_diff, Form::kBundle},
                                                 {"kernels", run_kernels, Form::kBlind}}};

}  // namespace witin::fuzz
