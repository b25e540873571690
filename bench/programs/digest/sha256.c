/* SHA-256: rounds without a branch, which no profile makes faster. */
#include "digest.h"
#include <string.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t value, int by) { return value >> by | value << (32 - by); }

static void take_block(struct sha256 *sha, const uint8_t *bytes) {
  uint32_t w[64], s[8];
  for (int at = 0; at < 16; at++)
    w[at] = (uint32_t)bytes[4 * at] << 24 | (uint32_t)bytes[4 * at + 1] << 16 | (uint32_t)bytes[4 * at + 2] << 8 | bytes[4 * at + 3];
  for (int at = 16; at < 64; at++) {
    uint32_t a = w[at - 15], b = w[at - 2];
    w[at] = w[at - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[at - 7] + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
  }
  memcpy(s, sha->state, sizeof s);
  for (int at = 0; at < 64; at++) {
    uint32_t one = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[at] + w[at];
    uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int at = 0; at < 8; at++) sha->state[at] += s[at];
}

void sha256_begin(struct sha256 *sha) {
  static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(sha->state, first, sizeof first);
  sha->length = 0;
}

void sha256_add(struct sha256 *sha, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    sha->block[sha->length++ & 63] = bytes[at];
    if ((sha->length & 63) == 0) take_block(sha, sha->block);
  }
}

void sha256_end(struct sha256 *sha, uint8_t digest[32]) {
  uint64_t bits = sha->length * 8;
  static const uint8_t mark = 0x80, zero = 0;
  sha256_add(sha, &mark, 1);
  while ((sha->length & 63) != 56) sha256_add(sha, &zero, 1);
  for (int at = 7; at >= 0; at--) {
    uint8_t byte = (uint8_t)(bits >> 8 * at);
    sha256_add(sha, &byte, 1);
  }
  for (int at = 0; at < 32; at++) digest[at] = (uint8_t)(sha->state[at / 4] >> (24 - 8 * (at & 3)));
}
