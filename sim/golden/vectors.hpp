// What the formats npz, c and hex share: the frames that are taken, the layers as driven, the index.
#pragma once

#include <nlohmann/json.hpp>

#include "sim/golden/golden.hpp"
#include "sim/golden/output_folder.hpp"
#include "sim/golden/recording.hpp"

namespace witin::golden {

struct FrameSpan {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// Error golden.frames.
[[nodiscard]] Result<FrameSpan> frames_taken(const Net& net, const GoldenOptions& options);

// A network's inputs, layers and nodes over the frames that are taken.
struct Vectors {
  const Net* net = nullptr;
  FrameSpan frames;
  std::vector<ArrayLayer> layers;          // driven
  std::vector<std::int64_t> layer_biases;  // bias rows of each
  std::vector<Error> left_out;
  std::optional<Recording> run;

  [[nodiscard]] const Engine& engine() const { return *net->engine; }
};

// Keeps the run in `file`. Layers whose bias 32 rows cannot hold are left out.
[[nodiscard]] Result<Vectors> make_vectors(const Net& net, const GoldenOptions& options,
                                           const std::filesystem::path& file);

// {"format": "witin.golden", ...}: package, arithmetic, frames; nodes with operator, shape and attributes.
[[nodiscard]] nlohmann::ordered_json new_index(const Engine& engine, FrameSpan frames, std::string_view format);
[[nodiscard]] Status write_index(const std::filesystem::path& folder, const nlohmann::ordered_json& index);

[[nodiscard]] Written summary(const Vectors& vectors);

// Each writes into `folder` and says what it wrote.
[[nodiscard]] Result<Written> write_npz(const Net& net, const std::filesystem::path& folder,
                                        const GoldenOptions& options);
[[nodiscard]] Result<Written> write_c(const Net& net, const std::filesystem::path& folder,
                                      const GoldenOptions& options);
[[nodiscard]] Result<Written> write_hex(const Net& net, const std::filesystem::path& folder,
                                        const GoldenOptions& options);

}  // namespace witin::golden
