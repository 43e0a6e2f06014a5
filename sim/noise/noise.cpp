// witin::NoiseModel: names and levels as text.
#include "witin/noise.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "sim/noise/model.hpp"
#include "sim/noise/real.hpp"
#include "sim/number_text.hpp"
#include "sim/package/noise_file.hpp"

namespace witin {
namespace {

constexpr double kLevels = 10;  // level < 10

Error unknown(std::string_view text) {
  return {"noise.model",
          "not a noise model",
          "",
          "none, normal:L, simple:L, mbs:L or custom:FILE.json",
          "'" + std::string(text) + "'",
          ""};
}

std::string_view name_of(noise::Kind kind) {
  switch (kind) {
    case noise::Kind::kNormal:
      return "normal";
    case noise::Kind::kSimple:
      return "simple";
    case noise::Kind::kMbs:
      return "mbs";
    case noise::Kind::kCustom:
      return "custom";
  }
  return "";
}

}  // namespace

Result<NoiseModel> NoiseModel::parse(std::string_view text) {
  if (text == "none") return NoiseModel();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return unknown(text);
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  if (kind == "custom") {
    Result<noise::Model> model = package::read_noise_file(std::filesystem::path(rest));
    if (!model) return std::move(model).error();
    NoiseModel out;
    out.model_ = std::make_shared<const noise::Model>(*std::move(model));
    return out;
  }
  if (kind != "normal" && kind != "simple" && kind != "mbs") return unknown(text);
  double level = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), level);
  if (error != std::errc() || end != rest.data() + rest.size() || !(level >= 0 && level < kLevels)) {
    return Error{"noise.level", "not a noise level", "", "a number, 0 <= L < 10", "'" + std::string(rest) + "'", ""};
  }
  NoiseModel out;
  if (level == 0) return out;
  noise::Model model = kind == "normal" ? noise::normal(level)
                       : kind == "mbs"  ? noise::mbs(level)
                                        : noise::simple(level);
  model.json = R"({"model": ")" + std::string(kind) + R"(", "level": )" + number_text(level) + "}";
  out.model_ = std::make_shared<const noise::Model>(std::move(model));
  return out;
}

Result<NoiseModel> NoiseModel::parse_custom(std::string_view json, std::string_view name) {
  Result<noise::Model> model = package::parse_noise_text(json, name);
  if (!model) return std::move(model).error();
  NoiseModel out;
  out.model_ = std::make_shared<const noise::Model>(*std::move(model));
  return out;
}

std::string NoiseModel::name() const {
  if (none()) return "none";
  const std::string kind(name_of(model_->kind));
  return model_->kind == noise::Kind::kCustom ? kind : kind + ":" + number_text(model_->level);
}

std::string NoiseModel::json() const { return none() ? R"({"model": "none"})" : model_->json; }

std::string NoiseOptions::json() const {
  if (model.none()) return {};
  nlohmann::ordered_json out = nlohmann::ordered_json::parse(model.json());
  out["trial"] = trial;
  out["nodes"] = nodes;
  if (!draws.none()) out["draws"] = "given";
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace witin
