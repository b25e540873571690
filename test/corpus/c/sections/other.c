/* One more entry. */
#include "entry.h"

ENTRY(other, 40);
