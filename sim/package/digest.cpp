#include "sim/package/digest.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "sim/package/crc32_clmul.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {

namespace {

std::string to_hex(std::span<const unsigned char> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

}  // namespace

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  return to_hex(std::span(digest).first(length));
}

Result<std::string> sha256(const ByteSource& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::vector<std::byte> block(limits::kBlockBytes);
  for (std::uint64_t offset = 0; good && offset < file.size(); offset += block.size()) {
    const std::span<std::byte> part(block.data(), std::min<std::uint64_t>(block.size(), file.size() - offset));
    if (Status status = file.read(offset, part); !status) return std::move(status).error();
    good = EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  good = good && EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  if (!good) return Error{"internal.sha256", "a digest cannot be computed", "", "", "", ""};
  return to_hex(std::span(digest).first(length));
}

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t crc) {
  static const bool kFast = has_clmul();
  if (kFast && bytes.size() >= kClmulBytes) {
    const std::size_t whole = bytes.size() - bytes.size() % 16;
    crc = crc32_clmul(bytes.first(whole), crc);
    bytes = bytes.subspan(whole);
  }
  return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace witin::package
