/* Keeps a pointer into the other file's text. */
static const char *held = "nothing yet";

void keep(const char *text) { held = text; }
const char *kept(void) { return held; }
const char *greeting(void) { return "good morning"; }
