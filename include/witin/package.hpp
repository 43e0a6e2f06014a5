// A network as data: what a `.wpkg` holds after every check of sim/package/format.md that needs no operator.
//
// The bytes of the tensors stay owned by the package (shared by copies of it). Operators, shapes and attributes are
// checked when an Engine is made from the package.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <variant>

#include "witin/error.hpp"
#include "witin/types.hpp"

namespace witin {

// Rank <= 8, C order. `bytes` holds exactly element_count(shape) elements; they may be unaligned.
struct Tensor {
  std::string id;
  DType dtype = DType::kI8;
  Shape shape;
  std::span<const std::byte> bytes;
};

using AttributeValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

enum class NegIn : std::uint8_t { kNone, kPn, kShift };

struct Input {
  std::string name;
  Shape shape;
  int bits = 8;  // 1..16
  bool is_signed = false;
  NegIn neg_in = NegIn::kNone;       // kPn: codes within +-(2^bits - 1)
  std::optional<double> scale = {};  // for quantising float input: code = clip(rne(f32(f32(x * scale) + shift)))
  std::optional<double> shift = {};
  // The network input whose real values this input holds the codes of, where layers quantise one network input in
  // several ways (manifest key "x-quantises"); empty: `name`.
  std::string quantises = {};

  [[nodiscard]] CodeRange range() const;
};

struct Node {
  std::size_t index = 0;  // position in the manifest: JSON pointer /nodes/<index>
  std::string name;
  std::string op;
  std::vector<std::string> inputs;
  std::map<std::string, std::size_t, std::less<>> tensors;  // role -> index into Package::tensors
  std::map<std::string, AttributeValue, std::less<>> attributes;
  std::optional<Arithmetic> arithmetic;  // absent: the package's
  std::optional<double> scale;           // value = code / scale, for reports
};

struct Package {
  std::string name;
  std::string description;
  std::string producer;
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  std::vector<Input> inputs;
  std::vector<std::string> outputs;
  std::vector<Node> nodes;  // execution order; every input of a node is declared or produced earlier
  std::vector<Tensor> tensors;
  std::span<const std::byte> file;      // all of it; empty: the package was not read from one
  std::shared_ptr<const void> storage;  // keeps the bytes of the file

  // Of the whole file, lower-case hex; computed at each call. Empty without a file.
  [[nodiscard]] std::string sha256() const;
};

// Reads and checks a package. Errors: sim/package/format.md lists them; nothing is allocated from an unchecked size.
[[nodiscard]] Result<Package> load_package(const std::filesystem::path& path);

}  // namespace witin
