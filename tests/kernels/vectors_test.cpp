// The kernels and the output rule on what the chip vendor's simulator computed: every vector, also the one whose
// weights lie beyond the +-275 a package may hold.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>

#include "sim/kernels/matmul.hpp"
#include "support/npz.hpp"
#include "support/shared_data.hpp"

namespace {

using namespace witin;

template <typename T>
std::vector<T> as(const test::NpzArray& array) {
  std::vector<T> out;
  for (const double value : array.values) out.push_back(static_cast<T>(value));
  return out;
}

std::vector<std::int8_t> run(kernels::Isa isa, const test::Npz& vector, std::int64_t frames, std::int64_t k,
                             std::int64_t n) {
  const auto rows = as<std::int32_t>(vector["bias_rows"]);
  std::vector<std::int32_t> bias(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < rows.size(); ++i) bias[i % bias.size()] += 128 * rows[i];
  const auto weights = as<std::int16_t>(vector["W"]);
  const auto operands = kernels::choose_operands(isa, unsigned_range(8), kernels::range_of(weights));
  const auto matrix = kernels::PackedMatrix::pack(operands, weights, k, n, 1, bias);
  const auto rule = arith::OutputRule::make({.arithmetic = Arithmetic::kWtm2101, .g = vector["G"].values.front()});
  REQUIRE(rule.ok());
  const auto fused = kernels::FusedRule::make(*rule);

  const auto codes = as<std::uint8_t>(vector["x"]);
  std::vector<std::byte> x(codes.size() * 2 + kernels::kReadSlack);
  kernels::convert_codes(isa, codes.data(), Storage::kU8, frames * k, matrix.x_format(), x.data());
  std::vector<std::int8_t> y(static_cast<std::size_t>(frames * n));
  kernels::matmul(matrix, {.x = x.data(), .count = frames, .stride = k}, &fused,
                  {.data = y.data(), .storage = Storage::kS8, .row_stride = n});
  if (vector["relu"].values.front() != 0) {
    for (std::int8_t& code : y) code = std::max<std::int8_t>(code, 0);
  }
  return y;
}

}  // namespace

TEST_CASE("kernels: every vector of the chip vendor's simulator on every instruction set") {
  const auto root = test::shared_data("vectors/wtm2101_array");
  if (!root) return;
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(*root)) paths.insert(entry.path());
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    std::size_t compared = 0;
    std::size_t different = 0;
    for (const auto& path : paths) {
      const test::Npz vector(path);
      const auto expected = as<std::int8_t>(vector["y"]);
      const auto found = run(isa, vector, vector["y"].shape[0], vector["W"].shape[0], vector["W"].shape[1]);
      REQUIRE(found.size() == expected.size());
      compared += expected.size();
      for (std::size_t i = 0; i < expected.size(); ++i) different += found[i] != expected[i] ? 1U : 0U;
    }
    CAPTURE(kernels::name(isa));
    CHECK(different == 0);
    CHECK(compared == 68014);
  }
}
