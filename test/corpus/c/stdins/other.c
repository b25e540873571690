/* Changes a line in place. */
#include <ctype.h>

void shout(char *line) {
  for (; *line; line++) *line = (char)toupper((unsigned char)*line);
}
