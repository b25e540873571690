/* Base64. */
#include "digest.h"

size_t base64(const uint8_t *bytes, size_t length, char *to) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t used = 0;
  for (size_t at = 0; at < length; at += 3) {
    uint32_t three = (uint32_t)bytes[at] << 16;
    if (at + 1 < length) three |= (uint32_t)bytes[at + 1] << 8;
    if (at + 2 < length) three |= bytes[at + 2];
    for (int letter = 0; letter < 4; letter++) to[used++] = letters[three >> (18 - 6 * letter) & 63];
    if (at + 1 >= length) to[used - 2] = '=';
    if (at + 2 >= length) to[used - 1] = '=';
  }
  return used;
}
