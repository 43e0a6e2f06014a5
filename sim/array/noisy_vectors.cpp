#include "sim/array/noisy_vectors.hpp"

#include <algorithm>

namespace witin::array {
namespace {

std::vector<std::shared_ptr<const noise::MatrixSource>> make_sources(std::span<const VectorLayer> layers) {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  for (const VectorLayer& layer : layers) {
    rows += layer.rows();
    columns += layer.columns();
  }
  std::vector<std::shared_ptr<const noise::MatrixSource>> sources;
  std::int64_t first_row = 0;
  std::int64_t first_column = 0;
  int first_bias_row = 0;
  for (const VectorLayer& layer : layers) {
    noise::MatrixSpec spec = layer.noise_spec();
    for (std::int64_t& row : spec.row_numbers) row += first_row;
    spec.node_rows = rows;
    spec.node_columns = columns;
    spec.first_column = first_column;
    spec.first_bias_row = first_bias_row;
    first_row += std::ssize(spec.row_numbers);
    first_column += spec.columns;
    first_bias_row += spec.bias_rows;
    sources.push_back(std::make_shared<const noise::MatrixSource>(layer.isa(), std::move(spec)));
  }
  return sources;
}

}  // namespace

Result<std::unique_ptr<const ops::Noise>> NoisyVectors::make(std::span<const VectorLayer> layers,
                                                             LazyVectorSources& lazy, const ops::NoiseSetup& setup) {
  if (setup.model->mbs_level != 0) {
    return Error{"noise.operator",
                 "mbs has no law for the signed state of a recurrent cell",
                 "",
                 "codes 0..255",
                 "-128..127",
                 "normal and simple have one"};
  }
  if (setup.draws != nullptr) {
    return Error{"noise.draws",
                 "given draws are for operators of the training library",
                 "",
                 "linear, conv2d or conv_transpose2d",
                 "a recurrent cell",
                 "without --noise-draws the cell has noise of its own"};
  }
  std::call_once(lazy.once, [&] { lazy.sources = make_sources(layers); });
  std::unique_ptr<NoisyVectors> out(new NoisyVectors(layers.front().isa(), setup));
  for (const auto& source : lazy.sources) {
    Result<noise::NoisyMatrix> matrix = noise::NoisyMatrix::make(*setup.model, out->sampler_, source);
    if (!matrix) return std::move(matrix).error();
    out->matrices_.push_back(*std::move(matrix));
  }
  return std::unique_ptr<const ops::Noise>(std::move(out));
}

void NoisyVectors::run(std::size_t matrix, std::int64_t frame, std::span<const std::int32_t> x,
                       std::span<std::int32_t> y, std::span<std::int32_t> acc, std::span<std::int32_t> v,
                       ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto codes = scratch.take<std::int16_t>(x.size() + kernels::kReadSlack);
  std::ranges::transform(x, codes.begin(), [](std::int32_t code) { return static_cast<std::int16_t>(code); });
  const noise::Pass pass = frame * std::ssize(matrices_) + static_cast<std::int64_t>(matrix);
  matrices_[matrix].run({codes.data(), Storage::kS16, std::ssize(x)}, {&pass, 1}, {}, y, acc, v, scratch);
  scratch.rewind(mark);
}

}  // namespace witin::array
