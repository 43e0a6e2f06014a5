#include "sim/ops/node_context.hpp"

#include <cstring>

namespace witin::ops {
namespace {

template <typename T>
void widen(std::span<const std::byte> bytes, std::vector<std::int32_t>& out) {
  out.resize(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<std::int32_t>(value);
  }
}

}  // namespace

const AttributeValue* NodeContext::find(std::string_view attribute) const {
  const auto found = node_.attributes.find(attribute);
  return found == node_.attributes.end() ? nullptr : &found->second;
}

bool NodeContext::has(std::string_view attribute) const { return find(attribute) != nullptr; }

bool NodeContext::flag(std::string_view attribute, bool absent) const {
  const auto* value = find(attribute);
  return value != nullptr ? std::get<bool>(*value) : absent;
}

std::int64_t NodeContext::integer(std::string_view attribute, std::int64_t absent) const {
  const auto* value = find(attribute);
  if (value == nullptr) return absent;
  if (const auto* number = std::get_if<double>(value)) return static_cast<std::int64_t>(*number);
  return std::get<std::int64_t>(*value);
}

double NodeContext::number(std::string_view attribute, double absent) const {
  const auto* value = find(attribute);
  if (value == nullptr) return absent;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
  return std::get<double>(*value);
}

std::string NodeContext::text(std::string_view attribute, std::string_view absent) const {
  const auto* value = find(attribute);
  return value != nullptr ? std::get<std::string>(*value) : std::string(absent);
}

std::vector<std::int64_t> NodeContext::integers(std::string_view attribute,
                                                const std::vector<std::int64_t>& absent) const {
  const auto* value = find(attribute);
  return value != nullptr ? std::get<std::vector<std::int64_t>>(*value) : absent;
}

std::vector<double> NodeContext::numbers(std::string_view attribute, std::vector<double> absent) const {
  const auto* value = find(attribute);
  if (value == nullptr) return absent;
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(value)) {
    std::vector<double> out;
    for (const std::int64_t integer : *integers) out.push_back(static_cast<double>(integer));
    return out;
  }
  return std::get<std::vector<double>>(*value);
}

const Tensor* NodeContext::tensor(std::string_view role) const {
  const auto found = node_.tensors.find(role);
  return found == node_.tensors.end() ? nullptr : &package_.tensors[found->second];
}

std::vector<std::int32_t> NodeContext::integers_of(std::string_view role) const {
  std::vector<std::int32_t> out;
  const Tensor* const source = tensor(role);
  if (source == nullptr) return out;
  out.reserve(source->bytes.size() / size_of(source->dtype));
  switch (source->dtype) {
    case DType::kU8:
    case DType::kBool:
      widen<std::uint8_t>(source->bytes, out);
      break;
    case DType::kI8:
      widen<std::int8_t>(source->bytes, out);
      break;
    case DType::kU16:
      widen<std::uint16_t>(source->bytes, out);
      break;
    case DType::kI16:
      widen<std::int16_t>(source->bytes, out);
      break;
    case DType::kI32:
      widen<std::int32_t>(source->bytes, out);
      break;
    case DType::kI64:
    case DType::kF32:
    case DType::kF64:
      break;
  }
  return out;
}

std::vector<float> NodeContext::floats_of(std::string_view role) const {
  std::vector<float> out;
  const Tensor* const source = tensor(role);
  if (source == nullptr || source->dtype != DType::kF32) return out;
  out.resize(source->bytes.size() / sizeof(float));
  if (!out.empty()) std::memcpy(out.data(), source->bytes.data(), source->bytes.size());
  return out;
}

std::vector<double> NodeContext::doubles_of(std::string_view role) const {
  const Tensor* const source = tensor(role);
  if (source == nullptr || source->dtype != DType::kF64) {
    const std::vector<float> floats = floats_of(role);
    return {floats.begin(), floats.end()};
  }
  std::vector<double> out(source->bytes.size() / sizeof(double));
  if (!out.empty()) std::memcpy(out.data(), source->bytes.data(), source->bytes.size());
  return out;
}

Error NodeContext::error_at(std::string_view place, std::string code, std::string what, std::string expected,
                            std::string found, std::string hint) const {
  return {std::move(code),
          std::move(what),
          "manifest.json/nodes/" + std::to_string(node_.index) + std::string(place) + " (" + node_.name + ")",
          std::move(expected),
          std::move(found),
          std::move(hint)};
}

Error NodeContext::node_error(std::string code, std::string what, std::string expected, std::string found,
                              std::string hint) const {
  return error_at("", std::move(code), std::move(what), std::move(expected), std::move(found), std::move(hint));
}

Error NodeContext::attribute_error(std::string_view attribute, std::string code, std::string what, std::string expected,
                                   std::string found, std::string hint) const {
  return error_at("/attributes/" + std::string(attribute), std::move(code), std::move(what), std::move(expected),
                  std::move(found), std::move(hint));
}

Error NodeContext::tensor_error(std::string_view role, std::string code, std::string what, std::string expected,
                                std::string found, std::string hint) const {
  return error_at("/tensors/" + std::string(role), std::move(code), std::move(what), std::move(expected),
                  std::move(found), std::move(hint));
}

}  // namespace witin::ops
