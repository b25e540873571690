/*
 * What compiled Rill calls: memory, strings, arrays, errors. It is compiled to bitcode and is one more module
 * of the engine, so its functions are recompiled and inlined as those of the program are.
 *
 * Memory is a mark-sweep collector. What may be a reference is found conservatively, on the stack and in
 * objects, so compiled code keeps no lists of what it refers to. Objects don't move. One thread runs the
 * program; only there, inside rill_call, is anything collected. The optimiser may in theory keep only an
 * address outside of an object; C's collectors of this kind live with that, too. Names begin with rill_,
 * where other modules use them.
 */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Objects of one size lie together, in address space of their own: so an address alone tells which object it
 * is in. 128 sizes, with and without references in them, take 16 GiB of addresses each; memory only where
 * there are objects.
 */
enum { sizes = 128, addressBits = 34 };
struct place {
  char *next; /* never used from here on */
  void *free; /* a list through the first word of each object */
};
struct string {
  int64_t length;
  char bytes[];
};
struct array {
  int64_t length, capacity;
  char *data;
};

static struct place places[2 * sizes]; /* those of leaves, which hold no references, at odd numbers */
static char *heap;
static unsigned char *marks; /* one for each 16 bytes */
static const size_t leastThreshold = (size_t)32 << 20;
static size_t allocated, threshold = (size_t)32 << 20, live;
static void ***roots;
static size_t rootCount, rootCapacity;
static uintptr_t *pending; /* marked objects whose contents are to be looked at */
static size_t pendingCount, pendingCapacity;

/* The innermost rill_call: where errors lead, and where the program's part of the stack ends. */
struct entry {
  jmp_buf jump;
  char *base;
  pthread_t thread;
};
static struct entry *entry;
static char failure[4096];

/* True on the program's own thread: JS allocates strings while that one waits, and then nothing is collected. */
static bool isInside(void) { return entry != NULL && pthread_equal(entry->thread, pthread_self()); }

_Noreturn void rill_fail(const char *format, int64_t a, int64_t b) {
  snprintf(failure, sizeof failure, format, a, b);
  if (isInside()) longjmp(entry->jump, 1);
  fprintf(stderr, "%s\n", failure);
  abort();
}

/* Runs a function of the program; true if it ended with an error, which rill_failure then gives. */
bool rill_call(void (*code)(void *), void *cells) {
  struct entry own = {.base = __builtin_frame_address(0), .thread = pthread_self()};
  entry = &own;
  bool failed = setjmp(own.jump) != 0;
  if (!failed) code(cells);
  entry = NULL;
  return failed;
}

static void *grown(void *list, size_t *capacity, size_t size) {
  *capacity = *capacity == 0 ? 1024 : *capacity * 2;
  void *made = realloc(list, *capacity * size);
  if (made == NULL) rill_fail("out of memory", 0, 0);
  return made;
}

void rill_root(void **variable) {
  if (rootCount == rootCapacity) roots = grown(roots, &rootCapacity, sizeof *roots);
  roots[rootCount++] = variable;
}

/* Multiples of 16 up to 256, then four sizes for each doubling. */
static size_t sizeOf(size_t number) {
  if (number < 16) return (number + 1) * 16;
  return (size_t)(5 + (number - 16) % 4) << (6 + (number - 16) / 4);
}
static size_t numberOf(size_t bytes) {
  if (bytes <= 256) return bytes == 0 ? 0 : (bytes - 1) / 16;
  size_t doubling = 63 - (size_t)__builtin_clzll(bytes - 1);
  return 16 + 4 * (doubling - 8) + ((bytes - 1) >> (doubling - 2)) % 4;
}
static char *startOf(size_t place) { return heap + (place << addressBits); }

static void mark(uintptr_t word) {
  size_t offset = word - (uintptr_t)heap, place = offset >> addressBits;
  if (place >= 2 * sizes || (char *)word >= places[place].next) return;
  size_t within = offset & (((size_t)1 << addressBits) - 1);
  size_t start = offset - within % sizeOf(place / 2);
  if (marks[start / 16]) return;
  marks[start / 16] = 1;
  if (place % 2 == 1) return;
  if (pendingCount == pendingCapacity) pending = grown(pending, &pendingCapacity, sizeof *pending);
  pending[pendingCount++] = start;
}

static void markRange(const char *from, const char *to) {
  for (; from + sizeof(uintptr_t) <= to; from += sizeof(uintptr_t)) mark(*(const uintptr_t *)from);
}

/* Every object that isn't marked is free; memory of large ones goes back to the system. */
static void sweep(size_t number) {
  struct place *place = &places[number];
  size_t size = sizeOf(number / 2);
  place->free = NULL;
  for (char *object = place->next; object > startOf(number);) {
    object -= size;
    if (marks[(size_t)(object - heap) / 16]) {
      live += size;
      continue;
    }
    if (size >= 1 << 16) madvise(object, size, MADV_DONTNEED);
    *(void **)object = place->free;
    place->free = object;
  }
}

/* Not inlined: its frame lies below that of collect, in which registers are. */
static __attribute__((noinline)) void markStack(void) { markRange(__builtin_frame_address(0), entry->base); }

static __attribute__((noinline)) void collect(void) {
  __builtin_unwind_init(); /* puts registers in which callers left values into this frame */
  for (size_t i = 0; i < 2 * sizes; i++) {
    memset(marks + (i << addressBits) / 16, 0, (size_t)(places[i].next - startOf(i)) / 16);
  }
  pendingCount = 0; /* a collection may have been left by a trap */
  for (size_t i = 0; i < rootCount; i++) mark((uintptr_t)*roots[i]);
  markStack();
  while (pendingCount > 0) {
    uintptr_t start = pending[--pendingCount];
    markRange(heap + start, heap + start + sizeOf((start >> addressBits) / 2));
  }
  live = 0;
  for (size_t i = 0; i < 2 * sizes; i++) sweep(i);
  allocated = 0;
  threshold = live > leastThreshold ? live : leastThreshold;
}

static void *map(size_t bytes) {
  return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* Takes the addresses; false if there are none. To be called once, before all others. */
bool rill_begin(void) {
  void *objects = map((size_t)2 * sizes << addressBits), *bytes = map(((size_t)2 * sizes << addressBits) / 16);
  if (objects == MAP_FAILED || bytes == MAP_FAILED) return false;
  heap = objects;
  marks = bytes;
  for (size_t i = 0; i < 2 * sizes; i++) places[i].next = startOf(i);
  return true;
}

/* The heap goes with the engine that the program is in. */
__attribute__((destructor)) static void end(void) {
  if (heap == NULL) return;
  munmap(heap, (size_t)2 * sizes << addressBits);
  munmap(marks, ((size_t)2 * sizes << addressBits) / 16);
  free(roots);
  free(pending);
  heap = NULL;
}

/* An object that was never used, unless collecting gave one back. */
static __attribute__((noinline)) void *fresh(size_t number) {
  struct place *place = &places[number];
  if (allocated > threshold && isInside()) {
    collect();
    if (place->free != NULL) return place->free;
  }
  char *made = place->next;
  size_t size = sizeOf(number / 2);
  if (made + size > startOf(number + 1)) rill_fail("out of memory", 0, 0);
  place->next += size;
  *(void **)made = NULL;
  return made;
}

/* New memory, all zero. */
void *rill_allocate(int64_t bytes, bool leaf) {
  if (bytes < 0 || bytes >= (int64_t)1 << (addressBits - 1)) rill_fail("out of memory", 0, 0);
  size_t number = 2 * numberOf((size_t)bytes) + leaf;
  void *made = places[number].free;
  if (made == NULL) made = fresh(number);
  places[number].free = *(void **)made;
  allocated += (size_t)bytes;
  return memset(made, 0, bytes < 16 ? 16 : (size_t)bytes);
}

struct array *rill_array(int64_t length, int64_t size, bool leaf) {
  struct array *array = rill_allocate(sizeof *array, false);
  array->data = length == 0 ? NULL : rill_allocate(length * size, leaf);
  array->length = array->capacity = length;
  return array;
}

/* An array all of whose elements are what a cell holds. */
struct array *rill_filled(int64_t length, int64_t size, bool leaf, const void *cell) {
  struct array *array = rill_array(length, size, leaf);
  for (int64_t i = 0; i < length; i++) memcpy(array->data + i * size, cell, (size_t)size);
  return array;
}

/* One element more, whose place the caller fills. */
void rill_grow(struct array *array, int64_t size, bool leaf) {
  if (array->length == array->capacity) {
    int64_t capacity = array->capacity < 4 ? 4 : array->capacity * 2;
    char *data = rill_allocate(capacity * size, leaf);
    if (array->length > 0) memcpy(data, array->data, (size_t)(array->length * size));
    array->data = data;
    array->capacity = capacity;
  }
  array->length++;
}

static struct string *newString(int64_t length) {
  struct string *made = rill_allocate((int64_t)sizeof *made + length, true);
  made->length = length;
  return made;
}

struct string *rill_text(const char *bytes, int64_t length) {
  struct string *made = newString(length);
  return memcpy(made->bytes, bytes, (size_t)length), made;
}

struct string *rill_concat(const struct string *a, const struct string *b) {
  struct string *made = newString(a->length + b->length);
  memcpy(made->bytes, a->bytes, (size_t)a->length);
  memcpy(made->bytes + a->length, b->bytes, (size_t)b->length);
  return made;
}

bool rill_equal(const struct string *a, const struct string *b) {
  return a->length == b->length && memcmp(a->bytes, b->bytes, (size_t)a->length) == 0;
}

struct string *rill_slice(const struct string *from, int64_t start, int64_t end) {
  return rill_text(from->bytes + start, end - start);
}

struct string *rill_chr(int64_t byte) { return rill_text(&(char){(char)byte}, 1); }

struct string *rill_from_int(int64_t value) {
  char text[24];
  return rill_text(text, snprintf(text, sizeof text, "%" PRId64, value));
}

/* With as many digits as it takes to read the same number again. */
struct string *rill_from_float(double value) {
  char text[32];
  int length = 0;
  for (int digits = 15; digits <= 17; digits++) {
    length = snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return rill_text(text, length);
}

struct string *rill_fixed(double value, int64_t digits) {
  char text[400];
  return rill_text(text, snprintf(text, sizeof text, "%.*f", digits < 0 ? 0 : digits > 40 ? 40 : (int)digits, value));
}

void rill_write(const struct string *text, bool line) {
  fwrite(text->bytes, 1, (size_t)text->length, stdout);
  if (!line) return;
  putchar('\n');
  fflush(stdout);
}

/* For JS: what the last error says, and how much was live at the last collection. */
const char *rill_failure(void) { return failure; }
size_t rill_live(void) { return live; }
