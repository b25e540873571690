/* Reads a text, adds up some of it, and writes it again. */
#include "../passes.h"
#include "json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { records = 2500, record_size = 200, turns = 8 };
static char text[records * record_size], written[records * record_size];

void prepare(void) {
  uint32_t seed = 77;
  size_t at = (size_t)sprintf(text, "[");
  for (int record = 0; record < records; record++) {
    uint32_t number = next_random(&seed);
    at += (size_t)sprintf(text + at,
                          "%s{\"id\": %d, \"name\": \"user %u\", \"ok\": %s, \"place\": {\"x\": %d.%u, \"y\": -%u.5},\n"
                          " \"tags\": [\"t%u\", \"all\", null, %u]}",
                          record == 0 ? "" : ", ", record, number % 1000, (number & 1024) != 0 ? "true" : "false",
                          (int)(number >> 20) - 2000, number >> 4 & 7, number >> 8 & 255, number >> 16 & 15, number >> 24);
  }
  strcpy(text + at, "]");
}

static uint64_t once(void) {
  struct value *all = parse(text);
  if (all == NULL) abort();
  double sum = 0;
  uint64_t count = 0;
  for (const struct value *record = all->first; record != NULL; record = record->next) {
    const struct value *place = member(record, "place");
    sum += member(place, "x")->number - member(place, "y")->number;
    count += member(record, "ok")->kind == kind_true;
    for (const struct value *tag = member(record, "tags")->first; tag != NULL; tag = tag->next)
      count += tag->kind == kind_text ? tag->length : 1;
  }
  size_t length = (size_t)(write_value(all, written) - written);
  values_free();
  uint64_t mixed = mix(count, (uint64_t)(int64_t)(sum * 8));
  for (size_t at = 0; at < length; at += 32) mixed = mix(mixed, (unsigned char)written[at]);
  return mix(mixed, length);
}

uint64_t pass(void) {
  uint64_t sum = 0;
  for (int turn = 0; turn < turns; turn++) sum = mix(sum, once());
  return sum;
}
