/* CRC-32 by a table. */
#include "digest.h"

static uint32_t table[256];

void crc32_prepare(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[byte] = value;
  }
}

uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t length) {
  crc = ~crc;
  for (size_t at = 0; at < length; at++) crc = table[(crc ^ bytes[at]) & 255] ^ crc >> 8;
  return ~crc;
}
