#include "witin/package.hpp"

namespace witin {

CodeRange Input::range() const {
  if (neg_in == NegIn::kPn) return pn_range(bits);
  return is_signed ? signed_range(bits) : unsigned_range(bits);
}

}  // namespace witin
