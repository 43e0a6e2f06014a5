// Codes lie in another order than they are read in: H and W, or channels first and last, or channels and bytes
// reversed; of the input or of the output.
#include <algorithm>
#include <array>

#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

// Of each element of a frame: where its code is taken from.
using Places = std::vector<std::size_t>;

struct Order {
  const char* cause;
  const char* words;  // "H and W are swapped"
  int cost;
  Places places;
};

// A map [C, H, W] was written with its axes in the order `axes`, and is read as it is declared.
Places permuted(const Shape& shape, const std::array<std::size_t, 3>& axes) {
  const std::array<std::int64_t, 3> strides{shape[1] * shape[2], shape[2], 1};
  Places places;
  for (std::int64_t a = 0; a < shape[axes[0]]; ++a) {
    for (std::int64_t b = 0; b < shape[axes[1]]; ++b) {
      for (std::int64_t c = 0; c < shape[axes[2]]; ++c) {
        places.push_back(static_cast<std::size_t>(a * strides[axes[0]] + b * strides[axes[1]] + c * strides[axes[2]]));
      }
    }
  }
  return places;
}

Places inverse(const Places& places) {
  Places out(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = i;
  return out;
}

Places identity(std::size_t count) {
  Places places(count);
  for (std::size_t i = 0; i < count; ++i) places[i] = i;
  return places;
}

Places reversed_in_blocks(std::size_t count, std::size_t block) {
  Places places = identity(count);
  for (std::size_t i = 0; i + block <= count; i += block) {
    std::reverse(places.begin() + static_cast<std::ptrdiff_t>(i),
                 places.begin() + static_cast<std::ptrdiff_t>(i + block));
  }
  return places;
}

Places mirrored(const Shape& shape, std::size_t axis) {
  Places places;
  const std::size_t whole = static_cast<std::size_t>(element_count(shape));
  std::size_t stride = 1;
  for (std::size_t a = axis + 1; a < shape.size(); ++a) stride *= static_cast<std::size_t>(shape[a]);
  const auto extent = static_cast<std::size_t>(shape[axis]);
  for (std::size_t i = 0; i < whole; ++i) {
    const std::size_t at = i / stride % extent;
    places.push_back(i + (extent - 1 - at) * stride - at * stride);
  }
  return places;
}

std::vector<Order> map_orders(const Shape& map) {
  std::vector<Order> orders;
  const Places last = permuted(map, {1, 2, 0});
  orders.push_back(
      {"channels_last", "Channels lie last, [H, W, C], where they are taken to be first, [C, H, W]", 1, last});
  orders.push_back({"channels_first", "Channels lie first, [C, H, W], where they are taken to be last, [H, W, C]", 1,
                    inverse(last)});
  const Places swapped = permuted(map, {0, 2, 1});
  orders.push_back({"h_w", "H and W are swapped", 1, swapped});
  orders.push_back({"w_h", "H and W are swapped", 1, inverse(swapped)});
  const Places memory = permuted(map, {2, 1, 0});
  orders.push_back({"w_h_c", "Codes lie as [W, H, C] where [C, H, W] is expected", 1, memory});
  orders.push_back({"c_h_w", "Codes lie as [C, H, W] where [W, H, C] is expected", 1, inverse(memory)});
  orders.push_back({"channels_reversed", "The channels are in reversed order", 1, mirrored(map, 0)});
  orders.push_back({"h_reversed", "The map is upside down", 1, mirrored(map, 1)});
  orders.push_back({"w_reversed", "The map is mirrored left to right", 1, mirrored(map, 2)});
  return orders;
}

std::vector<Order> orders_of(const Shape& shape, const Shape& upstream) {
  std::vector<Order> orders;
  const auto count = static_cast<std::size_t>(element_count(shape));
  if (shape.size() == 3) {
    orders = map_orders(shape);
  } else if (!upstream.empty() && element_count(upstream) == static_cast<std::int64_t>(count)) {
    orders = map_orders(upstream);
  } else {
    orders.push_back({"channels_reversed", "The channels are in reversed order", 1, reversed_in_blocks(count, count)});
  }
  for (const std::size_t block : {std::size_t{2}, std::size_t{4}}) {
    if (count % block != 0) continue;
    orders.push_back({block == 2 ? "pairs_reversed" : "words_reversed",
                      block == 2 ? "The codes of every two are swapped (byte order)"
                                 : "The codes of every four are in reversed order (byte order)",
                      2, reversed_in_blocks(count, block)});
  }
  std::vector<Order> out;
  for (Order& order : orders) {
    const auto same = [&](const Order& other) { return other.places == order.places; };
    if (order.places != identity(count) && std::ranges::none_of(out, same)) out.push_back(std::move(order));
  }
  return out;
}

Codes taken(const Codes& codes, const Places& places) {
  Codes out(codes.size());
  for (std::size_t frame = 0; frame < codes.size(); frame += places.size()) {
    for (std::size_t i = 0; i < places.size(); ++i) out[frame + i] = codes[frame + places[i]];
  }
  return out;
}

}  // namespace

void add_orders(const Setup& setup, const Outcome& outcome, const Shape& upstream, Hypotheses& out) {
  for (std::size_t index = 0; index < setup.inputs.size(); ++index) {
    const std::string which = setup.inputs.size() > 1 ? "Input '" + setup.node.inputs[index] + "': " : "Input: ";
    for (Order& order : orders_of(setup.types[index].shape, index == 0 ? upstream : Shape{})) {
      Hypothesis h{"input_order",
                   order.cause + (index == 0 ? "" : " " + std::to_string(index)),
                   which + order.words + ".",
                   {},
                   order.cost};
      h.edit = [index, places = std::move(order.places)](Setup& s) {
        if (s.elements(index) != std::ssize(places)) return false;  // after another hypothesis changed the shape
        Codes codes = taken(*s.inputs[index], places);
        if (codes == *s.inputs[index]) return false;
        s.set_input(index, std::move(codes));
        return true;
      };
      out.push_back(std::move(h));
    }
  }
  for (Order& order : orders_of(outcome.shape, {})) {
    Hypothesis h{"output_order", order.cause, std::string("Output: ") + order.words + ".", {}, order.cost};
    h.output = [places = std::move(order.places)](const Setup&, const Outcome&, Codes& y) { y = taken(y, places); };
    out.push_back(std::move(h));
  }
  if (setup.node.op != "reshape") return;
  Hypothesis h{"input_order", "reshape", "The codes are reshaped in the other order (chw, memory)."};
  h.edit = [now = setup.text("order", "chw")](Setup& s) {
    return s.node.attributes.insert_or_assign("order", AttributeValue(std::string(now == "chw" ? "memory" : "chw"))),
           true;
  };
  out.push_back(std::move(h));
}

}  // namespace witin::explain
