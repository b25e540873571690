/* Digests of packets. */
#include "../passes.h"
#include "digest.h"

enum { packet = 1500, packets = 500 };
static uint8_t bytes[packet];
static char letters[packet * 2];

void prepare(void) { crc32_prepare(); }

uint64_t pass(void) {
  uint64_t sum = 0;
  uint32_t seed = 3, crc = 0;
  for (int turn = 0; turn < packets; turn++) {
    for (int at = 0; at < packet; at += 4) bytes[at] = (uint8_t)next_random(&seed);
    struct sha256 sha;
    uint8_t digest[32];
    sha256_begin(&sha);
    sha256_add(&sha, bytes, packet);
    sha256_end(&sha, digest);
    size_t count = base64(bytes, packet, letters);
    crc = crc32(crc, (const uint8_t *)letters, count);
    sum = mix(sum, (uint64_t)digest[turn & 31] << 32 | crc);
  }
  return sum;
}
