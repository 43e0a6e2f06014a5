#include "sim/sweep/levels.hpp"
#include "sim/number_text.hpp"
#include "sim/package/limits.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace witin::sweep {
namespace {

// Levels are counted in units of 1e-9, so that 0.1 + 0.2 is 0.3.
constexpr std::int64_t kUnit = 1'000'000'000;

// "4.5" -> 4,500,000,000. Digits and one point only: no sign, no exponent.
std::optional<std::int64_t> billionths(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point < text.size() ? text.substr(point + 1) : std::string_view();
  if (whole.empty() || whole.size() > 6 || part.size() > 9 || (point < text.size() && part.empty())) return {};
  const std::string digits = std::string(whole) + std::string(part) + std::string(9 - part.size(), '0');
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return {};
  std::int64_t units = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), units);
  return units;
}

double level_of(std::int64_t units) { return static_cast<double>(units) / static_cast<double>(kUnit); }

Error refused(const std::string& text, std::string what) {
  return Error{"usage.levels",   std::move(what),
               "--noise",        "MODEL:LEVELS with levels like 4, 0..9 or 0..4:0.5, separated by commas",
               "'" + text + "'", ""};
}

// Adds the levels of "4", "0..9" or "0..4:0.5".
bool add_range(std::string_view text, std::vector<std::int64_t>& levels) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto level = billionths(text);
    if (level) levels.push_back(*level);
    return level.has_value();
  }
  const std::size_t colon = text.find(':', dots);
  const auto first = billionths(text.substr(0, dots));
  const auto last = billionths(text.substr(dots + 2, colon == std::string_view::npos ? colon : colon - dots - 2));
  const auto step = colon == std::string_view::npos ? kUnit : billionths(text.substr(colon + 1));
  if (!first || !last || !step || *step == 0 || *first > *last) return false;
  const auto further = static_cast<std::size_t>((*last - *first) / *step);
  if (further >= package::limits::kSettings || further + levels.size() >= package::limits::kSettings) return false;
  for (std::int64_t level = *first; level <= *last; level += *step) levels.push_back(level);
  return true;
}

struct Family {
  std::string name;
  std::vector<std::int64_t> levels = {};
  bool leveled = false;
};

Status add_text(const std::string& text, std::vector<Family>& families) {
  const bool leveled = text != "none" && !text.starts_with("custom:");
  const std::size_t colon = leveled ? text.find(':') : std::string::npos;
  const std::string name = text.substr(0, colon);
  if (leveled && colon == std::string::npos) return refused(text, "a noise model comes without levels");
  auto family = std::ranges::find(families, name, &Family::name);
  if (family == families.end()) family = families.insert(family, {.name = name, .leveled = leveled});
  if (!leveled) return {};
  std::string_view rest = std::string_view(text).substr(colon + 1);
  for (;;) {
    const std::size_t comma = rest.find(',');
    if (!add_range(rest.substr(0, comma), family->levels)) return refused(text, "the levels cannot be read");
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string Setting::text() const { return level ? name + ":" + number_text(*level) : name; }

Result<std::vector<Setting>> parse_settings(std::span<const std::string> texts) {
  std::vector<Family> families;
  for (const std::string& text : texts) {
    if (Status added = add_text(text, families); !added) return std::move(added).error();
  }
  std::vector<Setting> settings;
  for (Family& family : families) {
    std::ranges::sort(family.levels);
    family.levels.erase(std::unique(family.levels.begin(), family.levels.end()), family.levels.end());
    std::vector<Setting> own;
    if (!family.leveled) own.push_back({.model = {}, .name = family.name});
    for (const std::int64_t level : family.levels) {
      own.push_back({.model = {}, .name = family.name, .level = level_of(level)});
    }
    for (Setting& setting : own) {
      Result<NoiseModel> model = NoiseModel::parse(setting.text());
      if (!model) return std::move(model).error();
      setting.model = std::move(model).value();
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

}  // namespace witin::sweep
