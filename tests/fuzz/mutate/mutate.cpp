#include "tests/fuzz/mutate/mutate.hpp"

namespace witin::fuzz {

std::string mutate(Form form, std::string_view text, std::size_t most, Random& random) {
  switch (form) {
    case Form::kNpy:
      return mutate_npy(text, most, random);
    case Form::kJson:
      return mutate_json(text, most, random);
    case Form::kZip:
      return text.starts_with("\x93NUMPY") ? mutate_npy(text, most, random) : mutate_zip(text, most, random);
    case Form::kBundle:
      return mutate_bundle(text, most, random);
    case Form::kBlind:
      break;
  }
  return mutate_blind(std::string(text), most);
}

}  // namespace witin::fuzz
