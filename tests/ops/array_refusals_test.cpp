// What the array operators refuse, and with which error.
#include <doctest/doctest.h>

#include "tests/support/op_runner.hpp"

namespace {

using namespace witin;
using namespace witin::test;

using Bytes = std::vector<std::int8_t>;
using Words = std::vector<std::int16_t>;
using Ints = std::vector<std::int32_t>;

OpRunner linear(Arithmetic arithmetic = Arithmetic::kWtm2101) {
  OpRunner op("linear", arithmetic);
  op.input({2}, unsigned_range(8)).tensor("weight", {2, 3}, Bytes(6, 1)).attribute("g", std::int64_t{1024});
  return op;
}

OpRunner conv(const char* name = "conv2d", Shape weight = {4, 2, 3, 3}) {
  OpRunner op(name, Arithmetic::kWtm2101);
  const auto elements = static_cast<std::size_t>(element_count(weight));
  op.input({2, 5, 5}, unsigned_range(8)).tensor("weight", std::move(weight), Bytes(elements, 1));
  op.attribute("g", std::int64_t{1024});
  return op;
}

std::string text(const OpRunner& op) {
  const auto prepared = op.prepare();
  return prepared ? std::string() : prepared.error().line();
}

using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("what the tests below start from is accepted") {
  CHECK(linear().refusal().empty());
  CHECK(linear(Arithmetic::kWitinNn).refusal().empty());
  CHECK(conv().refusal().empty());
  CHECK(conv("conv_transpose2d", {2, 4, 3, 3}).refusal().empty());
}

TEST_CASE("array attributes: widths, signs and divisors") {
  CHECK(OpRunner("linear").input({2}, unsigned_range(8)).tensor("weight", {2, 3}, Bytes(6)).refusal() ==
        "output_rule.missing");
  CHECK(linear().attribute("g", std::int64_t{0}).refusal() == "attribute.range");
  CHECK(linear().attribute("g", -1.5).refusal() == "attribute.range");
  CHECK(linear().attribute("g", std::string("1024")).refusal() == "attribute.type");
  CHECK(linear().attribute("x_bits", std::int64_t{1}).refusal() == "attribute.range");
  CHECK(linear().attribute("x_bits", std::int64_t{13}).refusal() == "attribute.range");
  CHECK(linear().attribute("y_bits", std::int64_t{1}).refusal() == "attribute.range");
  CHECK(linear().attribute("y_bits", std::int64_t{17}).refusal() == "attribute.range");
  CHECK(linear().attribute("y_limit_bits", std::int64_t{9}).refusal() == "output_rule.y_limit_bits");
  CHECK(linear().attribute("bias_rows", std::int64_t{0}).refusal() == "attribute.range");
  CHECK(linear().attribute("bias_rows", std::int64_t{33}).refusal() == "attribute.range");
  CHECK(linear().attribute("neg_in", std::string("both")).refusal() == "attribute.value");
  CHECK(linear().attribute("mode", std::string("analog")).refusal() == "attribute.value");
  CHECK(linear().attribute("divisor", 8.0).refusal() == "output_rule.both");
  CHECK(linear().attribute("clip_value", 8.0).refusal() == "output_rule.clip_value");
  CHECK(linear().attribute("x_sined", true).refusal() == "attribute.unknown");
}

TEST_CASE("array attributes that contradict each other") {
  CHECK(linear().attribute("x_signed", true).attribute("neg_in", std::string("pn")).refusal() ==
        "attribute.contradiction");
  CHECK(linear().attribute("shift", std::int64_t{3}).refusal() == "attribute.contradiction");
  CHECK(linear().attribute("neg_in", std::string("shift")).attribute("shift", std::int64_t{256}).refusal() ==
        "attribute.contradiction");
  CHECK(linear().attribute("mode", std::string("digital")).attribute("split", true).refusal() ==
        "attribute.contradiction");
  CHECK(linear().attribute("mode", std::string("mix")).attribute("split", false).refusal() ==
        "attribute.contradiction");
}

TEST_CASE("a plane may have 2^26 codes, padding included") {
  const auto padded = [](std::int64_t columns) {  // a plane of [2 * 16, 1, columns], of which few are looked at
    OpRunner op("conv2d", Arithmetic::kWtm2101);
    op.input({16, 1, 2}, unsigned_range(8)).tensor("weight", {1, 16, 1, 1}, Bytes(16, 1));
    op.attribute("g", std::int64_t{1024}).attribute("strides", Integers{1, 1 << 20});
    return op.attribute("pads", Integers{0, columns - 2 - (1 << 20), 0, 1 << 20}).refusal();
  };
  constexpr std::int64_t kColumns = (std::int64_t{1} << 26) / 32;
  CHECK(padded(kColumns - 1) == "");
  CHECK(padded(kColumns) == "");
  CHECK(padded(kColumns + 1) == "node.frame_size");
}

TEST_CASE("array tensors: weights, biases, parts of a split input") {
  const auto with_weight = [](std::int16_t w) {
    return OpRunner("linear")
        .input({1}, unsigned_range(8))
        .tensor("weight", {1, 1}, Words{w})
        .attribute("g", std::int64_t{1})
        .refusal();
  };
  CHECK(with_weight(275).empty());
  CHECK(with_weight(276) == "tensor.range");
  CHECK(with_weight(-276) == "tensor.range");
  CHECK(linear().tensor("weight_neg", {2, 3}, Bytes(6)).refusal() == "tensor.unused");
  CHECK(linear().tensor("bias", {2}, Ints(2)).refusal() == "tensor.shape");
  CHECK(linear().tensor("bias", {3}, Ints{0, 64, 0}).refusal() == "tensor.bias");
  CHECK(linear(Arithmetic::kWitinNn).tensor("bias", {3}, Ints{0, 64, 0}).refusal().empty());
  CHECK(linear().tensor("bias", {3}, Ints{0, 64, 0}).attribute("mode", std::string("digital")).refusal().empty());
  const auto with_rows = [](std::int32_t bias) {
    return linear().tensor("bias", {3}, Ints{0, 0, bias}).attribute("bias_rows", std::int64_t{2}).refusal();
  };
  CHECK(with_rows(2 * 127 * 128).empty());
  CHECK(with_rows(-2 * 128 * 128).empty());
  CHECK(with_rows(2 * 127 * 128 + 128) == "tensor.bias");
  CHECK(with_rows(-2 * 128 * 128 - 128) == "tensor.bias");
  CHECK(linear().tensor("bias_d", {3}, Ints{0, 1, 0}).refusal() == "tensor.unused");
  CHECK(linear().tensor("bias_d", {3}, Ints{0, 0, 0}).refusal().empty());
  const auto wide = [] { return linear().attribute("x_bits", std::int64_t{10}); };
  CHECK(wide().refusal().empty());
  CHECK(wide().tensor("bias", {3}, Ints(3)).refusal() == "tensor.missing");
  CHECK(wide().tensor("bias", {3}, Ints(3)).tensor("bias_d", {2}, Ints(2)).refusal() == "tensor.shape");
  CHECK(wide().tensor("bias", {3}, Ints(3)).tensor("bias_d", {3}, Ints(3)).refusal().empty());
  CHECK(wide().attribute("g", 0.25).refusal() == "output_rule.integer_divider");
}

TEST_CASE("array accumulators of more than 31 bits are refused with the numbers") {
  const auto with_rows = [](std::int64_t rows, std::int32_t bias) {
    OpRunner op("linear", Arithmetic::kWitinNn);
    op.input({rows}, unsigned_range(8)).tensor("weight", {rows, 1}, Bytes(static_cast<std::size_t>(rows), 127));
    op.tensor("bias", {1}, Ints{bias}).attribute("g", std::int64_t{1 << 20});
    return op;
  };
  // 66311 * 255 * 127 = 2147481735, 1913 below 2^31.
  CHECK(with_rows(66311, 1912).refusal().empty());
  CHECK(with_rows(66311, 1913).refusal() == "node.accumulator");
  CHECK(with_rows(66311, -1913).refusal() == "node.accumulator");
  CHECK(with_rows(66312, 0).refusal() == "node.accumulator");
  CHECK(text(with_rows(66312, 5)) ==
        "manifest.json/nodes/0 (n): the accumulator can pass 31 bits; expected K * max|x| * max|w| + |bias| < "
        "2147483648, found 66312 * 255 * 127 + 5 = 2147514125 [node.accumulator]");
}

TEST_CASE("matrices taller than the array need k_split on the chip profile") {
  const auto with_rows = [](std::int64_t rows, Arithmetic arithmetic, const char* neg_in) {
    OpRunner op("linear", arithmetic);
    op.input({rows}, unsigned_range(8)).tensor("weight", {rows, 1}, Bytes(static_cast<std::size_t>(rows), 1));
    op.attribute("g", std::int64_t{1024}).attribute("neg_in", std::string(neg_in));
    return op;
  };
  const auto chip = Arithmetic::kWtm2101;
  CHECK(with_rows(2048, chip, "none").refusal().empty());
  CHECK(with_rows(2049, chip, "none").refusal() == "node.array_rows");
  CHECK(with_rows(1024, chip, "pn").refusal().empty());
  CHECK(with_rows(1025, chip, "pn").refusal() == "node.array_rows");
  CHECK(with_rows(2049, Arithmetic::kWitinNn, "none").refusal().empty());
  CHECK(with_rows(2049, chip, "none").attribute("mode", std::string("digital")).refusal().empty());
  CHECK(with_rows(2049, chip, "none").attribute("k_split", Integers{2048, 1}).refusal().empty());
  CHECK(with_rows(2050, chip, "none").attribute("k_split", Integers{2049, 1}).refusal() == "attribute.value");
  CHECK(with_rows(2050, chip, "none").attribute("k_split", Integers{2048, 1}).refusal() == "attribute.value");
  CHECK(with_rows(2050, chip, "none").attribute("k_split", Integers{2048, 0, 2}).refusal() == "attribute.range");
  CHECK(text(with_rows(1025, chip, "pn")) ==
        "manifest.json/nodes/0 (n): the matrix is taller than the array's 2048 rows; expected at most 1024 rows "
        "(neg_in \"pn\" takes two rows of the array for each), found 1025 rows (attribute k_split, a list of row "
        "counts, cuts it into parts that are converted each on its own and then summed digitally and saturated to "
        "y_bits) [node.array_rows]");
}

TEST_CASE("linear: shapes") {
  CHECK(OpRunner("linear")
            .input({3}, unsigned_range(8))
            .tensor("weight", {2, 3}, Bytes(6))
            .attribute("g", std::int64_t{1})
            .refusal() == "tensor.shape");
  CHECK(OpRunner("linear")
            .input({}, unsigned_range(8))
            .tensor("weight", {1, 3}, Bytes(3))
            .attribute("g", std::int64_t{1})
            .refusal() == "tensor.shape");
  CHECK(OpRunner("linear")
            .input({2}, unsigned_range(8))
            .tensor("weight", {2, 0}, Bytes())
            .attribute("g", std::int64_t{1})
            .refusal() == "tensor.shape");
  CHECK(OpRunner("linear")
            .input({2}, unsigned_range(8))
            .tensor("weight", {2}, Bytes(2))
            .attribute("g", std::int64_t{1})
            .refusal() == "tensor.rank");
  CHECK(OpRunner("linear")
            .input({2}, unsigned_range(8))
            .tensor("weight", {2, 1}, Ints(2))
            .attribute("g", std::int64_t{1})
            .refusal() == "tensor.dtype");
}

TEST_CASE("convolutions: geometry") {
  CHECK(conv().attribute("strides", Integers{0, 1}).refusal() == "attribute.range");
  CHECK(conv().attribute("strides", Integers{1}).refusal() == "attribute.count");
  CHECK(conv().attribute("pads", Integers{0, 0, 0, -1}).refusal() == "attribute.range");
  CHECK(conv().attribute("pads", Integers{1, 1}).refusal() == "attribute.count");
  CHECK(conv().attribute("dilations", Integers{3, 1}).refusal() == "node.shape");
  CHECK(conv().attribute("dilations", Integers{3, 1}).attribute("pads", Integers{1, 0, 1, 0}).refusal().empty());
  CHECK(conv().attribute("groups", std::int64_t{3}).refusal() == "attribute.value");
  CHECK(conv().attribute("groups", std::int64_t{2}).refusal() == "tensor.shape");
  CHECK(conv("conv2d", {4, 1, 3, 3}).attribute("groups", std::int64_t{2}).refusal().empty());
  CHECK(conv("conv2d", {3, 1, 3, 3}).attribute("groups", std::int64_t{2}).refusal() == "attribute.value");
  CHECK(conv("conv2d", {4, 3, 3, 3}).refusal() == "tensor.shape");
  CHECK(conv("conv2d", {4, 2, 6, 3}).refusal() == "node.shape");
  CHECK(conv().attribute("output_padding", Integers{0, 0}).refusal() == "attribute.unknown");
  CHECK(conv().attribute("pads", Integers{1 << 20, 1 << 20, 1 << 20, 1 << 20}).refusal() == "node.frame_size");
  OpRunner vector("conv2d", Arithmetic::kWtm2101);
  vector.input({50}, unsigned_range(8)).tensor("weight", {4, 2, 3, 3}, Bytes(72)).attribute("g", std::int64_t{1});
  CHECK(vector.refusal() == "node.shape");
}

TEST_CASE("transposed convolutions: geometry") {
  const auto transposed = [] { return conv("conv_transpose2d", {2, 4, 3, 3}); };
  CHECK(transposed().attribute("neg_in", std::string("shift")).refusal() == "attribute.value");
  CHECK(transposed().attribute("output_padding", Integers{1, 0}).refusal() == "attribute.value");
  CHECK(
      transposed().attribute("output_padding", Integers{1, 0}).attribute("strides", Integers{2, 1}).refusal().empty());
  CHECK(transposed().attribute("pads", Integers{3, 0, 3, 0}).refusal().empty());
  CHECK(transposed().attribute("pads", Integers{4, 0, 3, 0}).refusal() == "attribute.value");
  CHECK(conv("conv_transpose2d", {3, 4, 3, 3}).refusal() == "tensor.shape");
  CHECK(transposed().attribute("strides", Integers{1 << 20, 1 << 20}).refusal() == "node.frame_size");
}

TEST_CASE("streaming convolutions: one column, stride 1, pads that give one column a frame") {
  const auto streaming = [](const char* name, std::int64_t width) {
    OpRunner op(name, Arithmetic::kWtm2101);
    op.input({2, 5, width}, unsigned_range(8)).tensor("weight", {2, 2, 3, 3}, Bytes(36));
    op.attribute("g", std::int64_t{1024}).attribute("streaming", true);
    return op;
  };
  for (const char* name : {"conv2d", "conv_transpose2d"}) {
    CHECK(streaming(name, 1).refusal().empty());
    CHECK(streaming(name, 2).refusal() == "node.shape");
    CHECK(streaming(name, 1).attribute("strides", Integers{1, 2}).refusal() == "attribute.value");
    CHECK(streaming(name, 1).attribute("pads", Integers{0, 2, 0, 1}).refusal() == "attribute.value");
  }
  CHECK(streaming("conv2d", 1).attribute("pads", Integers{0, 1, 0, 0}).refusal() == "attribute.value");
  CHECK(streaming("conv2d", 1).attribute("pads", Integers{0, 0, 0, 1}).refusal() == "attribute.value");
  CHECK(streaming("conv2d", 1).attribute("pads", Integers{0, 2, 0, 0}).refusal().empty());
  CHECK(streaming("conv_transpose2d", 1).attribute("pads", Integers{0, 0, 0, 2}).refusal().empty());
}

TEST_CASE("tdnn: offsets and shapes") {
  const auto tdnn = [](Integers offsets, std::int64_t rows) {
    OpRunner op("tdnn", Arithmetic::kWtm2101);
    op.input({4}, unsigned_range(8)).tensor("weight", {rows, 2}, Bytes(static_cast<std::size_t>(rows * 2)));
    op.attribute("g", std::int64_t{1024}).attribute("time_offsets", std::move(offsets));
    return op.refusal();
  };
  CHECK(tdnn({-1, 0, 2}, 12).empty());
  CHECK(tdnn({-1, 0, 2}, 8) == "tensor.shape");
  CHECK(tdnn({}, 0) == "tensor.shape");
  CHECK(tdnn({0, -1}, 8) == "attribute.value");
  CHECK(tdnn({0, 0}, 8) == "attribute.value");
  CHECK(tdnn({-(1 << 20), 1 << 20}, 8) == "");
  CHECK(linear().attribute("time_offsets", Integers{0}).refusal() == "attribute.unknown");
}
