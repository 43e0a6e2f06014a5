// One input file, read in blocks of frames into the codes the engine works on.
#pragma once

#include <memory>

#include "sim/package/byte_source.hpp"
#include "sim/package/npy.hpp"
#include "witin/input.hpp"
#include "witin/package.hpp"

namespace witin::package {

[[nodiscard]] std::string input_label(std::string_view name);  // "input 'NAME'": where an error is

class FrameReader {
 public:
  // `file` is a whole npy. Codes input.* and npy.*; `where` begins with the input's name.
  [[nodiscard]] static Result<FrameReader> open(std::shared_ptr<const ByteSource> file, const Input& input,
                                                const InputOptions& options);

  [[nodiscard]] std::int64_t frames() const { return frames_; }

  // Writes the codes of frames [first, first + count) to `codes`; the input's range must fit `storage`. Allocates
  // nothing. Safe from several threads.
  [[nodiscard]] Status read(std::int64_t first, std::int64_t count, Storage storage, void* codes) const;

 private:
  FrameReader() = default;

  template <typename Code>
  [[nodiscard]] Status read_as(std::int64_t first, std::int64_t count, Code* codes) const;
  template <typename Value, typename Code>
  [[nodiscard]] Status read_values(std::uint64_t first, std::uint64_t count, Code* codes) const;
  template <typename Value, typename Code>
  [[nodiscard]] Status convert(std::span<const Value> values, std::uint64_t first, Code* codes) const;
  template <typename Value, typename Code>
  [[nodiscard]] Status quantize(std::span<const Value> values, std::uint64_t first, Code* codes) const;
  [[nodiscard]] std::string place(std::uint64_t element) const;  // "input 'in' frame 3 element [0, 2]"

  std::shared_ptr<const ByteSource> file_;
  NpyHeader header_;
  std::string name_;
  Shape shape_;
  CodeRange range_;
  std::int64_t frames_ = 0;
  std::uint64_t frame_elements_ = 1;
  float scale_ = 1.0F;
  float shift_ = 0.0F;
};

}  // namespace witin::package
