// Any operator that is one or several matrices over patches of its input: linear, conv2d, conv_transpose2d, tdnn. They
// differ in their geometry only.
//
// Each frame, or in time all frames of a block, is staged as a plane (staging.hpp), several small planes at a time; a
// layer reads its rows of codes from the planes and writes its outputs to the output frames. Codes that already lie as
// the kernels want them are read where they are.
#pragma once

#include <memory>

#include "sim/array/array_attributes.hpp"
#include "sim/array/array_layer.hpp"
#include "sim/ops/noisy.hpp"

namespace witin::array {

struct NoiseSource;

// One layer and the places of its rows. All offsets count elements.
struct PlacedLayer {
  ArrayLayer layer;
  std::vector<std::int64_t> starts;  // of each row of codes in the plane of one frame
  std::vector<std::int64_t> places;  // of each row's first output in the output frame
  std::int64_t grid_width = 1;       // rows of codes of one row of the output map
};

struct ArrayGeometry {
  std::int64_t channels = 0, height = 1, width = 1;       // of an input frame
  std::int64_t stride_c = 1, stride_h = 1, stride_w = 1;  // in the memory of an input frame
  std::int64_t group = 0;                                 // channels of one group
  // width counts frames: rows and places repeat every frame, `first_w` columns of the plane hold past frames,
  // before the first frame `pad`.
  bool time = false;
  // The plane: padding included, except that in time its width is first_w + frames +
  // ahead, where `ahead` columns after the last frame are padding.
  std::int64_t plane_height = 1, plane_width = 1;
  std::int64_t first_w = 0, first_h = 0, ahead = 0;
  std::int32_t pad = 0;
  std::int64_t output_stride = 1;  // from one output of a layer to the next, in the output frame
  // npu_x shows the whole context a row covers, oldest tap first, instead of the input frame.
  bool shows_context = false;

  [[nodiscard]] std::int64_t elements() const { return channels * height * width; }
};

class ArrayOperator final : public ops::Operator, public ops::Noisy {
 public:
  // At least one layer; all have the same staging, rule and number of parts.
  ArrayOperator(ops::ValueType output, ops::ValueType input, const ArrayAttributes& attributes, Staging staging,
                ArrayGeometry geometry, std::vector<PlacedLayer> layers, std::shared_ptr<const NoiseSource> noise);

  [[nodiscard]] std::vector<ops::Field> fields() const override;
  [[nodiscard]] std::unique_ptr<ops::State> initial_state() const override;
  [[nodiscard]] std::int64_t lookahead() const override { return geometry_.ahead; }
  [[nodiscard]] std::int64_t macs() const override;
  [[nodiscard]] Result<std::unique_ptr<const ops::Noise>> draw_noise(const ops::NoiseSetup& setup) const override;
  Status run(const ops::Run& run) const override;
  Status run_noisy(const ops::Run& run, const ops::Noise& noise) const override;

 private:
  struct Planes;
  struct Tables;
  [[nodiscard]] bool reads_in_place() const;
  [[nodiscard]] std::int64_t plane_elements(std::int64_t frames) const;
  [[nodiscard]] std::int64_t planes_at_once(const ops::Run& run) const;
  [[nodiscard]] Planes take_planes(const ops::Run& run, std::int64_t planes) const;
  [[nodiscard]] std::span<const Tables> make_tables(const ops::Run& run, std::int64_t frames) const;
  void stage_frames(const ops::Run& run, std::int64_t first, std::int64_t frames, const Planes& planes) const;
  void run_layers(const ops::Run& run, std::int64_t first, std::int64_t frames, const Planes& planes,
                  std::span<const Tables> tables) const;
  void show_codes(const ops::Run& run) const;
  void show_context(const ops::Run& run, const Planes& planes) const;
  void remember(const ops::Run& run) const;
  [[nodiscard]] const ArrayLayer& layer() const { return layers_.front().layer; }
  [[nodiscard]] std::int64_t pixel() const { return geometry_.channels * staging_.polarities(); }
  // From one frame to the next in the planes.
  [[nodiscard]] std::int64_t plane_step() const {
    return geometry_.time ? geometry_.plane_height * pixel() : plane_elements(1);
  }

  ops::ValueType input_;
  CodeRange allowed_;
  bool pn_ = false;
  Staging staging_;
  ArrayGeometry geometry_;
  std::vector<PlacedLayer> layers_;
  std::shared_ptr<const NoiseSource> noise_;  // null: not on the array
};

}  // namespace witin::array
