// What training did not see, as a page.
#pragma once

#include <string>

#include "sim/gap/gap.hpp"

namespace witin::report {

[[nodiscard]] std::string gap_page(const gap::Report& report);

}  // namespace witin::report
