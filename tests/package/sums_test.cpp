// Sums of many members against OpenSSL and zlib.
#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <random>
#include <string>
#include <vector>

#include "sim/package/sums.hpp"

namespace {

using Message = std::span<const std::byte>;

witin::package::Sha256 openssl(Message message) {
  witin::package::Sha256 digest{};
  EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

void check(const std::vector<Message>& messages) {
  const std::vector<witin::package::Sums> sums = witin::package::sums_of(messages);
  REQUIRE(sums.size() == messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    INFO("message ", i, " of ", messages.size(), ", ", messages[i].size(), " bytes");
    CHECK(sums[i].sha256 == openssl(messages[i]));
    const auto* const bytes = reinterpret_cast<const unsigned char*>(messages[i].data());
    CHECK(sums[i].crc32 == ::crc32_z(0, bytes, messages[i].size()));
  }
}

std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST_CASE("package: the sums of many members are right, for every length and number") {
  const std::vector<std::byte> bytes = random_bytes(3000);
  std::vector<Message> lengths;
  for (std::size_t length = 0; length < 300; ++length) lengths.emplace_back(bytes.data() + length % 64, length);
  check(lengths);
  std::mt19937 random(1);
  for (std::size_t number = 0; number < 40; ++number) {
    std::vector<Message> messages;
    while (messages.size() < number) messages.emplace_back(bytes.data() + random() % 64, random() % 2900);
    check(messages);
  }
}

TEST_CASE("package: the sums of large members by several threads are right") {
  const std::vector<std::byte> bytes = random_bytes(std::size_t{900} << 10);
  std::vector<Message> messages;
  for (std::size_t i = 0; i < 9; ++i)
    messages.push_back(Message(bytes).subspan(i * 1000, bytes.size() - i * 4321 - 9999));
  for (std::size_t i = 0; i < 9; ++i) messages.push_back(Message(bytes).first(i * i * i));
  check(messages);
}

}  // namespace
