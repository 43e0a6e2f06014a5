#include "sim/package/npy.hpp"

#include <doctest/doctest.h>

#include "sim/package/bytes.hpp"
#include "sim/package/limits.hpp"
#include "tests/support/zip_builder.hpp"

namespace {

using namespace witin;
using package::MemorySource;
using package::NpyHeader;
using test::field;

Result<NpyHeader> read(const std::string& bytes, std::size_t max_rank = 8) {
  return package::read_npy_header(MemorySource(package::as_bytes(bytes)), max_rank);
}

std::string code(const std::string& bytes) {
  const auto header = read(bytes);
  return header.ok() ? "" : header.error().code;
}

// An npy of the given version with this header text, as it stands, and `data` zero bytes.
std::string npy(const std::string& text, std::size_t data, int version = 1) {
  std::string out("\x93NUMPY");
  out += static_cast<char>(version);
  out += '\0';
  out += version == 1 ? field(static_cast<std::uint16_t>(text.size())) : field(static_cast<std::uint32_t>(text.size()));
  return out + text + std::string(data, '\0');
}

std::string dictionary(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

std::string shaped(const std::string& shape, std::size_t data = 0) {
  return code(npy(dictionary("'|i1'", shape), data));
}

}  // namespace

TEST_CASE("headers of every dtype, rank and version are read") {
  struct Case {
    const char* descr;
    const char* name;
    int bytes;
  };
  for (const Case& c : {Case{"|u1", "uint8", 1},
                        {"|i1", "int8", 1},
                        {"<u2", "uint16", 2},
                        {"<i2", "int16", 2},
                        {"<u4", "uint32", 4},
                        {"<i4", "int32", 4},
                        {"<u8", "uint64", 8},
                        {"<i8", "int64", 8},
                        {"|b1", "bool", 1},
                        {"<f4", "float32", 4},
                        {"<f8", "float64", 8}}) {
    for (const int version : {1, 2, 3}) {
      const std::string text = dictionary("'" + std::string(c.descr) + "'", "(2, 3)");
      const auto header = read(npy(text, 6 * static_cast<std::size_t>(c.bytes), version));
      REQUIRE_MESSAGE(header.ok(), header.error().line());
      CHECK(header->type.name() == c.name);
      CHECK(header->type.bytes == c.bytes);
      CHECK(header->shape == Shape{2, 3});
      CHECK(header->data_offset == text.size() + (version == 1 ? 10 : 12));
    }
  }
  CHECK(read(npy(dictionary("'|i1'", "()"), 1))->shape.empty());
  CHECK(read(npy(dictionary("'|i1'", "(1, 1, 1, 1, 1, 1, 1, 2)"), 2))->shape.size() == 8);
}

TEST_CASE("other spellings of the same dictionary are read") {
  const std::string data(1, '\0');
  CHECK(code(npy("{'descr':'|i1','fortran_order':False,'shape':(1,)}\n", 1)) == "");
  CHECK(code(npy("{ \"shape\": (1, ), \"descr\": \"|i1\" , \"fortran_order\": False }   \n", 1)) == "");
  CHECK(code(npy("{'shape': (1,), 'fortran_order': False, 'descr': '|i1'}\n", 1)) == "");
  CHECK(code(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (3, 4,), }" + std::string(60, ' ') + "\n", 24)) ==
        "");
}

TEST_CASE("headers of every length are read, also of 128 to 255 bytes") {
  for (std::size_t length = 60; length <= 400; ++length) {
    std::string text = dictionary("'|u1'", "(7,)");
    text.insert(text.size() - 1, std::string(length - text.size(), ' '));
    for (const int version : {1, 2, 3}) {
      const auto header = read(npy(text, 7, version));
      REQUIRE(header.ok());
      CHECK(header->data_offset == length + (version == 1 ? 10 : 12));
    }
  }
}

TEST_CASE("our headers are what NumPy writes and read back as themselves") {
  // numpy.lib.format.write_array_header_1_0 of NumPy 1.17
  CHECK(package::npy_header(DType::kI8, {3, 4}) ==
        npy("{'descr': '|i1', 'fortran_order': False, 'shape': (3, 4), }" + std::string(58, ' ') + "\n", 0));
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}, Shape{0, 1'000'000'000'000}}) {
    for (const DType dtype : {DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kI32, DType::kI64, DType::kBool,
                              DType::kF32, DType::kF64}) {
      const std::string text = package::npy_header(dtype, shape);
      CHECK(text.size() % 64 == 0);
      const auto count = static_cast<std::size_t>(element_count(shape));
      if (count > 1'000'000) continue;
      const auto header = read(text + std::string(count * size_of(dtype), 'x'), 9);
      REQUIRE_MESSAGE(header.ok(), header.error().line());
      CHECK(header->shape == shape);
      CHECK(header->type.dtype() == dtype);
      CHECK(header->data_offset == text.size());
    }
  }
}

TEST_CASE("what is not an npy, or another version") {
  CHECK(code("") == "npy.magic");
  CHECK(code("\x93NUMP") == "npy.magic");
  CHECK(code("PK\3\4 and more than ten bytes") == "npy.magic");
  for (const int version : {0, 4, 255}) CHECK(code(npy(dictionary("'|i1'", "()"), 1, version)) == "npy.version");
  std::string minor = npy(dictionary("'|i1'", "()"), 1);
  minor[7] = 1;
  CHECK(code(minor) == "npy.version");
}

TEST_CASE("every truncation and every added byte is refused") {
  for (const int version : {1, 2, 3}) {
    const std::string whole = npy(dictionary("'<i2'", "(3, 2)"), 12, version);
    REQUIRE(code(whole) == "");
    for (std::size_t length = 0; length < whole.size(); ++length) {
      INFO(length);
      CHECK(code(whole.substr(0, length)) != "");
    }
    CHECK(code(whole + "x") == "npy.length");
  }
}

TEST_CASE("the header's length is limited before it is believed") {
  const auto padded = [](std::size_t length, int version) {
    std::string text = dictionary("'|u1'", "(1,)");
    text.insert(text.size() - 1, std::string(length - text.size(), ' '));
    return code(npy(text, 1, version));
  };
  CHECK(padded(65'535, 1) == "");
  CHECK(padded(package::limits::kNpyHeaderBytes - 1, 2) == "");
  CHECK(padded(package::limits::kNpyHeaderBytes, 2) == "");
  CHECK(padded(package::limits::kNpyHeaderBytes + 1, 2) == "npy.header_size");
  std::string lying = npy(dictionary("'|u1'", "(1,)"), 1, 2);
  lying.replace(8, 4, field(std::uint32_t{0xffffffff}));
  CHECK(code(lying) == "npy.header_size");
  lying.replace(8, 4, field(std::uint32_t{65'536}));
  CHECK(code(lying) == "npy.truncated");
}

TEST_CASE("dtypes and orders that are not allowed") {
  const auto described = [](const std::string& descr) { return code(npy(dictionary(descr, "(1,)"), 8)); };
  for (const char* descr : {"'>i2'", "'<c8'", "'|S1'", "'|O'", "'<U1'", "'<f2'", "'<M8[s]'", "'|V1'", "'i1'", "''",
                            "[('a', '<i2')]", "('<i2', (2,))", "None", "'<i1'", "'|i1\\x00'"}) {
    INFO(std::string(descr));
    CHECK(described(descr) == "npy.dtype");
  }
  CHECK(code(npy(dictionary("'|i1'", "(1,)", "True"), 1)) == "npy.order");
}

TEST_CASE("shapes that are no tuples of decimal integers") {
  for (const char* shape :
       {"(3)", "3", "[3]", "(3,4", "(,)", "(3,,4)", "(-1,)", "(+1,)", "(03,)", "(3L,)", "(1_0,)", "(3.0,)", "(0x3,)",
        "(True,)", "(None,)", "( )x", "(9223372036854775808,)", "(99999999999999999999999,)", "('3',)"}) {
    INFO(std::string(shape));
    CHECK(shaped(shape, 3) == "npy.header");
  }
  CHECK(shaped("(1, 1, 1, 1, 1, 1, 1, 1, 1)", 1) == "npy.rank");
  CHECK(read(npy(dictionary("'|i1'", "(1, 1, 1)"), 1), 2).error().code == "npy.rank");
}

TEST_CASE("products of the shape that overflow or differ from the data") {
  CHECK(shaped("(4,)", 3) == "npy.length");
  CHECK(shaped("(2,)", 3) == "npy.length");
  CHECK(shaped("(4294967296, 4294967296)") == "npy.too_large");
  CHECK(shaped("(4294967296, 4294967297)", 1) == "npy.too_large");
  CHECK(shaped("(9223372036854775807,)") == "npy.length");
  CHECK(shaped("(9223372036854775807, 2)") == "npy.too_large");
  CHECK(shaped("(9223372036854775807, 9223372036854775807, 0)") == "npy.too_large");
  CHECK(code(npy(dictionary("'<i8'", "(1152921504606846976,)"), 0)) == "npy.too_large");  // 2^60 of 8 bytes
  CHECK(code(npy(dictionary("'<i8'", "(1152921504606846975,)"), 0)) == "npy.length");
  CHECK(shaped("(0,)") == "");
  CHECK(shaped("(0, 5)") == "");
  CHECK(shaped("(0,)", 1) == "npy.length");
  CHECK(read(npy(dictionary("'<i2'", "(3,)"), 4)).error().line() ==
        "the data is not what dtype and shape say; expected 6 bytes for int16[3], found 4 bytes (the file is "
        "truncated) [npy.length]");
}

TEST_CASE("dictionaries that are not exactly the three keys") {
  for (const char* text :
       {"", "\n", "{}\n", "{'descr': '|i1', 'shape': (1,)}\n", "{'descr': '|i1', 'fortran_order': False}\n",
        "{'descr': '|i1', 'descr': '|i1', 'fortran_order': False, 'shape': (1,)}\n",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,), 'more': 1}\n",
        "{'descr': '|i1' 'fortran_order': False, 'shape': (1,)}\n",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,)\n",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,)} x\n",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,)}\n\n",
        "{'descr': '|i1', 'fortran_order': 0, 'shape': (1,)}\n",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,),,}\n",
        "{,'descr': '|i1', 'fortran_order': False, 'shape': (1,)}\n",
        "{\"descr': '|i1', 'fortran_order': False, 'shape': (1,)}\n",
        "dict(descr='|i1', fortran_order=False, shape=(1,))\n"}) {
    INFO(std::string(text));
    CHECK(code(npy(text, 1)) == "npy.header");
  }
}
