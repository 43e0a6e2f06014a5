#include "sim/package/noise_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

#include "sim/guard.hpp"
#include "sim/package/byte_source.hpp"
#include "sim/package/json_value.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

constexpr double kMost = 1e6;               // of any sigma, in its unit
constexpr std::size_t kWeightTable = 129;   // |weight| 0 .. 128
constexpr std::size_t kInputTable = 256;    // |code| 0 .. 255
constexpr std::size_t kMostColumns = 1024;  // of the array

double in_range(const JsonValue& value, double lo, double hi) {
  const double number = value.number();
  if (!(number >= lo && number <= hi)) {
    value.refuse("value", "a number is out of range", std::to_string(lo) + ".." + std::to_string(hi),
                 std::to_string(number));
  }
  return number;
}

double sigma(const JsonValue& value) { return in_range(value, 0, kMost); }

noise::Sigma sigma_by(const JsonRecord& record, const JsonValue& place, std::string_view table_key,
                      std::size_t length) {
  noise::Sigma out;
  const auto additive = record.find("additive_lsb");
  const auto relative = record.find("relative");
  const auto table = record.find(table_key);
  if (table && (additive || relative)) {
    place.refuse("contradiction", "a table stands beside additive_lsb or relative", std::string(table_key) + " alone");
  }
  if (!table && !additive && !relative) {
    place.refuse("missing", "no sigma is given", "additive_lsb, relative or " + std::string(table_key));
  }
  if (additive) out.additive = sigma(*additive);
  if (relative) out.relative = sigma(*relative);
  if (!table) return out;
  const std::vector<JsonValue> entries = table->list(length + 1);
  if (entries.size() != length) {
    table->refuse("length", "a table has the wrong length", std::to_string(length) + " numbers",
                  std::to_string(entries.size()));
  }
  for (const JsonValue& entry : entries) out.table.push_back(sigma(entry));
  return out;
}

noise::CellTerm cell_term(const JsonValue& value) {
  const JsonRecord record(value);
  record.allow({"additive_lsb", "relative", "sigma_by_abs_weight", "per", "scale"});
  noise::CellTerm term;
  term.sigma_weight_lsb = sigma_by(record, value, "sigma_by_abs_weight", kWeightTable);
  if (const auto per = record.find("per")) {
    const std::string& text = per->string();
    if (text == "row") {
      term.per = noise::Per::kRow;
    } else if (text == "column") {
      term.per = noise::Per::kColumn;
    } else if (text != "cell") {
      per->refuse("value", "not what a draw can be made for", "cell, row or column", in_quotes(text));
    }
  }
  if (const auto scale = record.find("scale")) {
    const std::string& text = scale->string();
    if (text == "frame") {
      term.scale = noise::Scale::kFrame;
    } else if (text != "trial") {
      scale->refuse("value", "not a time scale", "trial or frame", in_quotes(text));
    }
  }
  return term;
}

double only_sigma(const JsonValue& value, std::string_view key) {
  const JsonRecord record(value);
  record.allow({key});
  return sigma(record.get(key));
}

noise::StuckCells stuck_cells(const JsonValue& value) {
  const JsonRecord record(value);
  record.allow({"fraction", "value"});
  noise::StuckCells out;
  out.fraction = in_range(record.get("fraction"), 0, 1);
  const JsonValue kind = record.get("value");
  const std::string& text = kind.string();
  if (text == "min") {
    out.value = -128;
  } else if (text == "max") {
    out.value = 127;
  } else if (text != "zero") {
    kind.refuse("value", "not what a cell can be stuck at", "zero, min or max", in_quotes(text));
  }
  return out;
}

noise::Drift drift(const JsonValue& value) {
  const JsonRecord record(value);
  record.allow({"nu", "nu_sigma", "t_seconds", "t0_seconds"});
  noise::Drift out;
  out.nu = in_range(record.get("nu"), 0, 10);
  if (const auto spread = record.find("nu_sigma")) out.nu_sigma = in_range(*spread, 0, 10);
  const double t = in_range(record.get("t_seconds"), 1e-9, 1e12);
  const double t0 = in_range(record.get("t0_seconds"), 1e-9, 1e12);
  out.time_ratio = t / t0;
  return out;
}

noise::Model read_model(const JsonValue& root) {
  const JsonRecord record(root);
  record.allow({"weight", "input", "bias_row", "acc", "output", "column_gain", "column_offset", "stuck_cells", "drift",
                "dead_columns"});
  noise::Model model;
  if (const auto value = record.find("weight")) model.weight = cell_term(*value);
  if (const auto value = record.find("bias_row")) model.bias_row = cell_term(*value);
  if (const auto value = record.find("input")) {
    const JsonRecord input(*value);
    input.allow({"additive_lsb", "relative", "sigma_by_abs_input"});
    model.input = sigma_by(input, *value, "sigma_by_abs_input", kInputTable);
  }
  if (const auto value = record.find("acc")) model.sigma_acc = only_sigma(*value, "sigma");
  if (const auto value = record.find("output")) model.sigma_output_lsb = only_sigma(*value, "sigma_lsb");
  if (const auto value = record.find("column_gain")) model.column_gain_relative = only_sigma(*value, "sigma_relative");
  if (const auto value = record.find("column_offset")) {
    model.column_offset_output_lsb = only_sigma(*value, "sigma_lsb");
  }
  if (const auto value = record.find("stuck_cells")) model.stuck = stuck_cells(*value);
  if (const auto value = record.find("drift")) model.drift = drift(*value);
  if (const auto value = record.find("dead_columns")) {
    for (const JsonValue& column : value->list(kMostColumns)) {
      model.dead_columns.push_back(column.integer(0, static_cast<std::int64_t>(kMostColumns) - 1));
    }
  }
  return model;
}

}  // namespace

Result<noise::Model> parse_noise_text(std::string_view text, std::string_view name) {
  return guarded(name, [&]() -> Result<noise::Model> {
    Result<Json> json = parse_json(text, name);
    if (!json) return std::move(json).error();
    const JsonFormat format{"noise", name};
    try {
      noise::Model model = read_model({&format, &*json, ""});
      model.json = R"({"model": "custom", "terms": )" + nlohmann::ordered_json::parse(text).dump() + "}";
      return model;
    } catch (Refusal& refusal) {
      return std::move(refusal.error);
    }
  });
}

Result<noise::Model> read_noise_file(const std::filesystem::path& path) {
  return guarded(path.native(), [&]() -> Result<noise::Model> {
    const Result<File> file = File::open(path);
    if (!file) return Error(file.error()).within(path.string());
    std::string text(std::min<std::uint64_t>(file->size(), limits::kJsonBytes + 1), '\0');  // more is refused as text
    if (Status read = file->read(0, std::as_writable_bytes(std::span(text))); !read) {
      return std::move(read).error().within(path.string());
    }
    return parse_noise_text(text, path.string());
  });
}

}  // namespace witin::package
