// How often the first largest output is at the label's index.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "witin/engine.hpp"

namespace witin::report {

struct Accuracy {
  std::int64_t correct = 0;
  std::int64_t frames = 0;

  [[nodiscard]] double share() const {
    return frames > 0 ? static_cast<double>(correct) / static_cast<double>(frames) : 0.0;
  }
};

class AccuracySink final : public FrameSink {
 public:
  // `labels`: a .npy of one integer a frame of the whole input; the run begins at its frame `first_frame`. `node`:
  // whose output is looked at; absent: the network's only output. Errors: labels.output when the network has not
  // exactly one output; labels.frames; labels.range (while it runs); those of open_inputs for the file.
  [[nodiscard]] static Result<std::unique_ptr<AccuracySink>> create(const Engine& engine,
                                                                    const std::filesystem::path& labels,
                                                                    std::int64_t input_frames,
                                                                    std::int64_t first_frame = 0,
                                                                    std::optional<std::size_t> node = {});
  // For another run of the same labels: nothing counted yet.
  [[nodiscard]] std::unique_ptr<AccuracySink> again() const;

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override;
  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) override;

  [[nodiscard]] Accuracy accuracy() const { return {correct_, frames_}; }

 private:
  AccuracySink() = default;

  std::shared_ptr<FrameSource> labels_;
  std::filesystem::path path_;
  std::size_t node_ = 0;
  Storage storage_ = Storage::kS8;
  std::int64_t classes_ = 0;
  std::int64_t first_frame_ = 0;
  std::atomic<std::int64_t> correct_{0};
  std::atomic<std::int64_t> frames_{0};
};

}  // namespace witin::report
