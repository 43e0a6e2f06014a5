#include "sim/package/digest.hpp"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_Init and its kin
#include <openssl/sha.h>
#include <zlib.h>

#include <algorithm>
#include <vector>

#include "sim/package/crc32_clmul.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {

namespace {

// OpenSSL's own loops for this processor, without its tables of algorithms, which take longer to set up than a small
// package to read.
class Hash {
 public:
  Hash() noexcept { SHA256_Init(&state_); }
  void add(std::span<const std::byte> bytes) noexcept { SHA256_Update(&state_, bytes.data(), bytes.size()); }
  Sha256 digest() noexcept {
    Sha256 digest{};
    static_assert(digest.size() == SHA256_DIGEST_LENGTH);
    SHA256_Final(digest.data(), &state_);
    return digest;
  }

 private:
  SHA256_CTX state_{};
};

}  // namespace

Sha256 sha256_of(std::span<const std::byte> bytes) noexcept {
  Hash hash;
  hash.add(bytes);
  return hash.digest();
}

std::string hex(const Sha256& digest) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string sha256(std::span<const std::byte> bytes) { return hex(sha256_of(bytes)); }

Result<std::string> sha256(const ByteSource& file) {
  Hash hash;
  std::vector<std::byte> block(limits::kBlockBytes);
  for (std::uint64_t offset = 0; offset < file.size(); offset += block.size()) {
    const std::span<std::byte> part(block.data(), std::min<std::uint64_t>(block.size(), file.size() - offset));
    if (Status status = file.read(offset, part); !status) return std::move(status).error();
    hash.add(part);
  }
  return hex(hash.digest());
}

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t crc) {
  static const bool fast = has_clmul();
  if (fast && bytes.size() >= kClmulBytes) {
    const std::size_t whole = bytes.size() - bytes.size() % 16;
    crc = crc32_clmul(bytes.first(whole), crc);
    bytes = bytes.subspan(whole);
  }
  return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace witin::package
