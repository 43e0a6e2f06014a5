// Arrays `[frames, *shape]` written frame block by frame block, from several threads in any order, always as the same
// bytes: one .npy, or a STORED zip of a text member and many npy (an .npz or a .wtrace).
//
// Every size is known before the first block, so every member has its place from the start. Memory does not grow with
// the number of frames. The file appears when finish() succeeds and leaves nothing behind otherwise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/trace/output_file.hpp"
#include "witin/types.hpp"

namespace witin::trace {

struct FrameArray {
  std::string member;  // "out.npy"; unused for a single .npy
  DType dtype = DType::kI8;
  Shape shape;  // of one frame
};

struct TextMember {
  std::string member;
  std::string text;
};

class FrameFile {
 public:
  // Errors: output.*; internal.* for a description no run can have (equal member names, sizes beyond 2^63).
  [[nodiscard]] static Result<FrameFile> create_npy(const std::filesystem::path& path, const FrameArray& array,
                                                    std::int64_t frames);
  // Texts come first, then the arrays in their order.
  [[nodiscard]] static Result<FrameFile> create_zip(const std::filesystem::path& path,
                                                    const std::vector<TextMember>& texts,
                                                    const std::vector<FrameArray>& arrays, std::int64_t frames);
  FrameFile(FrameFile&&) noexcept;
  FrameFile& operator=(FrameFile&&) noexcept;
  ~FrameFile();
  FrameFile(const FrameFile&) = delete;
  FrameFile& operator=(const FrameFile&) = delete;

  // Frames [first, first + count) of arrays[array], in its dtype and C order. Safe from several threads; every frame
  // is written exactly once.
  [[nodiscard]] Status write(std::size_t array, std::int64_t first, std::int64_t count, const void* data);

  // The file is complete but has no name yet: what can fail before it appears has been done. Error
  // internal.incomplete when a frame is missing.
  [[nodiscard]] Status seal();
  // The file appears; seals it first where that has not been done.
  [[nodiscard]] Status finish();

 private:
  struct State;
  explicit FrameFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace witin::trace
