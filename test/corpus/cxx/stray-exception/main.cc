// An exception that leaves a thread's function ends the process, with a message of libstdc++'s.
#include <cstdio>
#include <stdexcept>
#include <thread>

void stray(int);

int main() {
  puts("before");
  fflush(stdout);
  std::thread([] { stray(3); }).join();
  puts("must not come here");
}
