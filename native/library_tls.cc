// Job: maps the address of a thread-local back to glibc's module id and offset.
#include "library_tls.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

namespace tierlink {
namespace {

struct Search {
  uintptr_t address;
  std::optional<TlsIndex> found;
};

int visit(dl_phdr_info *info, size_t, void *data) {
  auto &search = *static_cast<Search *>(data);
  if (info->dlpi_tls_modid == 0 || info->dlpi_tls_data == nullptr)
    return 0;
  const auto block = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto &header = info->dlpi_phdr[i];
    if (header.p_type != PT_TLS || search.address < block || search.address - block >= header.p_memsz)
      continue;
    search.found = TlsIndex{info->dlpi_tls_modid, search.address - block};
    return 1;
  }
  return 0;
}

uintptr_t addressOf(void *library, const char *name) {
  return reinterpret_cast<uintptr_t>(dlsym(library, name)); // null is RTLD_DEFAULT
}

int64_t fromThreadPointer(uintptr_t address) {
  uintptr_t threadPointer;
  asm("mov %%fs:0, %0" : "=r"(threadPointer));
  return static_cast<int64_t>(address - threadPointer);
}

struct Probe {
  void *library;
  const char *name;
  int64_t offset;
};

void *probe(void *data) {
  auto &wanted = *static_cast<Probe *>(data);
  wanted.offset = fromThreadPointer(addressOf(wanted.library, wanted.name));
  return nullptr;
}

} // namespace

std::optional<TlsIndex> tlsIndexOf(void *library, const char *name) {
  // For a thread-local, dlsym makes this thread's block if need be and gives the address in it. Nothing else
  // can have an address inside a TLS block, so that tells thread-locals from other symbols.
  Search search{addressOf(library, name), std::nullopt};
  if (search.address != 0)
    dl_iterate_phdr(visit, &search);
  return search.found;
}

std::optional<int64_t> tlsStaticOffsetOf(void *library, const char *name) {
  if (!tlsIndexOf(library, name))
    return std::nullopt;
  const int64_t here = fromThreadPointer(addressOf(library, name));
  // Static TLS lies just below the thread pointer, on every thread at the same distance. One thread alone
  // can't tell: a block allocated on demand may happen to lie there too.
  if (here >= 0)
    return std::nullopt;
  Probe other{library, name, 0};
  pthread_t thread;
  if (pthread_create(&thread, nullptr, probe, &other) != 0)
    return std::nullopt;
  pthread_join(thread, nullptr);
  if (other.offset != here)
    return std::nullopt;
  return here;
}

} // namespace tierlink
