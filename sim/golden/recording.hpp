// A run kept on disk while vectors are made of it: any value of any frame can be read again, in bounded memory.
#pragma once

#include <functional>
#include <memory>

#include "sim/golden/array_layer.hpp"
#include "sim/trace/frame_file.hpp"
#include "witin/trace.hpp"

namespace witin::golden {

inline constexpr std::int64_t kBlockCodes = std::int64_t{1} << 18;  // read and written at a time

class Recording {
 public:
  // Runs frames 0 .. frames - 1 and keeps `values` in the file `path`, which belongs to the recording: whoever made its
  // folder removes it. `engine` and `source` must outlive it.
  [[nodiscard]] static Result<Recording> make(const Engine& engine, FrameSource& source, std::int64_t frames,
                                              const std::vector<ValueRef>& values, const std::filesystem::path& path,
                                              const RunOptions& options);

  [[nodiscard]] std::int64_t frames() const { return frames_; }
  [[nodiscard]] Shape shape(const ValueRef& value) const;
  [[nodiscard]] CodeRange range(const ValueRef& value) const;
  // Codes of frames [first, first + count), one after the other.
  Status read(const ValueRef& value, std::int64_t first, std::int64_t count, std::vector<std::int32_t>& codes) const;

  // Lines [first, first + count) of a layer in their order: x as the array is driven, and the results. `y`: layer.y or
  // layer.shown. Errors: golden.driven for a code the layer's rows cannot drive; what `use` returns.
  using UseLine = std::function<Status(std::span<const std::int32_t> x, std::span<const std::int32_t> y)>;
  Status lines(const ArrayLayer& layer, const ValueRef& y, std::int64_t first, std::int64_t count,
               const UseLine& use) const;

 private:
  Recording(const Engine& engine, FrameSource& source) : engine_(&engine), source_(&source) {}

  const Engine* engine_;
  FrameSource* source_;
  std::int64_t frames_ = 0;
  const std::atomic<bool>* cancel_ = nullptr;
  std::vector<ValueRef> recorded_;
  std::vector<std::pair<std::size_t, std::size_t>> places_;  // of recorded_ in the trace
  std::optional<Trace> trace_;
};

}  // namespace witin::golden
