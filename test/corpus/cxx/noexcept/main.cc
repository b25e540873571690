// An exception that leaves a noexcept function ends the program in its terminate handler.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

int promise(int) noexcept;
long warm(int);

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  std::set_terminate([] {
    try {
      std::rethrow_exception(std::current_exception());
    } catch (const std::exception &error) {
      printf("terminate: %s\n", error.what());
    }
    fflush(stdout);
    std::_Exit(66);
  });
  printf("%ld\n", warm(rounds));
  try {
    promise(-1);
  } catch (...) {
    puts("must not come here");
  }
  return 1;
}
