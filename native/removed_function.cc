#include "removed_function.h"

namespace tierlink {

void throwFunctionRemoved(const char *message) { throw FunctionRemoved(message); }

} // namespace tierlink
