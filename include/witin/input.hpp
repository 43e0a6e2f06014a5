// Input frames from files: .npy, and .npz with one member for each input.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "witin/engine.hpp"

namespace witin {

// One --input NAME=FILE, or the positional file (no name): an .npz that holds every input, or the .npy of the only one.
// Where real values are quantised, inputs that quantise the same network input (Input::quantises) count as one of that
// name: they read the same file.
struct InputFile {
  std::string input;
  std::filesystem::path path;
};

struct InputOptions {
  // The files hold real values (float32 or float64), not codes: code = clip(rne(f32(f32(x * scale) + shift))) with the
  // input's scale and shift. Without it they hold codes of any integer dtype.
  bool quantize = false;
};

// Every file is `[frames, *shape]`, or exactly `shape` for one frame; all have the same number of frames. Frames are
// read when they are asked for; a file that changes meanwhile is an error. `package` need not outlive the source.
//
// Errors: input.missing, input.unknown, input.duplicate, input.ambiguous, input.shape, input.dtype, input.empty,
// input.frames, input.scale; file.*, zip.* and npy.* of sim/package/format.md. While frames are read: input.range with
// the frame, the element, the value and the range; input.nan; file.changed.
[[nodiscard]] Result<std::unique_ptr<FrameSource>> open_inputs(const Package& package, std::span<const InputFile> files,
                                                               const InputOptions& options = {});

}  // namespace witin
