#include "witin/version.hpp"

namespace witin {

std::string_view version() { return WITIN_VERSION; }

}  // namespace witin
