// iostreams and locales: formatting, parsing, facets of the program's own, and streams that pass between modules.
#include "shared.h"

#include <iomanip>
#include <iostream>
#include <locale>
#include <sstream>

struct Grouping : std::numpunct<char> {
  char do_thousands_sep() const override { return '\''; }
  std::string do_grouping() const override { return "\3"; }
  std::string do_truename() const override { return "ja"; }
  std::string do_falsename() const override { return "nein"; }
};

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 1;
  std::locale swiss(std::locale::classic(), new Grouping);
  unsigned long sum = 0;
  for (int round = 0; round < rounds; round++) {
    std::ostringstream out;
    out.imbue(swiss);
    out << std::boolalpha << 1234567 + round << ' ' << (round % 2 == 0) << ' ' << std::hex << std::showbase << 48879 << ' '
        << std::dec << std::fixed << std::setprecision(3) << 12345.6789 << ' ' << std::setw(8) << std::setfill('*') << 42
        << ' ' << Point{round, -round} << std::quoted("a \"b\"");
    std::istringstream in(out.str());
    in.imbue(swiss);
    long number;
    bool flag;
    std::string hex, rest;
    in >> number >> std::boolalpha >> flag >> hex >> rest;
    sum += number + flag + hex.size() + rest.size() + parsePoint("(3,4)").x;
    if (round < 2) std::cout << out.str() << '\n' << number << ' ' << std::boolalpha << flag << ' ' << hex << ' ' << rest << '\n';
  }
  std::cout << sum << std::endl;
  Counting counting(std::cout.rdbuf());
  std::ostream counted(&counting);
  describe(counted);
  std::cout << counting.seen << " characters\n";
  std::string line;
  int lines = 0;
  while (std::getline(std::cin, line)) std::cout << ++lines << ": " << line << '\n';
  std::istringstream bad("x1");
  bad.exceptions(std::ios::failbit);
  try {
    int n;
    bad >> n;
  } catch (const std::ios_base::failure &) {
    std::cout << "not a number\n";
  }
  std::cerr << "to stderr, unbuffered\n";
  std::wcout << L"";
  return std::cout.good() ? 6 : 7;
}
