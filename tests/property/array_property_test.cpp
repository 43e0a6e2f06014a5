// Laws of the array operators, on what RapidCheck thinks of.
#include <rapidcheck.h>

#include "sim/arith/output_rule.hpp"
#include "tests/array/map_case.hpp"
#include "tests/property/holds.hpp"

using namespace witin;
using namespace witin::test;

namespace {

// Everything random comes from one seed that RapidCheck draws: a failing seed is printed and shrunk towards 0.
Random drawn() { return Random(*rc::gen::arbitrary<std::uint32_t>()); }

ArrayCase unsigned_case(Random& random) {
  ArrayCase node = random.array_case(false);
  node.x_signed = node.rule.pn = false;
  node.neg_in = NegIn::kNone;
  return node;
}

Codes run(const OpRunner& op, const Codes& x) {
  auto y = op.run({x});
  if (!y) RC_FAIL(y.error().line());
  return *std::move(y);
}

}  // namespace

TEST_CASE("property: pn is the signed computation") {
  holds("pn equals signed", [] {
    Random random = drawn();
    MapCase map = random_map(random, random(0, 1) == 1);
    map.weight_neg.clear();
    map.node.neg_in = NegIn::kPn;
    map.node.rule.pn = true;
    map.node.shift = 0;
    map.node.x_signed = false;
    map.node.x_bits = static_cast<int>(random(2, 8));
    map.node.rule.split = false;
    map.bias_d.assign(map.bias.size(), 0);
    MapCase plain = map;
    plain.node.neg_in = NegIn::kNone;
    plain.node.rule.pn = false;
    plain.node.x_signed = true;
    plain.node.x_bits = map.node.x_bits + 1;  // one bit more holds +-(2^b - 1)
    plain.node.split = false;
    if (plain.node.mode == "mix") plain.node.mode = map.node.mode = "array";
    const Codes x = random.codes(2 * map.channels * map.height * map.width, map.node.x_range());
    RC_ASSERT(run(map.runner(), x) == run(plain.runner(), x));
  });
}

TEST_CASE("property: shifted codes with a corrected bias are the codes themselves") {
  holds("shift with corrected bias equals none", [] {
    Random random = drawn();
    MapCase map = random_map(random, false);
    map.weight_neg.clear();
    map.node.rule.pn = false;
    map.node.rule.split = map.node.split = false;
    map.node.rule.arithmetic = Arithmetic::kWitinNn;  // whose biases need not be multiples of 128
    map.node.mode = "array";
    map.node.rule.digital = false;
    map.node.neg_in = NegIn::kNone;
    map.node.shift = 0;
    map.node.x_bits = static_cast<int>(random(3, 11));
    map.node.x_signed = true;
    map.bias_d.assign(map.bias.size(), 0);
    MapCase shifted = map;
    shifted.node.x_signed = false;
    shifted.node.neg_in = NegIn::kShift;
    shifted.node.shift = 1 << (map.node.x_bits - 1);
    const std::int64_t each = map.channels / map.groups * map.kernel_h * map.kernel_w;
    for (std::int64_t o = 0; o < map.outputs; ++o) {
      for (std::int64_t k = 0; k < each; ++k) {
        shifted.bias[static_cast<std::size_t>(o)] -=
            shifted.node.shift * map.weight[static_cast<std::size_t>(o * each + k)];
      }
    }
    const Codes x = random.codes(2 * map.channels * map.height * map.width, map.node.x_range());
    Codes moved = x;
    for (std::int32_t& code : moved) code += shifted.node.shift;
    RC_ASSERT(run(map.runner(), x) == run(shifted.runner(), moved));
  });
}

TEST_CASE("property: a split input differs from one pass by at most one code, by none where g divides 128") {
  holds("split against one pass", [] {
    Random random = drawn();
    MapCase map = random_map(random, false);
    ArrayCase& node = map.node;
    node.rule.divisor = node.rule.multiplier = 0;
    node.rule.clip_value = 0;
    node.rule.arithmetic = Arithmetic::kWitinNn;
    node.mode = "array";
    node.rule.digital = false;
    node.x_bits = static_cast<int>(random(9, 12));
    node.shift = 0;
    if (node.neg_in == NegIn::kShift) node.neg_in = NegIn::kNone;
    // Divisors up to 128 make the digital part an even integer; others leave it a rest of its own to round.
    const bool whole = random(0, 1) == 0;
    node.rule.g = whole ? std::int64_t{1} << random(0, 7) : random(1, 5000);
    node.rule.y_bits = 12;
    node.rule.y_limit_bits = 0;
    map.bias_d.assign(map.bias.size(), 0);
    node.split = node.rule.split = true;
    MapCase once = map;
    once.node.split = once.node.rule.split = false;
    const Codes x = random.codes(2 * map.channels * map.height * map.width, node.x_range());
    const Codes split = run(map.runner(), x);
    const auto traced = map.runner().trace({x});
    if (!traced) RC_FAIL(traced.error().line());
    const Codes single = run(once.runner(), x);
    const Codes& low_acc = traced->at("npu_acc");
    for (std::size_t i = 0; i < split.size(); ++i) {
      // The law holds while the low part does not saturate.
      const auto low = oracle::nearest_even(low_acc[i], node.rule.g);
      if (low < -2048 || low > 2047) continue;
      RC_ASSERT(std::abs(split[i] - single[i]) <= (whole ? 0 : 1));
    }
  });
}

TEST_CASE("property: a convolution is the linear layer of its patches") {
  holds("to_linear equals convolution", [] {
    Random random = drawn();
    MapCase map = random_map(random, false);
    map.groups = 1;
    const std::int64_t elements = element_count(map.weight_shape());
    map.weight = random.vector<std::int16_t>(elements, -275, 275);
    if (!map.weight_neg.empty()) map.weight_neg = random.vector<std::int16_t>(elements, -275, 275);
    const Codes x = random.codes(map.channels * map.height * map.width, map.node.x_range());

    // Patches and weights in the array's row order: kw outermost, then kh, then channel.
    const std::int64_t rows = map.channels * map.kernel_h * map.kernel_w;
    std::vector<std::int16_t> weight;
    std::vector<std::int16_t> weight_neg;
    const auto for_rows = [&](auto&& visit) {
      for (std::int64_t v = 0; v < map.kernel_w; ++v) {
        for (std::int64_t u = 0; u < map.kernel_h; ++u) {
          for (std::int64_t c = 0; c < map.channels; ++c) visit(c, u, v);
        }
      }
    };
    for_rows([&](std::int64_t c, std::int64_t u, std::int64_t v) {
      for (std::int64_t o = 0; o < map.outputs; ++o) {
        const auto w = static_cast<std::size_t>(((o * map.channels + c) * map.kernel_h + u) * map.kernel_w + v);
        weight.push_back(map.weight[w]);
        if (!map.weight_neg.empty()) weight_neg.push_back(map.weight_neg[w]);
      }
    });
    Codes patches;
    for (std::int64_t i = 0; i < map.out_h(); ++i) {
      for (std::int64_t j = 0; j < map.out_w(); ++j) {
        for_rows([&](std::int64_t c, std::int64_t u, std::int64_t v) {
          const std::int64_t p = i * map.strides[0] + u * map.dilations[0] - map.pads[0];
          const std::int64_t q = j * map.strides[1] + v * map.dilations[1] - map.pads[1];
          const bool inside = 0 <= p && p < map.height && 0 <= q && q < map.width;
          patches.push_back(inside ? x[static_cast<std::size_t>((c * map.height + p) * map.width + q)]
                                   : map.node.shift);
        });
      }
    }
    OpRunner op("linear", map.node.rule.arithmetic);
    op.input({rows}, map.node.x_range()).tensor("weight", {rows, map.outputs}, weight);
    if (!weight_neg.empty()) op.tensor("weight_neg", {rows, map.outputs}, weight_neg);
    op.tensor("bias", {map.outputs}, map.bias);
    if (map.node.rule.split) op.tensor("bias_d", {map.outputs}, map.bias_d);
    map.node.describe(op);
    const Codes rows_of_codes = run(op, patches);  // [pixels, O]
    const Codes y = run(map.runner(), x);          // [O, pixels]
    const std::int64_t pixels = map.out_h() * map.out_w();
    for (std::int64_t o = 0; o < map.outputs; ++o) {
      for (std::int64_t m = 0; m < pixels; ++m) {
        RC_ASSERT(y[static_cast<std::size_t>(o * pixels + m)] ==
                  rows_of_codes[static_cast<std::size_t>(m * map.outputs + o)]);
      }
    }
  });
}

TEST_CASE("property: a transposed convolution is the convolution of the flipped kernel over the stuffed map") {
  holds("transposed equals stuffed", [] {
    Random random = drawn();
    MapCase map = random_map(random, true);
    map.groups = 1;
    map.weight = random.vector<std::int16_t>(element_count(map.weight_shape()), -275, 275);
    map.weight_neg.clear();
    MapCase plain = map;
    plain.transposed = false;
    plain.strides = {1, 1};
    plain.height = (map.height - 1) * map.strides[0] + 1;
    plain.width = (map.width - 1) * map.strides[1] + 1;
    plain.pads = {map.span_h() - 1 - map.pads[0], map.span_w() - 1 - map.pads[1],
                  map.span_h() - 1 - map.pads[2] + map.output_padding[0],
                  map.span_w() - 1 - map.pads[3] + map.output_padding[1]};
    RC_PRE(std::ranges::all_of(plain.pads, [](std::int64_t pad) { return pad >= 0; }));
    for (std::int64_t c = 0; c < map.channels; ++c) {
      for (std::int64_t o = 0; o < map.outputs; ++o) {
        for (std::int64_t t = 0; t < map.kernel_h * map.kernel_w; ++t) {
          const std::int64_t taps = map.kernel_h * map.kernel_w;
          plain.weight[static_cast<std::size_t>((o * map.channels + c) * taps + taps - 1 - t)] =
              map.weight[static_cast<std::size_t>((c * map.outputs + o) * taps + t)];
        }
      }
    }
    const Codes x = random.codes(map.channels * map.height * map.width, map.node.x_range());
    Codes stuffed(static_cast<std::size_t>(map.channels * plain.height * plain.width), 0);
    for (std::int64_t c = 0; c < map.channels; ++c) {
      for (std::int64_t p = 0; p < map.height; ++p) {
        for (std::int64_t q = 0; q < map.width; ++q) {
          stuffed[static_cast<std::size_t>((c * plain.height + p * map.strides[0]) * plain.width +
                                           q * map.strides[1])] =
              x[static_cast<std::size_t>((c * map.height + p) * map.width + q)];
        }
      }
    }
    RC_ASSERT(run(map.runner(), x) == run(plain.runner(), stuffed));
  });
}

TEST_CASE("property: output columns do not know of each other") {
  holds("columns split and concatenated", [] {
    Random random = drawn();
    const ArrayCase node = unsigned_case(random);
    const std::int64_t rows = random(1, 20);
    const std::int64_t left = random(1, 40);
    const std::int64_t right = random(1, 40);
    const auto weight = random.vector<std::int16_t>(rows * (left + right), -275, 275);
    const auto bias = random.vector<std::int32_t>(left + right, -100, 100, 128);
    const auto block = [&](std::int64_t first, std::int64_t count) {
      std::vector<std::int16_t> own;
      for (std::int64_t k = 0; k < rows; ++k) {
        for (std::int64_t n = first; n < first + count; ++n) {
          own.push_back(weight[static_cast<std::size_t>(k * (left + right) + n)]);
        }
      }
      OpRunner op("linear", node.rule.arithmetic);
      op.input({rows}, node.x_range()).tensor("weight", {rows, count}, own);
      op.tensor("bias", {count}, std::vector<std::int32_t>(bias.begin() + first, bias.begin() + first + count));
      if (node.rule.split) {
        op.tensor("bias_d", {count}, std::vector<std::int32_t>(static_cast<std::size_t>(count), 0));
      }
      node.describe(op);
      return op;
    };
    const Codes x = random.codes(rows, node.x_range());
    Codes parts = run(block(0, left), x);
    const Codes rest = run(block(left, right), x);
    parts.insert(parts.end(), rest.begin(), rest.end());
    RC_ASSERT(run(block(0, left + right), x) == parts);
  });
}

TEST_CASE("property: every rule against its 128-bit definition, over random and adversarial accumulators") {
  holds("rules against their definition", [] {
    Random random = drawn();
    oracle::Rule rule;
    rule.arithmetic = static_cast<Arithmetic>(random(0, 2));
    rule.y_bits = static_cast<int>(random(2, 16));
    rule.g = random(0, 1) == 0 ? std::int64_t{1} << random(0, 20) : random(1, 100000);
    const auto made = arith::OutputRule::make({.arithmetic = rule.arithmetic,
                                               .g = static_cast<double>(rule.g),
                                               .divisor = {},
                                               .multiplier = {},
                                               .clip_value = {},
                                               .y_bits = rule.y_bits});
    if (!made) RC_FAIL(made.error().line());
    const auto check = [&](std::int64_t acc) {
      if (acc < std::numeric_limits<std::int32_t>::min() || acc > std::numeric_limits<std::int32_t>::max()) return;
      RC_ASSERT(made->y(acc) == oracle::saturate(oracle::converted(rule, acc), rule.y_bits));
    };
    for (int i = 0; i < 200; ++i) {
      check(random(std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
      // Ties of v and of y, and the ends of the range, a few units to both sides.
      const std::int64_t code = random(-(std::int64_t{1} << rule.y_bits), std::int64_t{1} << rule.y_bits);
      for (std::int64_t near = -3; near <= 3; ++near) {
        check(code * rule.g / 4 + near);
        check(code * rule.g + rule.g / 2 + near);
      }
    }
  });
}
