// The digests of many messages against OpenSSL's of each.
#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <random>
#include <string>
#include <vector>

#include "sim/package/digests.hpp"
#include "sim/package/sha256_lanes.hpp"

namespace {

using Message = std::span<const std::byte>;

witin::package::Sha256 openssl(Message message) {
  witin::package::Sha256 digest{};
  EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

void check(const std::vector<Message>& messages) {
  const std::vector<witin::package::Sha256> digests = witin::package::sha256_of(messages);
  REQUIRE(digests.size() == messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    INFO("message ", i, " of ", messages.size(), ", ", messages[i].size(), " bytes");
    CHECK(digests[i] == openssl(messages[i]));
  }
}

std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST_CASE("package: the digests of many messages are OpenSSL's, for every length and number") {
  if (!witin::package::has_sha256_lanes()) MESSAGE("skipped the lanes: not for this processor");
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

TEST_CASE("package: the digests of large messages by several threads are OpenSSL's") {
  const std::vector<std::byte> bytes = random_bytes(std::size_t{900} << 10);
  std::vector<Message> messages;
  for (std::size_t i = 0; i < 9; ++i)
    messages.push_back(Message(bytes).subspan(i * 1000, bytes.size() - i * 4321 - 9999));
  for (std::size_t i = 0; i < 9; ++i) messages.push_back(Message(bytes).first(i * i * i));
  check(messages);
}

}  // namespace
