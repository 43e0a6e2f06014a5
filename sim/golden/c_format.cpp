// C headers: one a group's member, and golden.h, which includes them all and lists them in tables.
#include <fmt/format.h>

#include <map>
#include <set>

#include "sim/golden/vector_arrays.hpp"

namespace witin::golden {
namespace {

constexpr std::size_t kValuesALine = 16;

constexpr std::string_view kTypes = R"(typedef struct {
  const char* name;
  double g;              /* divisor */
  int32_t lines;         /* operations of the array: rows of x and of expected */
  int32_t rows;          /* of weight, columns of x */
  int32_t columns;       /* of weight, bias_rows and expected */
  int32_t bias_row_count; /* each driven with 128 */
  const uint8_t* x;
  const void* weight;    /* signed, weight_bits wide */
  int32_t weight_bits;
  const int8_t* bias_rows;
  const void* expected;  /* signed where expected_signed, expected_bits wide */
  int32_t expected_bits;
  int32_t expected_signed;
} witin_layer;

typedef struct {
  const char* name;
  int32_t frames;
  int32_t codes;         /* of one frame */
  const void* data;      /* signed where is_signed, bits wide */
  int32_t bits;
  int32_t is_signed;
} witin_codes;
)";

// Names of C: letters, digits and '_', each once.
class Names {
 public:
  std::string make(const std::string& wanted) {
    std::string name = wanted;
    for (char& c : name) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!plain) c = '_';
    }
    std::string unique = name;
    for (int count = 2; !taken_.insert(unique).second; ++count) unique = name + "_" + std::to_string(count);
    return unique;
  }

 private:
  std::set<std::string> taken_;
};

std::string type_of(const VectorArray& array) {
  return (array.is_signed() ? "int" : "uint") + std::to_string(array.bits()) + "_t";
}

std::string comment_of(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == '*' || c == '\\' ? '_' : c;
  return out;
}

Status write_array(TextFile& file, const VectorArray& array, const std::string& name) {
  std::string shape;
  for (const std::int64_t extent : array.shape) shape += "[" + std::to_string(extent) + "]";
  file << "\n/* " << comment_of(array.owner) << ": " << array.part << ' ' << shape << " */\n"
       << "static const " << type_of(array) << ' ' << name << '[' << element_count(array.shape) << "] = {";
  std::size_t count = 0;
  const Status done = array.values([&](std::int32_t value) {
    file << (count == 0 ? "\n  " : count % kValuesALine == 0 ? ",\n  " : ", ") << std::int64_t{value};
    ++count;
  });
  file << "\n};\n";
  return done;
}

struct Header {
  std::string file;
  std::map<std::string, std::pair<const VectorArray*, std::string>, std::less<>> arrays;  // part -> array and name
};

std::string layer_entry(const Vectors& vectors, const Header& header) {
  const auto& [x, x_name] = header.arrays.at("x");
  const auto& [weight, weight_name] = header.arrays.at("weight");
  const auto& [bias, bias_name] = header.arrays.at("bias_rows");
  const auto& [expected, expected_name] = header.arrays.at("expected");
  const ArrayLayer& layer = vectors.layers[x->number];
  return fmt::format("  {{\"{}\", {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}}", layer.name, layer.g, x->shape[0],
                     weight->shape[0], weight->shape[1], bias->shape[0], x_name, weight_name, weight->bits(), bias_name,
                     expected_name, expected->bits(), int{expected->is_signed()});
}

std::string codes_entry(const VectorArray& array, const std::string& name) {
  return fmt::format("  {{\"{}\", {}, {}, {}, {}, {}}}", array.owner, array.shape[0],
                     element_count(array.shape) / array.shape[0], name, array.bits(), int{array.is_signed()});
}

void write_table(TextFile& file, std::string_view type, std::string_view name,
                 const std::vector<std::string>& entries) {
  if (entries.empty()) return;
  file << "\nstatic const " << type << ' ' << name << "[] = {\n"
       << fmt::format("{}", fmt::join(entries, ",\n")) << "\n};\n";
}

}  // namespace

Result<Written> write_c(const Net& net, const std::filesystem::path& folder, const GoldenOptions& options) {
  const std::filesystem::path recording = folder / "recording.npz";
  Result<Vectors> vectors = make_vectors(net, options, recording);
  if (!vectors) return std::move(vectors).error();
  const std::vector<VectorArray> arrays = vector_arrays(*vectors);
  Names names;
  std::vector<Header> headers;
  std::vector<std::string> inputs;
  std::vector<std::string> layers;
  std::vector<std::string> nodes;
  for (std::size_t i = 0; i < arrays.size();) {
    Header& header = headers.emplace_back();
    const VectorArray& first = arrays[i];
    header.file = fmt::format("{}_{:02}.h", first.group, first.number + 1);
    TextFile file(folder / header.file);
    const std::string guard = fmt::format("WITIN_GOLDEN_{}_{}", first.group, first.number + 1);
    file << "/* " << comment_of(first.owner) << " */\n#ifndef " << guard << "\n#define " << guard
         << "\n\n#include <stdint.h>\n";
    for (; i < arrays.size() && arrays[i].group == first.group && arrays[i].number == first.number; ++i) {
      const std::string name = names.make("witin_" + first.group + "_" + first.owner + "_" + arrays[i].part);
      header.arrays[arrays[i].part] = {&arrays[i], name};
      if (Status done = write_array(file, arrays[i], name); !done) return std::move(done).error();
    }
    file << "\n#endif\n";
    if (Status closed = file.close(); !closed) return std::move(closed).error();
    if (first.group == "layer") {
      layers.push_back(layer_entry(*vectors, header));
    } else {
      const auto& [array, name] = header.arrays.begin()->second;
      (first.group == "input" ? inputs : nodes).push_back(codes_entry(*array, name));
    }
  }
  TextFile file(folder / "golden.h");
  file << "/* Golden vectors of " << comment_of(net.engine->package().name) << ", package "
       << net.engine->package().sha256() << " */\n"
       << "#ifndef WITIN_GOLDEN\n#define WITIN_GOLDEN\n\n#include <stdint.h>\n\n"
       << fmt::format(
              "#define WITIN_FIRST_FRAME {}\n#define WITIN_FRAMES {}\n#define WITIN_INPUTS {}\n"
              "#define WITIN_LAYERS {}\n#define WITIN_NODES {}\n\n",
              vectors->frames.first, vectors->frames.count, inputs.size(), layers.size(), nodes.size());
  for (const Header& header : headers) file << "#include \"" << header.file << "\"\n";
  file << "\n" << kTypes;
  write_table(file, "witin_codes", "witin_inputs", inputs);
  write_table(file, "witin_layer", "witin_layers", layers);
  write_table(file, "witin_codes", "witin_nodes", nodes);
  file << "\n#endif\n";
  if (Status closed = file.close(); !closed) return std::move(closed).error();
  Written written = summary(*vectors);
  vectors->run.reset();
  std::filesystem::remove(recording);
  return written;
}

}  // namespace witin::golden
