// What hardware gave back, as a side.
//
//   infer_output.txt         raw outputs of one layer before its ReLU, a line a frame
//   tmp_output/L<k>.txt      outputs of layer k (from 0, order of layers.txt); I<k>.txt what drove it
//   program.log              the burning tool's own figures, shown beside ours
//   random_idx.txt, map/random_idx.txt   which frames of the run layer k saw; without it frames count from 0, and
//                            stand for the sampled ones of a mapper's folder
//
// A single text file of integers is an array without a name, or that of layer k where it is called L<k>.txt, EL<k>.txt
// (what the tool expected) or I<k>.txt.
#pragma once

#include "sim/diff/side.hpp"

namespace witin::diff {

[[nodiscard]] bool looks_like_capture(const std::filesystem::path& folder);

// Errors: capture.twice (two files are one layer), capture.too_many_files, mapper.*, text.*, file.*.
[[nodiscard]] Result<std::unique_ptr<Side>> open_capture_side(const std::filesystem::path& path);

}  // namespace witin::diff
