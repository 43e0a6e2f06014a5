#include "sim/package/crc32_clmul.hpp"

#ifdef __x86_64__

#include <immintrin.h>

#include <array>

namespace witin::package {
namespace {

#define WITIN_CLMUL __attribute__((target("pclmul,sse4.1")))

// Powers of x modulo the polynomial, bit-reflected: what moves 16 bytes by 64 and by 16 bytes, and 8 bytes by 4; the
// polynomial and its reciprocal.
constexpr std::array<long long, 2> kBy64{0x154442bd4, 0x1c6e41596};
constexpr std::array<long long, 2> kBy16{0x1751997d0, 0x0ccaa009e};
constexpr long long kBy4 = 0x163cd6124;
constexpr std::array<long long, 2> kPolynomial{0x1db710641, 0x1f7011641};

WITIN_CLMUL __m128i load_block(const std::byte* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

WITIN_CLMUL __m128i pair(const std::array<long long, 2>& of) { return _mm_set_epi64x(of[1], of[0]); }

WITIN_CLMUL __m128i fold(__m128i value, __m128i by, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(value, by, 0x00);
  const __m128i high = _mm_clmulepi64_si128(value, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// 16 bytes to the 4 of the CRC.
WITIN_CLMUL std::uint32_t reduce(__m128i value) {
  const __m128i words = _mm_setr_epi32(-1, 0, -1, 0);
  value = _mm_xor_si128(_mm_srli_si128(value, 8), _mm_clmulepi64_si128(value, pair(kBy16), 0x10));
  const __m128i upper = _mm_srli_si128(value, 4);
  value = _mm_clmulepi64_si128(_mm_and_si128(value, words), _mm_set_epi64x(0, kBy4), 0x00);
  value = _mm_xor_si128(value, upper);
  __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(value, words), pair(kPolynomial), 0x10);
  quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, words), pair(kPolynomial), 0x00);
  return static_cast<std::uint32_t>(_mm_extract_epi32(_mm_xor_si128(value, quotient), 1));
}

}  // namespace

bool has_clmul() { return __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0; }

WITIN_CLMUL std::uint32_t crc32_clmul(std::span<const std::byte> bytes, std::uint32_t crc) {
  const std::byte* at = bytes.data();
  const std::byte* end = at + bytes.size();
  __m128i a = _mm_xor_si128(load_block(at), _mm_cvtsi32_si128(static_cast<int>(~crc)));
  __m128i b = load_block(at + 16);
  __m128i c = load_block(at + 32);
  __m128i d = load_block(at + 48);
  const __m128i by64 = pair(kBy64);
  for (at += 64; end - at >= 64; at += 64) {
    a = fold(a, by64, load_block(at));
    b = fold(b, by64, load_block(at + 16));
    c = fold(c, by64, load_block(at + 32));
    d = fold(d, by64, load_block(at + 48));
  }
  const __m128i by16 = pair(kBy16);
  a = fold(fold(fold(a, by16, b), by16, c), by16, d);
  for (; at != end; at += 16) a = fold(a, by16, load_block(at));
  return ~reduce(a);
}

}  // namespace witin::package

#else

namespace witin::package {

bool has_clmul() { return false; }
std::uint32_t crc32_clmul(std::span<const std::byte>, std::uint32_t crc) { return crc; }

}  // namespace witin::package

#endif
