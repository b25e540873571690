/* Two more weak definitions of the same names: the strong ones win here too. */
__attribute__((weak)) int overridden(void) { return 3; }
__attribute__((weak)) int alone(void) { return 2; }
__attribute__((weak)) int variable = 30;

int others_view(void) { return overridden() + variable; }
int *address_of_variable(void) { return &variable; }
int (*address_of_overridden(void))(void) { return overridden; }
