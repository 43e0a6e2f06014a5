// Given draws in the training library's order, one forward after the other (sim/noise/noise.md):
//
//   normal   weight, bias rows
//   simple   x (padded), weight, one for each first index of the weight, bias rows, y
//   mbs      bias rows, then for each row of codes: cells, y
//
// A linear layer and a convolution run as a matrix have the weight (rows, columns), both polarities of pn in one, and
// one x for each row of codes. Other convolutions have the weight's own order; pn goes through the list twice, the
// second time without bias rows. simple's common and output terms carry u^(t - 1), t the number of the pass.
#include <cmath>

#include "sim/array/noisy_node.hpp"

namespace witin::array {
namespace {

using noise::Term;

class Library {
 public:
  Library(noise::Sampler& sampler, const NoiseSource& source, const ops::NoiseSetup& setup)
      : sampler_(sampler), source_(source), setup_(setup), lowering_(source.lowering) {
    rows_ = lowering_.h.kernel * lowering_.w.kernel * (lowering_.channels / lowering_.groups);
    columns_ = lowering_.columns;
    polarities_ = source.attributes.neg_in == NegIn::kPn ? 2 : 1;
    pixels_ = lowering_.h.outputs * (lowering_.time ? 1 : lowering_.w.outputs);
    passes_ = setup.frames * pixels_;
  }

  Status give() {
    const noise::Kind kind = setup_.model->kind;
    const bool grouped_matrix = lowering_.groups > 1 && !source_.native;
    if (kind == noise::Kind::kCustom || !source_.attributes.k_split.empty() || grouped_matrix) {
      return refuse("given draws are for the training library's models and operators", "", "");
    }
    const std::int64_t each = count();
    const std::int64_t needed = each * (setup_.trial + 1);
    if (std::ssize(*setup_.draws) < needed) {
      return refuse("there are too few given draws",
                    std::to_string(needed) + " for trial " + std::to_string(setup_.trial),
                    std::to_string(setup_.draws->size()));
    }
    next_ = static_cast<std::size_t>(each * setup_.trial);
    if (kind == noise::Kind::kMbs) {
      give_mbs();
    } else if (source_.native) {
      give_native();
    } else {
      give_matrix();
    }
    for (auto& [term, samples] : given_) sampler_.give(term, std::move(samples));
    return {};
  }

 private:
  static Status refuse(std::string what, std::string expected, std::string found) {
    return Error{"noise.draws", std::move(what), "", std::move(expected), std::move(found), ""};
  }

  [[nodiscard]] bool simple() const { return setup_.model->kind == noise::Kind::kSimple; }
  [[nodiscard]] std::int64_t bias_rows() const { return source_.attributes.bias_rows * columns_; }
  [[nodiscard]] std::int64_t cells() const { return rows_ * columns_; }
  [[nodiscard]] std::int64_t plane_height() const {
    return source_.transposed ? lowering_.h.extent : lowering_.h.hi - lowering_.h.lo + 1;
  }
  [[nodiscard]] std::int64_t plane_width() const {
    return source_.transposed ? lowering_.w.extent : lowering_.w.hi - lowering_.w.lo + 1;
  }
  [[nodiscard]] std::int64_t plane() const { return lowering_.channels * plane_height() * plane_width(); }
  [[nodiscard]] std::int64_t commons() const { return source_.transposed ? lowering_.channels : columns_; }

  [[nodiscard]] std::int64_t count() const {
    if (setup_.model->kind == noise::Kind::kMbs) return bias_rows() + passes_ * (polarities_ * cells() + columns_);
    if (!source_.native) {
      const std::int64_t weight = polarities_ * cells() + bias_rows();
      return simple() ? weight + (passes_ + 1) * polarities_ * rows_ + passes_ * columns_ : weight;
    }
    const std::int64_t pass = simple() ? cells() + setup_.frames * plane() + commons() + passes_ * columns_ : cells();
    return polarities_ * pass + bias_rows();
  }

  float take() { return static_cast<float>((*setup_.draws)[next_++]); }
  std::vector<float>& samples(Term term, std::int64_t size) {
    std::vector<float>& out = given_[term];
    if (out.empty()) out.resize(static_cast<std::size_t>(size));
    return out;
  }
  void take_all(Term term, std::int64_t first, std::int64_t size, std::int64_t of, float factor = 1) {
    std::vector<float>& out = samples(term, of);
    for (std::int64_t i = 0; i < size; ++i) out[static_cast<std::size_t>(first + i)] = factor * take();
  }

  // u^(t - 1) of pass `pass` of this trial's forward.
  [[nodiscard]] float fade(std::int64_t pass) const {
    const std::int64_t t = setup_.trial * (source_.native ? polarities_ : 1) + pass;
    double factor = 1;
    for (std::int64_t i = 0; i < t; ++i) factor *= 0.25 * setup_.model->level;
    return static_cast<float>(factor);
  }

  void give_mbs() {
    take_all(Term::kBiasRow, 0, bias_rows(), bias_rows());
    for (std::int64_t pass = 0; pass < passes_; ++pass) {
      const std::int64_t each = polarities_ * cells();
      take_all(Term::kMbs, pass * each, each, passes_ * each);
      take_all(Term::kOutput, pass * columns_, columns_, passes_ * columns_);
    }
  }

  void give_matrix() {
    const std::int64_t driven = polarities_ * rows_;
    for (std::int64_t pass = 0; simple() && pass < passes_; ++pass) {
      take_all(Term::kInput, pass * 2 * rows_, driven, passes_ * 2 * rows_);
    }
    take_all(Term::kWeight, 0, driven * columns_, driven * columns_);
    if (simple()) take_all(Term::kCommon, 0, driven, driven, fade(0));
    take_all(Term::kBiasRow, 0, bias_rows(), bias_rows());
    if (simple()) take_all(Term::kOutput, 0, passes_ * columns_, passes_ * columns_, fade(0));
  }

  void give_native() {
    for (std::int64_t polarity = 0; polarity < polarities_; ++polarity) {
      for (std::int64_t frame = 0; simple() && frame < setup_.frames; ++frame) {
        take_all(Term::kInput, (frame * 2 + polarity) * plane(), plane(), setup_.frames * 2 * plane());
      }
      take_weight(polarity);
      if (simple()) {
        take_all(Term::kCommon, polarity * commons(), commons(), polarities_ * commons(), fade(polarity));
      }
      if (polarity == 0) take_all(Term::kBiasRow, 0, bias_rows(), bias_rows());
      if (simple()) take_output(polarity);
    }
  }

  void take_weight(std::int64_t polarity) {
    const std::int64_t node_rows = lowering_.groups * rows_;
    std::vector<float>& out = samples(Term::kWeight, polarities_ * node_rows * columns_);
    const std::size_t first = next_;
    const std::int64_t channels = lowering_.channels / lowering_.groups;
    const std::int64_t outputs = columns_ / lowering_.groups;
    for (std::int64_t group = 0; group < lowering_.groups; ++group) {
      for (const AxisPhase& h : lowering_.h.phases) {
        for (const AxisPhase& w : lowering_.w.phases) {
          for (const Tap& th : h.taps) {
            for (const Tap& tw : w.taps) {
              for (std::int64_t c = 0; c < channels; ++c) {
                const std::int64_t row =
                    polarity * node_rows + group * rows_ + (tw.row * lowering_.h.kernel + th.row) * channels + c;
                for (std::int64_t n = 0; n < outputs; ++n) {
                  const auto element =
                      static_cast<std::size_t>(lowering_.weight.place(group, c, n, th.kernel, tw.kernel));
                  out[static_cast<std::size_t>(row * columns_ + group * outputs + n)] =
                      static_cast<float>((*setup_.draws)[first + element]);
                }
              }
            }
          }
        }
      }
    }
    next_ = first + static_cast<std::size_t>(cells());
  }

  // Two passes add up in one draw of sqrt(2) times the sigma.
  void take_output(std::int64_t polarity) {
    std::vector<float>& out = samples(Term::kOutput, passes_ * columns_);
    const float factor = fade(polarity) / std::sqrt(static_cast<float>(polarities_));
    for (std::int64_t frame = 0; frame < setup_.frames; ++frame) {
      for (std::int64_t n = 0; n < columns_; ++n) {
        for (std::int64_t pixel = 0; pixel < pixels_; ++pixel) {
          out[static_cast<std::size_t>((frame * pixels_ + pixel) * columns_ + n)] += factor * take();
        }
      }
    }
  }

  noise::Sampler& sampler_;
  const NoiseSource& source_;
  const ops::NoiseSetup& setup_;
  const Lowering& lowering_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::int64_t polarities_ = 1;
  std::int64_t pixels_ = 1;
  std::int64_t passes_ = 0;
  std::size_t next_ = 0;
  std::map<Term, std::vector<float>> given_;
};

}  // namespace

Status give_draws(noise::Sampler& sampler, const NoiseSource& source, const ops::NoiseSetup& setup) {
  return Library(sampler, source, setup).give();
}

}  // namespace witin::array
