// softmax, sum_norm and group_norm against the vendor's microcontroller events, executed on random inputs.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>

#include "tests/support/npz.hpp"
#include "tests/support/op_runner.hpp"
#include "tests/support/shared_data.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::test::Codes;
using witin::test::Npz;
using witin::test::NpzArray;
using witin::test::OpRunner;

namespace {

constexpr CodeRange kCodes{-128, 255};  // inputs of the events are int8 or uint8

Codes codes_of(const std::vector<double>& values) {
  Codes codes;
  for (const double value : values) codes.push_back(static_cast<std::int32_t>(value));
  return codes;
}

// Maps are stored W, H, C.
Codes chw_of(const NpzArray& map) {
  const auto w = static_cast<std::size_t>(map.shape[0]);
  const auto h = static_cast<std::size_t>(map.shape[1]);
  const auto c = static_cast<std::size_t>(map.shape[2]);
  Codes codes(map.values.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[((i % c) * h + i / c % h) * w + i / (c * h)] = static_cast<std::int32_t>(map.values[i]);
  }
  return codes;
}

std::vector<float> floats_of(const NpzArray& array) {
  std::vector<float> floats;
  for (const double value : array.values) floats.push_back(static_cast<float>(value));
  return floats;
}

// Rows of codes in, rows of codes out; parameters: rows, length, input type, output type (1: signed), scales.
std::size_t check_lines(const Npz& events, const std::string& event, const char* operator_name) {
  const auto& p = events[event + "_p"].values;
  const auto& both = events[event];
  const auto count = static_cast<std::size_t>(both.shape[1]);
  const Codes values = codes_of(both.values);
  OpRunner op(operator_name, Arithmetic::kWtm2101);
  op.input({static_cast<std::int64_t>(p[1])}, kCodes).attribute("signed", p[3] == 1);
  op.attribute("scale_in", p[4]).attribute("scale_out", p[5]);
  if (std::string(operator_name) == "softmax") {
    std::vector<float> table(256);
    for (int i = 0; i < 256; ++i) {
      const float distance = static_cast<float>(-i) * static_cast<float>(p[4]);
      table[static_cast<std::size_t>(i)] = static_cast<float>(std::exp(static_cast<double>(distance)));
    }
    op.tensor("exp_table", {256}, table);
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(count);
  const auto y = op.run({Codes(values.begin(), middle)});
  REQUIRE_MESSAGE(y.ok(), y.error().line());
  CHECK_MESSAGE(*y == Codes(middle, values.end()), event);
  return count;
}

std::size_t check_map(const Npz& events, const std::string& event) {
  const NpzArray& x = events[event + "_x"];
  const auto& p = events[event + "_p"].values;
  OpRunner op("group_norm", Arithmetic::kWtm2101);
  op.input({x.shape[2], x.shape[1], x.shape[0]}, kCodes).attribute("groups", static_cast<std::int64_t>(p[0]));
  op.attribute("scale_out", p[1]).tensor("alpha", {x.shape[2]}, floats_of(events[event + "_a"]));
  op.tensor("beta", {x.shape[2]}, floats_of(events[event + "_b"]));
  const auto y = op.run({chw_of(x)});
  REQUIRE_MESSAGE(y.ok(), y.error().line());
  CHECK_MESSAGE(*y == chw_of(events[event + "_y"]), event);
  return x.values.size();
}

}  // namespace

TEST_CASE("events: softmax, sum_norm and group_norm as the chip's microcontroller computes them") {
  const auto root = witin::test::shared_data("vectors/wtm2101_events");
  if (!root) return;
  const Npz events(*root / "events.npz");
  std::size_t compared = 0;
  for (int k = 0; k < 20; ++k) {
    const std::string index = std::to_string(k);
    compared += check_lines(events, "softmax_" + index, "softmax");
    compared += check_lines(events, "sumnorm_" + index, "sum_norm");
    compared += check_map(events, "gn_" + index);
  }
  std::printf("wtm2101_events: %zu values compared\n", compared);
  CHECK(compared == 11670);
}
