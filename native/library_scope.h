// Job: a library that the program loads means its own functions and variables, also where Node has some of
// the same names.
#pragma once

#include <set>

namespace tierlink {

// The loader looks into Node first, whose zlib and OpenSSL are of other versions: half of a library's calls
// would come to those. What refers to Node and is defined by what has come with the library is led there. Not
// RTLD_DEEPBIND: Node holds copies of libc's and libstdc++'s variables (stdout, environ, std::cout), and the
// library must go on with those. `handle` is what dlopen gave, `before` what was loaded before.
void preferOwnSymbols(void *handle, const std::set<const void *> &before);

} // namespace tierlink
