#include "sim/package/digest.hpp"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_Init and its kin
#include <openssl/sha.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sim/package/crc32_clmul.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {

namespace {

// OpenSSL's own loops for this processor, without its tables of algorithms, which take longer to set up than a small
// package to read.
class Sha256 {
 public:
  Sha256() { SHA256_Init(&state_); }
  void add(std::span<const std::byte> bytes) { SHA256_Update(&state_, bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256_Final(digest.data(), &state_);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string hex;
    for (const unsigned char byte : digest) {
      hex += kHex[byte >> 4];
      hex += kHex[byte & 15];
    }
    return hex;
  }

 private:
  SHA256_CTX state_{};
};

}  // namespace

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

Result<std::string> sha256(const ByteSource& file) {
  Sha256 digest;
  std::vector<std::byte> block(limits::kBlockBytes);
  for (std::uint64_t offset = 0; offset < file.size(); offset += block.size()) {
    const std::span<std::byte> part(block.data(), std::min<std::uint64_t>(block.size(), file.size() - offset));
    if (Status status = file.read(offset, part); !status) return std::move(status).error();
    digest.add(part);
  }
  return digest.hex();
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
