#include "sim/package/npy.hpp"

#include <algorithm>

#include "sim/package/bytes.hpp"
#include "sim/package/limits.hpp"
#include "tests/fuzz/mutate/mutate.hpp"

namespace witin::fuzz {

std::string mutate_npy(std::string_view text, std::size_t most, Random& random) {
  const auto header =
      package::read_npy_header(package::MemorySource(package::as_bytes(text)), package::limits::kRank + 1);
  if (!header.ok() || !header->type.dtype() || random.one_in(8)) return mutate_blind(std::string(text), most);
  std::string data(text.substr(header->data_offset));
  DType dtype = *header->type.dtype();
  Shape shape = header->shape;
  switch (random.below(5)) {
    case 0:
      dtype = static_cast<DType>(random.below(static_cast<std::size_t>(DType::kF64) + 1));
      break;
    case 1:
      if (!shape.empty())
        random.pick(shape) = random.one_in(3) ? std::abs(random.integer() / 2) : std::int64_t(random.below(9));
      break;
    case 2:
      if (!shape.empty() && random.one_in(2)) {
        shape.pop_back();
      } else {
        shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(random.below(shape.size() + 1)),
                     std::int64_t(random.below(3)));
      }
      break;
    default:
      data = mutate_blind(data, std::max<std::size_t>(data.size(), 1));
  }
  const std::string head = package::npy_header(dtype, shape);
  std::size_t bytes = size_of(dtype);
  for (const std::int64_t extent : shape) {
    if (extent > 0 && bytes > most / static_cast<std::size_t>(extent)) return head + data;  // lies about its length
    bytes *= static_cast<std::size_t>(extent);
  }
  if (data.empty()) data = "\x7f";
  const std::string once = data;
  while (data.size() < bytes) data += once;
  data.resize(bytes);
  return head + data;
}

}  // namespace witin::fuzz
