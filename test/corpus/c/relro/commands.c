/* A table that a second file reads. */
#include "commands.h"

static int number = 77;
static const int fixed = 33;
static int hidden(int n) { return n * n; }

int help(int n) { return n + 1; }
int quit(int n) { return -n; }
const struct command commands[] = {
    {"help", help, &fixed, 0}, {"quit", quit, 0, commands}, {"hidden", hidden, &number, &commands[1]}, {0, 0, 0, 0}};
int *const others_mutable = &number;
const char *const inside = "all of this"
                           " text";
