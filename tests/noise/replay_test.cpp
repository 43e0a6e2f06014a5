// The training library's noisy integers from its own draws: vectors/witin_nn_array 61 to 67. A value may differ by 1
// where the library's float32 sum falls on the other side of a tie: at most 1 in 100,000.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/noise_case.hpp"
#include "tests/support/npz.hpp"
#include "tests/support/shared_data.hpp"

using namespace witin;

namespace {

struct Replay {
  const char* file;
  const char* op;
  const char* model;
  Shape input;  // of a frame
  int x_bits;
  int y_bits;
  NegIn neg_in;
  bool x_signed;
  bool matrix;  // a convolution run as a matrix
};

std::vector<std::int32_t> integers(const test::NpzArray& array) {
  std::vector<std::int32_t> out;
  for (const double v : array.values) out.push_back(static_cast<std::int32_t>(v));
  return out;
}

struct Counts {
  std::int64_t values = 0;
  std::int64_t different = 0;
};

void replay(const std::filesystem::path& directory, const Replay& c, Counts& counts) {
  CAPTURE(c.file);
  const test::Npz npz(directory / (std::string(c.file) + ".npz"));
  std::vector<std::int32_t> weight = integers(npz["NPU_weight"]);
  Shape shape = npz["NPU_weight"].shape;
  if (std::string(c.op) == "linear") {  // stored [N, K]
    std::vector<std::int32_t> turned;
    for (std::int64_t k = 0; k < shape[1]; ++k) {
      for (std::int64_t n = 0; n < shape[0]; ++n) turned.push_back(weight[static_cast<std::size_t>(n * shape[1] + k)]);
    }
    weight = std::move(turned);
    shape = {shape[1], shape[0]};
  }
  test::NoiseCase network(c.op, Arithmetic::kWitinNn);
  network.input(c.input, c.x_bits, c.x_signed, c.neg_in).weight(shape, weight).bias(integers(npz["NPU_bias"]));
  network.attribute("g", 256).attribute("bias_rows", 8).attribute("y_bits", c.y_bits);
  if (c.x_bits > 8) {
    network.attribute("split", true);
    network.bias_d(integers(npz["NPU_bias_d"]));
  }
  if (c.matrix) network.attribute("split", true);
  if (std::string(c.op) == "conv2d") network.attribute("pads", nlohmann::json{1, 1, 1, 1});
  const Engine engine = network.engine();

  RunOptions options;
  options.noise.model = *NoiseModel::parse(c.model);
  options.noise.draws = test::draws("n", npz["z"].values);
  const std::vector<std::int32_t> expected = integers(npz["y"]);
  const std::vector<std::int32_t> x = integers(npz["NPU_x"]);
  const std::int64_t forwards = npz["y"].shape[0];
  for (std::int64_t forward = 0; forward < forwards; ++forward) {
    options.noise.trial = forward;
    const std::vector<std::int32_t> y = network.run(engine, x, options);
    REQUIRE(y.size() * static_cast<std::size_t>(forwards) == expected.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::int32_t wanted = expected[static_cast<std::size_t>(forward) * y.size() + i];
      ++counts.values;
      if (y[i] == wanted) continue;
      ++counts.different;
      CAPTURE(i);
      CHECK(std::abs(y[i] - wanted) <= 1);
    }
  }
}

}  // namespace

TEST_CASE("noise replay: the training library's noisy integers") {
  const auto directory = test::shared_data("vectors/witin_nn_array");
  if (!directory) return;
  Counts counts;
  for (const Replay& c : {
           Replay{"61_noise_NORMAL_linear_PN_L4", "linear", "normal:4", {10}, 8, 8, NegIn::kPn, false, false},
           Replay{"62_noise_SIMPLE_linear_PN_L4", "linear", "simple:4", {10}, 8, 8, NegIn::kPn, false, false},
           Replay{"63_noise_MBS_linear_PN_L4", "linear", "mbs:4", {10}, 8, 8, NegIn::kPn, false, false},
           Replay{"64_noise_NORMAL_conv2d_PN_L4", "conv2d", "normal:4", {2, 6, 6}, 8, 8, NegIn::kPn, false, false},
           Replay{"65_noise_SIMPLE_conv2d_FALSE_L2", "conv2d", "simple:2", {2, 6, 6}, 8, 8, NegIn::kNone, true, false},
           Replay{"66_noise_MBS_conv2d_to_linear_L3", "conv2d", "mbs:3", {2, 6, 6}, 8, 8, NegIn::kNone, false, true},
           Replay{"67_noise_NORMAL_linear_x10_L5", "linear", "normal:5", {10}, 10, 10, NegIn::kPn, false, false},
       }) {
    replay(*directory, c, counts);
  }
  CHECK(counts.values == 984);
  MESSAGE(counts.different, " of ", counts.values, " values differ by 1");
  CHECK(counts.different * 100'000 <= counts.values);
}
