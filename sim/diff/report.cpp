#include "sim/diff/report.hpp"

namespace witin::diff {

std::string_view name(Origin origin) {
  switch (origin) {
    case Origin::kEqual:
      return "equal";
    case Origin::kCulprit:
      return "culprit";
    case Origin::kInherited:
      return "inherited";
    case Origin::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace witin::diff
