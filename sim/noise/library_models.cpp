// normal, simple and mbs of witin_nn, L the level and u = L / 4. Sources of the constants: sim/noise/noise.md.
//
//   normal   w' = w + L (0.3145 + 0.015605 |w|) z,  bias rows the same of wb
//   simple   x' = x + u (1 + 0.021 |x|) z,  w' = w + u (0.57 + 0.035 |w|) z + 2.85 u z_c,
//            bias rows 2.6 u (0.57 + 0.035 |wb|),  output u
//   mbs      acc += L sigma(x, w) z (mbs_law.hpp),  bias rows 0.15 L where wb = 0, else L (0.490740 + 0.0286020 |wb|),
//            output 0.225 L
#include "sim/arith/rounding.hpp"
#include "sim/noise/model.hpp"

namespace witin::noise {

double Sigma::operator()(double magnitude) const {
  if (magnitude == 0 && at_zero) return *at_zero;
  if (table.empty()) return additive + relative * magnitude;
  const auto index = static_cast<std::size_t>(arith::rne(magnitude));
  return table[index < table.size() ? index : table.size() - 1];
}

Model normal(double level) {
  Model model;
  model.kind = Kind::kNormal;
  model.level = level;
  model.weight = CellTerm{{.additive = 0.3145 * level, .relative = 0.015605 * level}};
  model.bias_row = model.weight;
  return model;
}

Model simple(double level) {
  const double u = 0.25 * level;
  Model model;
  model.kind = Kind::kSimple;
  model.level = level;
  model.input = Sigma{.additive = u, .relative = 0.021 * u};
  model.weight = CellTerm{{.additive = 0.57 * u, .relative = 0.035 * u}};
  model.common_weight_lsb = 2.85 * u;
  model.bias_row = CellTerm{{.additive = 2.6 * 0.57 * u, .relative = 2.6 * 0.035 * u}};
  model.sigma_output_lsb = u;
  return model;
}

Model mbs(double level) {
  Model model;
  model.kind = Kind::kMbs;
  model.level = level;
  model.bias_row = CellTerm{{.additive = 0.490740 * level, .relative = 0.0286020 * level, .at_zero = 0.15 * level}};
  model.mbs_level = level;
  model.sigma_output_lsb = 0.225 * level;
  return model;
}

}  // namespace witin::noise
