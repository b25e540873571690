#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 of bytes that come in pieces. */
struct sha256 {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
};
void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const uint8_t *bytes, size_t length);
void sha256_end(struct sha256 *sha, uint8_t digest[32]);

void crc32_prepare(void);
uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t length);

/* Base64; returns how many letters. */
size_t base64(const uint8_t *bytes, size_t length, char *to);

#endif
