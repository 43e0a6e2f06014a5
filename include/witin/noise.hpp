// The analog noise of the array: which model, how strong, drawn from which seed, on which nodes. Rules and evidence:
// sim/noise/noise.md.
//
// Only operators on the array are noisy, and of inputs wider than 8 bits only the low part. Results depend on the
// options here and on nothing else: not on threads, blocks, instruction sets, or on what ran before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "witin/error.hpp"

namespace witin {

namespace noise {
struct Model;
struct Draws;
}  // namespace noise

class NoiseModel {
 public:
  NoiseModel() = default;  // none

  // "none"; "normal:L", "simple:L", "mbs:L" with a level 0 <= L < 10; "custom:FILE.json". Level 0 is none.
  // Errors: noise.model, noise.level; of a file file.*, json.*, noise.* with the place in it.
  [[nodiscard]] static Result<NoiseModel> parse(std::string_view text);
  // The text of a custom model's file; `name` begins the place of errors.
  [[nodiscard]] static Result<NoiseModel> parse_custom(std::string_view json, std::string_view name);

  [[nodiscard]] bool none() const { return model_ == nullptr; }
  // As parse() takes it, the level as short as it can be: "normal:4". Custom: "custom".
  [[nodiscard]] std::string name() const;
  // One JSON object: {"model": "normal", "level": 4}, {"model": "custom", "terms": {...}}, {"model": "none"}.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] const noise::Model* get() const { return model_.get(); }  // null: none

 private:
  std::shared_ptr<const noise::Model> model_;
};

// Standard normals given from outside instead of drawn: for each node one list, in the training library's own order.
class NoiseDraws {
 public:
  NoiseDraws() = default;  // none: they are drawn

  // An .npz with one float32 or float64 member for each noisy node, under the node's name. Errors: file.*, zip.*,
  // npy.*, noise.draws.
  [[nodiscard]] static Result<NoiseDraws> load(const std::filesystem::path& path);

  [[nodiscard]] bool none() const { return draws_ == nullptr; }
  [[nodiscard]] const noise::Draws* get() const { return draws_.get(); }

 private:
  std::shared_ptr<const noise::Draws> draws_;
};

struct NoiseOptions {
  NoiseModel model;
  std::uint64_t seed = 0;
  std::int64_t trial = 0;   // 0 .. 2^32 - 1: a chip instance
  std::string nodes = "*";  // only nodes whose name matches this glob (fnmatch)
  NoiseDraws draws;         // with given draws, frames come in one order: one thread, from the first frame on

  // All of it but the seed, as one JSON object for TraceOptions::noise; empty for no noise.
  [[nodiscard]] std::string json() const;
};

}  // namespace witin
