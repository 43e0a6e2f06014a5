#include "tests/fuzz/bundle.hpp"

#include <algorithm>

#include "tests/fuzz/mutate/mutate.hpp"

namespace witin::fuzz {
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

// Numbers of a text are replaced, lines repeated, removed and exchanged.
std::string mutate_text(const std::string& text, std::size_t most, Random& random) {
  constexpr std::string_view kDigits = "0123456789";
  if (text.empty() || random.one_in(3)) return mutate_blind(text, most);
  std::string out = text;
  if (random.one_in(2)) {
    const std::size_t begin = out.find_first_of(kDigits, random.below(out.size()));
    if (begin == std::string::npos) return mutate_blind(text, most);
    const std::size_t end = std::min(out.find_first_not_of(kDigits, begin), out.size());
    const std::int64_t number = random.one_in(2) ? std::int64_t(random.below(40)) : random.integer();
    out.replace(begin, end - begin, std::to_string(number));
    return out;
  }
  const std::size_t begin = out.find('\n', random.below(out.size()));
  if (begin == std::string::npos) return mutate_blind(text, most);
  const std::size_t end = std::min(out.find('\n', begin + 1), out.size());
  const std::string line = out.substr(begin, end - begin);
  if (random.one_in(2)) {
    out.erase(begin, end - begin);
  } else {
    out.insert(end, line);
  }
  return out;
}

void change_list(std::vector<BundleFile>& files, Random& random) {
  BundleFile& file = random.pick(files);
  switch (random.below(4)) {
    case 0:
      files.erase(files.begin() + (&file - files.data()));
      break;
    case 1:
      file.content = random.pick(files).content;
      break;
    case 2: {
      BundleFile copy = file;
      const std::size_t digit = copy.name.find_first_of("0123456789");
      if (digit != std::string::npos) {
        copy.name[digit] = static_cast<char>('0' + random.below(10));
      } else {
        copy.name += "x";
      }
      files.push_back(std::move(copy));
      break;
    }
    default:
      file.name = mutate_blind(file.name, file.name.size() + 4);
  }
}

}  // namespace

std::string mutate_bundle(std::string_view text, std::size_t most, Random& random) {
  std::vector<BundleFile> files = parse_bundle(text);
  if (files.empty() || random.one_in(16)) return mutate_blind(std::string(text), most);
  if (random.one_in(8)) {
    change_list(files, random);
  } else {
    BundleFile& file = random.pick(files);
    const std::size_t room = std::min(most, file.content.size() + 64);
    if (file.name.ends_with(".npy")) {
      file.content = mutate_npy(file.content, most, random);
    } else if (ends_with_any(file.name, {".npz", ".wtrace"})) {
      file.content = mutate_zip(file.content, most, random);
    } else if (file.name.ends_with(".bin")) {
      file.content = mutate_blind(file.content, room);
    } else {
      file.content = mutate_text(file.content, room, random);
    }
  }
  return write_bundle(files);
}

}  // namespace witin::fuzz
